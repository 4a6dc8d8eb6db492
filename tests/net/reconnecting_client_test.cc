// A client that comes back, over every poller: when, how often, and that it stops. Time is what the
// test says.
#include "switchboard/net/reconnecting_client.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/backends.hpp"
#include "support/call_site.hpp"
#include "support/fake_clock.hpp"
#include "support/sockets.hpp"
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t seed = 7;

struct Service final : ConnectionHandler {
  void on_open(Connection& connection) override {
    ++opened;
    connection.write("hello");
    on_opened();
  }
  std::size_t on_data(Connection&, const Slice& input) override { return input.size(); }
  void on_closed(Connection&, const Closed&) override {
    ++closed;
    on_gone();
  }
  std::function<void()> on_opened = [] {};
  std::function<void()> on_gone = [] {};
  int opened = 0;
  int closed = 0;
};

class Reconnecting {
 protected:
  static auto rows() { return backend_names(); }

  const std::string backend;

  explicit Reconnecting(const std::string& its_backend) : backend(its_backend) {
    must(sys::bind(server.get(), loopback(AF_INET, 0)), "bind");
  }

  void listen() { must(sys::listen(server.get()), "listen"); }

  void begin() {
    ReconnectOptions options;
    options.seed = seed;
    client = std::make_unique<ReconnectingClient>(
        reactor, resolver, Endpoint::from(must(sys::local_address(server.get()), "getsockname")),
        service, options, [this](const ReconnectingClient::Interruption& interruption) {
          interruptions.push_back(interruption);
          on_interruption();
        });
  }

  // If the condition does not come true, says where it was waited for and what has come so far.
  template <typename Condition>
  void turn_until(Condition condition, CallSite where = CallSite::here()) {
    for (int turns = 0; !condition() && turns < 3000; ++turns) reactor.turn(10ms);
    REQUIRE_MESSAGE(condition(), "waited for at line ", where.line, "; so far ", service.opened,
                    " opened, ", service.closed, " closed, ", interruptions.size(),
                    " interruptions");
  }
  void await_opened(int count, CallSite where = CallSite::here()) {
    turn_until([&] { return service.opened == count; }, where);
  }
  void await_interruptions(std::size_t count, CallSite where = CallSite::here()) {
    turn_until([&] { return interruptions.size() == count; }, where);
  }
  // Moves the clock, and looks whether that made a difference.
  void pass(Nanoseconds time) {
    fake_now() += time;
    for (int turns = 0; turns < 3; ++turns) reactor.turn(1ms);
  }
  sys::Descriptor accepted() {
    await(server.get(), POLLIN);
    return must(sys::accept(server.get()), "accept").socket;
  }
  // The server has read what the client said, so that its close is no reset.
  void hang_up() {
    const auto peer = accepted();
    await(peer.get(), POLLIN);
    drain(peer.get());
  }

  Reactor reactor{find_backend(backend).make()};
  Resolver resolver{reactor};
  Service service;
  sys::Descriptor server = must(sys::open_stream_socket(AF_INET), "socket");
  std::vector<ReconnectingClient::Interruption> interruptions;
  std::function<void()> on_interruption = [] {};
  std::unique_ptr<ReconnectingClient> client;
};

CASES_FIXTURE(Reconnecting,
              "reconnecting client: it connects at once, and again after the first delay when the "
              "server hangs up") {
  listen();
  begin();
  CHECK_EQ(service.opened, 0);
  await_opened(1);
  REQUIRE_NE(client->connection(), nullptr);
  hang_up();
  await_interruptions(1);
  CHECK_EQ(service.closed, 1);
  CHECK_EQ(client->connection(), nullptr);
  CHECK(interruptions[0].was_connected);
  CHECK_FALSE(interruptions[0].error);
  CHECK_EQ(interruptions[0].delay, (Backoff{100ms, 30s, seed}.next()));
  pass(interruptions[0].delay - 1ns);
  CHECK_EQ(service.opened, 1);
  pass(1ns);
  await_opened(2);
  CHECK_NE(client->connection(), nullptr);
}

