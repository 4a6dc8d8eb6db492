// Many connections at once, over every poller and every family: that nothing is left behind, what a
// full process does, and what it costs in system calls.
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "life_cycle.hpp"
#include "support/counted_calls.hpp"
#include "support/descriptor_limit.hpp"

namespace switchboard::test {
namespace {

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all{"/proc/self/fd"};
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

unsigned long seed() {
  const char* given = std::getenv("SWITCHBOARD_SEED");
  return given != nullptr ? std::strtoul(given, nullptr, 10) : std::random_device{}();
}

// --- Many

CASES_FIXTURE(LifeCycle,
              "life cycle: a thousand connections dropped at random leave nothing behind") {
  serve();
  const auto drop_all = [&] {
    for (const auto& client : clients) client->socket.reset();
    pump([&] { return recorder.ids.size() == recorder.reasons.size() && table->size() == 0; });
    for (int i = 0; i < 3; ++i) step();  // those that were reset in the backlog
    pump([&] { return table->size() == 0; });
    clients.clear();
    recorder.ids.clear();
    recorder.reasons.clear();
  };
  const auto open_and_drop = [&](std::mt19937_64& random) {
    for (int opened = 0; opened < 1000; ++opened) {
      Client& client = open_client();
      begin_connecting(client);
      client.to_send = std::string(random() % (8 * KiB), 'x');
      client.reading = random() % 4 != 0;
      client.shut_down_when_sent = random() % 4 == 0;
      if (random() % 4 == 0) step();
      Client& victim = *clients[random() % clients.size()];
      if (random() % 2 == 0 && victim.socket) {
        if (random() % 2 == 0) reset_connection(std::move(victim.socket));
        victim.socket.reset();
      }
    }
    drop_all();
  };
  const unsigned long used_seed = seed();
  INFO("SWITCHBOARD_SEED=", used_seed);
  std::mt19937_64 random{used_seed};
  clients.reserve(1000);
  recorder.ids.reserve(1000);
  const std::size_t descriptors = open_descriptors();
  // Tables keep the size of their worst moment, so a first round may leave more bytes in use, and
  // any later one that is worse; but not more blocks, and not again and again.
  open_and_drop(random);
  MemoryInUse before = memory_in_use();
  bool grew = true;
  for (int round = 0; round < 10 && grew; ++round) {
    open_and_drop(random);
    const MemoryInUse after = memory_in_use();
    CHECK_EQ(after.blocks, before.blocks);
    CHECK_EQ(open_descriptors(), descriptors);
    grew = after.bytes > before.bytes;
    before = after;
  }
  CHECK_FALSE_MESSAGE(grew, "ten rounds, and each left more in use than the one before");
}

CASES_FIXTURE(LifeCycle,
              "life cycle: a full table leaves clients in the backlog until there is room") {
  serve({.max_connections = 2});
  connect();
  connect();
  Client& third = open_client();
  begin_connecting(third);
  third.to_send = "patience";
  const CountedCalls calls;
  for (int i = 0; i < 20; ++i) step();
  CHECK_EQ(recorder.ids.size(), 2U);
  CHECK_LE(calls.accepts(), 1U);
  clients[0]->socket.reset();
  pump([&] { return third.received == "patience"; });
  CHECK_EQ(table->size(), 2U);
}

CASES_FIXTURE(LifeCycle,
              "life cycle: a process out of descriptors neither spins nor stops, and recovers "
              "within a second") {
  serve();
  for (int i = 0; i < 200; ++i) open_client();
  const DescriptorLimit limit{static_cast<std::size_t>(clients.back()->socket.get()) + 1 + 64};

  for (const auto& client : clients) begin_connecting(*client);
  pump([&] { return !problems.empty(); });
  const std::size_t accepted = recorder.ids.size();
  CHECK_GE(accepted, 50U);
  CHECK_MESSAGE(problems.front().error == std::errc::too_many_files_open, problems.front().error);

  // A second of being full: those inside are served, and the backlog is hardly asked.
  const CountedCalls calls;
  const Instant second_later = sys::monotonic_now() + seconds{1};
  for (const auto& client : clients) client->to_send = "hello";
  pump([&] { return sys::monotonic_now() > second_later; });
  CHECK_LT(calls.accepts(), 20U);
  CHECK_MESSAGE(problems.size() <= 3U, "at most one report a second");
  const auto served = [&] {
    return static_cast<std::size_t>(
        std::ranges::count_if(clients, [](auto& c) { return c->received == "hello"; }));
  };
  CHECK_EQ(served(), accepted);

  // Twenty leave; twenty that waited must be served within a second.
  std::size_t left = 0;
  for (const auto& client : clients) {
    if (client->received != "hello" || left == 20) continue;
    client->socket.reset();
    ++left;
  }
  const Instant begin = sys::monotonic_now();
  pump([&] { return served() >= accepted + 20; });
  CHECK_LE(sys::monotonic_now() - begin, seconds{1});
}

// --- Costs

CASES_FIXTURE(LifeCycle, "life cycle: a small echo costs one wait, one receive and one send") {
  serve();
  Client& client = connect();
  for (int i = 0; i < 3; ++i) reactor.turn(milliseconds{0});
  for (int i = 0; i < 10; ++i) {
    send_text(client.socket.get(), "hello");
    const CountedCalls calls;
    reactor.turn();
    CHECK_EQ(calls.waits(), 1U);
    CHECK_EQ(calls.receives(), 1U);
    CHECK_EQ(calls.sends(), 1U);
    CHECK_EQ(calls.all(), 3U);
    CHECK_MESSAGE(calls.clock_reads() == 0U, "nobody asked what time it is");
    client.received.clear();
    pump([&] { return client.received == "hello"; });
  }
}

CASES_FIXTURE(LifeCycle, "life cycle: setting the same interest again costs no call") {
  struct Deaf final : EventHandler {
    void on_ready(Readiness) override {}
  } handler;
  const SocketPair pair = unix_pair();
  const Token token = reactor.register_handler(pair.ours.get(), handler);
  for (const Interest interest :
       {Interest{}, Interest{.readable = true}, Interest{.readable = true, .writable = true}}) {
    must(reactor.set_interest(token, interest), "set_interest");
    const CountedCalls calls;
    must(reactor.set_interest(token, interest), "set_interest");
    CHECK_EQ(calls.all(), 0U);
  }
  reactor.deregister(token);
}

CASES_FIXTURE(
    LifeCycle,
    "life cycle: with nothing to do, the reactor waits for ever and makes no other call") {
  serve();
  for (int i = 0; i < 10; ++i) connect();
  for (int i = 0; i < 3; ++i) reactor.turn(milliseconds{0});
  std::thread waker{[&] { reactor.post([] {}); }};
  const CountedCalls calls;
  bool woken = false;
  reactor.post([&] { woken = true; });
  waker.join();
  while (!woken) reactor.turn();
  CHECK_LE(calls.waits(), 2U);
  CHECK_EQ(calls.receives() + calls.sends() + calls.accepts() + calls.controls(), 0U);
  if (place.backend != "libevent") {
    CHECK_MESSAGE(last_wait_timeout() < 0, "there was no timer to wait for");
  }
}

}  // namespace
}  // namespace switchboard::test