CASES_FIXTURE(
    Reconnecting,
    "reconnecting client: while it is refused, it waits longer and longer up to the bound") {
  begin();
  Backoff backoff{100ms, 30s, seed};
  for (std::size_t i = 1; i <= 12; ++i) {
    await_interruptions(i);
    CHECK_EQ(interruptions.back().error, std::errc::connection_refused);
    CHECK_FALSE(interruptions.back().was_connected);
    CHECK_EQ(interruptions.back().delay, backoff.next());
    pass(interruptions.back().delay);
  }
  await_interruptions(13);
  CHECK_GE(interruptions.back().delay, 15s);
  listen();
  pass(interruptions.back().delay);
  await_opened(1);
}

CASES_FIXTURE(Reconnecting,
              "reconnecting client: only a connection that lasted makes the delays begin anew") {
  listen();
  begin();
  Backoff backoff{100ms, 30s, seed};
  for (int i = 1; i <= 5; ++i) {  // taken, and closed at once
    await_opened(i);
    hang_up();
    await_interruptions(static_cast<std::size_t>(i));
    CHECK_EQ(interruptions.back().delay, backoff.next());
    pass(interruptions.back().delay);
  }
  await_opened(6);
  pass(5s);
  hang_up();
  await_interruptions(6);
  backoff.reset();
  CHECK_EQ(interruptions.back().delay, backoff.next());
}

CASES_FIXTURE(Reconnecting, "reconnecting client: stopped while it waits, it tries no more") {
  begin();
  await_interruptions(1);
  bool done = false;
  client->stop(1s, [&] { done = true; });
  CHECK(done);
  CHECK(client->is_stopped());
  listen();
  pass(10min);
  CHECK_EQ(service.opened, 0);
  CHECK_EQ(interruptions.size(), 1U);
}

CASES_FIXTURE(Reconnecting, "reconnecting client: stopped while it connects, it gives up") {
  listen();
  begin();
  client->stop();
  pass(10min);
  CHECK_EQ(service.opened, 0);
}

CASES_FIXTURE(Reconnecting,
              "reconnecting client: stopped while it is connected, it finishes its work") {
  listen();
  begin();
  await_opened(1);
  client->connection()->write(" and farewell");
  bool done = false;
  client->stop(1s, [&] { done = true; });
  CHECK_FALSE(done);
  auto peer = accepted();
  for (int turns = 0; turns < 3; ++turns) reactor.turn(1ms);
  std::array<std::byte, 100> block;
  await(peer.get(), POLLIN);
  CHECK_EQ(must(sys::receive(peer.get(), block), "recv"), 18U);
  peer.reset();
  turn_until([&] { return done; });
  CHECK_EQ(service.closed, 1);
  pass(10min);
  CHECK_EQ(service.opened, 1);
  CHECK(interruptions.empty());
}

CASES_FIXTURE(Reconnecting, "reconnecting client: every callback may stop it") {
  listen();
  const auto stop = [this] { client->stop(0s); };
  service.on_opened = stop;
  begin();
  await_opened(1);
  turn_until([&] { return service.closed == 1; });

  service.on_opened = [] {};
  service.on_gone = stop;
  begin();
  await_opened(2);
  client->connection()->close();
  turn_until([&] { return service.closed == 2; });
  CHECK(interruptions.empty());

  service.on_gone = [] {};
  on_interruption = stop;
  begin();
  await_opened(3);
  client->connection()->close();
  await_interruptions(1);
  pass(10min);
  CHECK_EQ(service.opened, 3);
}

CASES_FIXTURE(Reconnecting,
              "reconnecting client: destroyed at any time, it leaves nothing behind") {
  begin();
  client.reset();  // while it connects
  begin();
  await_interruptions(1);
  client.reset();  // while it waits
  listen();
  begin();
  await_opened(1);
  client.reset();  // while it is connected
  pass(10min);
  CHECK_EQ(service.opened, 1);
  CHECK_EQ(service.closed, 0);
}

CASES_FIXTURE(Reconnecting, "reconnecting client: a service that throws gets another connection") {
  listen();
  service.on_opened = [] { throw std::runtime_error("unhappy"); };
  begin();
  CHECK_THROWS_AS(turn_until([] { return false; }), std::runtime_error);
  service.on_opened = [] {};
  service.on_gone = [] { throw std::runtime_error("unhappy too"); };
  CHECK_THROWS_AS(turn_until([] { return false; }), std::runtime_error);
  service.on_gone = [] {};
  pass(100ms);
  await_opened(2);
}

}  // namespace
}  // namespace switchboard::test
