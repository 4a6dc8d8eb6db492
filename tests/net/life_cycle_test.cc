// The life of connections, over every poller and every family: what arrives, what is kept back, how
// each ends, and that nothing is left behind.
//
// Reactor and clients share the test's thread: a turn of the one, a step of the others, until what
// is waited for has happened. So the outcome does not depend on time, but where timers are the
// subject.
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include "switchboard/switchboard.hpp"

#include "support/backends.hpp"
#include "support/counted_calls.hpp"
#include "support/sockets.hpp"
#include "support/temporary_folder.hpp"

namespace switchboard::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
constexpr std::size_t KiB = 1024;
constexpr std::size_t MiB = 1024 * 1024;

// An echo service that writes down what it is told, and in which a test can replace any answer.
struct Recorder final : ConnectionHandler {
  std::function<void(Connection&)> opened = [](Connection&) {};
  std::function<std::size_t(Connection&, const Slice&)> data = [](Connection& c,
                                                                  const Slice& input) {
    c.write(input);
    return input.size();
  };
  std::function<void(Connection&)> ended = [](Connection& c) { c.drain(CloseReason::peer_closed); };
  std::function<void(Connection&)> drained = [](Connection&) {};
  std::function<void(Connection&, const Closed&)> closed = [](Connection&, const Closed&) {};

  void on_open(Connection& c) override {
    ids.push_back(c.id());
    opened(c);
  }
  std::size_t on_data(Connection& c, const Slice& input) override {
    expect_alive(c);
    const std::size_t consumed = data(c, input);
    received += consumed;
    return consumed;
  }
  void on_end(Connection& c, std::span<const std::byte>) override {
    expect_alive(c);
    ++ends;
    ended(c);
  }
  void on_drained(Connection& c) override {
    expect_alive(c);
    ++drains;
    drained(c);
  }
  void on_closed(Connection& c, const Closed& why) override {
    EXPECT_TRUE(c.is_closed());
    EXPECT_FALSE(c.write("too late"));
    EXPECT_FALSE(reasons.contains(c.id().packed())) << "told twice";
    reasons[c.id().packed()] = why.reason;
    closed(c, why);
  }
  void expect_alive(Connection& c) {
    EXPECT_FALSE(reasons.contains(c.id().packed())) << "called after on_closed";
    EXPECT_FALSE(c.is_closed());
  }
  CloseReason only_reason() const {
    EXPECT_EQ(reasons.size(), 1U);
    return reasons.empty() ? CloseReason::refused : reasons.begin()->second;
  }

  std::vector<ConnectionId> ids;
  std::size_t received = 0;
  int ends = 0;
  int drains = 0;
  std::map<std::uint64_t, CloseReason> reasons;
};

// A peer written with plain calls, which does only what it is told.
struct Client {
  sys::Descriptor socket;
  std::string to_send;
  std::size_t sent = 0;
  std::size_t most_at_once = 64 * KiB;
  bool shut_down_when_sent = false;
  bool reading = true;
  std::string received;
  bool ended = false;
  int error = 0;

  bool all_sent() const { return sent == to_send.size(); }

  // Whether anything moved.
  bool step() {
    if (!socket || error != 0) return false;
    const std::size_t before = sent + received.size();
    if (!all_sent()) send_some();
    if (all_sent() && std::exchange(shut_down_when_sent, false)) {
      must(sys::shut_down_sending(socket.get()), "shutdown");
    }
    if (reading && !ended && error == 0) receive_some();
    return sent + received.size() > before;
  }

 private:
  void send_some() {
    const auto bytes = std::as_bytes(std::span{to_send}).subspan(sent);
    const auto took = sys::send(socket.get(), bytes.first(std::min(bytes.size(), most_at_once)));
    if (took) sent += *took;
    if (!took && !took.would_block()) error = took.errno_value();
  }

  void receive_some() {
    static std::array<std::byte, 64 * KiB> block;
    const auto got =
        sys::receive(socket.get(), std::span{block}.first(std::min(block.size(), most_at_once)));
    if (!got) {
      if (!got.would_block()) error = got.errno_value();
      return;
    }
    if (*got == 0) ended = true;
    received.append(reinterpret_cast<const char*>(block.data()), *got);
  }
};

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  std::mt19937_64 random{count};
  for (std::size_t i = 0; i < count; i += 8) {
    const std::uint64_t word = random();
    std::copy_n(reinterpret_cast<const char*>(&word), std::min<std::size_t>(8, count - i),
                &bytes[i]);
  }
  return bytes;
}

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all{"/proc/self/fd"};
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

std::size_t memory_in_use() {
  return mallinfo2().uordblks;
}

unsigned long seed() {
  const char* given = std::getenv("SWITCHBOARD_SEED");
  return given != nullptr ? std::strtoul(given, nullptr, 10) : std::random_device{}();
}

using Where = std::tuple<std::string, std::string>;  // backend, family

std::string name_of_place(const testing::TestParamInfo<Where>& place) {
  return std::get<0>(place.param) + "_" + std::get<1>(place.param);
}

class LifeCycle : public testing::TestWithParam<Where> {
 protected:
  bool is_unix() const { return std::get<1>(GetParam()) == "Unix"; }

  Endpoint endpoint_to_listen_on() {
    const std::string& family = std::get<1>(GetParam());
    if (family == "Unix") return Endpoint::parse("unix://" + folder.file("socket"));
    return Endpoint::parse(family == "IPv4" ? "tcp://127.0.0.1:0" : "tcp://[::1]:0");
  }

  void serve(ConnectionLimits limits = {}) {
    table.emplace(reactor, recorder, limits);
    listener.emplace(reactor, endpoint_to_listen_on(), *table,
                     [this](const AcceptProblem& problem) { problems.push_back(problem); });
  }

  Client& open_client() { return *clients.emplace_back(std::make_unique<Client>(unconnected())); }

  Client unconnected() {
    Client client;
    const auto address = listener->endpoint().resolve().front();
    client.socket = must(sys::open_stream_socket(address.family()), "socket");
    return client;
  }

  void begin_connecting(Client& client) {
    const auto error = sys::connect(client.socket.get(), listener->endpoint().resolve().front());
    if (error && error.value() != EINPROGRESS) must(error, "connect");
  }

  // Connected, and known to the service.
  Client& connect(int buffer_bytes = 0) {
    Client& client = open_client();
    if (buffer_bytes > 0) {
      must(sys::set_send_buffer(client.socket.get(), buffer_bytes), "SO_SNDBUF");
      must(sys::set_receive_buffer(client.socket.get(), buffer_bytes), "SO_RCVBUF");
    }
    begin_connecting(client);
    const std::size_t before = recorder.ids.size();
    pump([&] { return recorder.ids.size() > before; });
    return client;
  }

  Connection& connection(std::size_t index = 0) {
    Connection* found = table->find(recorder.ids.at(index));
    if (found == nullptr) throw std::logic_error("that connection is closed");
    return *found;
  }

  void step() {
    bool moved = false;
    for (const auto& client : clients) moved |= client->step();
    reactor.turn(moved ? Nanoseconds::zero() : milliseconds{1});
  }

  void pump(const std::function<bool()>& done, Nanoseconds limit = seconds{30}) {
    const Instant deadline = sys::monotonic_now() + limit;
    while (!done()) {
      if (sys::monotonic_now() > deadline) throw std::runtime_error("waited in vain");
      step();
    }
  }

  TemporaryFolder folder;
  Reactor reactor{find_backend(std::get<0>(GetParam())).make()};
  Recorder recorder;
  std::vector<AcceptProblem> problems;
  std::optional<ConnectionTable> table;
  std::optional<Listener> listener;
  std::vector<std::unique_ptr<Client>> clients;
};

// --- Bytes

TEST_P(LifeCycle, sixty_four_mebibytes_through_tiny_buffers_come_back_byte_for_byte) {
  serve();
  Client& client = connect(4096);
  client.to_send = random_bytes(64 * MiB);
  client.shut_down_when_sent = true;
  pump([&] { return client.ended; }, seconds{120});
  EXPECT_TRUE(client.received == client.to_send);
  pump([&] { return table->size() == 0; });
  EXPECT_EQ(recorder.only_reason(), CloseReason::peer_closed);
}

TEST_P(LifeCycle, one_byte_at_a_time_comes_back_in_order) {
  serve();
  Client& client = connect();
  client.most_at_once = 1;
  client.to_send = random_bytes(3000);
  client.shut_down_when_sent = true;
  pump([&] { return client.ended; });
  EXPECT_TRUE(client.received == client.to_send);
}

TEST_P(LifeCycle, a_peer_that_reads_nothing_costs_the_high_water_mark_and_delays_nobody) {
  constexpr std::size_t high_water = 256 * KiB;
  serve({.high_water_bytes = high_water, .low_water_bytes = 64 * KiB});
  Client& stalled = connect();
  Client& other = connect();
  other.to_send = "what is allocated once is allocated now";
  pump([&] { return other.received == other.to_send; });
  stalled.to_send = random_bytes(64 * MiB);
  stalled.reading = false;
  const std::size_t before = memory_in_use();
  std::size_t last = 1;
  pump([&] {  // until the kernel takes no more of it
    const bool stuck = stalled.sent == last && connection(0).queued_bytes() > high_water / 2;
    last = stalled.sent;
    return stuck;
  });
  EXPECT_LT(stalled.sent, stalled.to_send.size());
  EXPECT_LE(connection(0).queued_bytes(), high_water);
  EXPECT_LE(memory_in_use(), before + high_water + 64 * KiB);

  other.to_send += random_bytes(MiB);
  pump([&] { return other.received.size() == other.to_send.size(); });
  EXPECT_TRUE(other.received == other.to_send);

  stalled.reading = true;
  stalled.shut_down_when_sent = true;
  pump([&] { return stalled.ended; }, seconds{120});
  EXPECT_TRUE(stalled.received == stalled.to_send);
}

TEST_P(LifeCycle, what_a_service_does_not_consume_comes_again_with_more_behind_it) {
  serve();
  std::vector<std::string> lines;
  recorder.data = [&](Connection&, const Slice& input) {
    const std::string_view text{reinterpret_cast<const char*>(input.bytes().data()), input.size()};
    const std::size_t end = text.rfind('\n');
    if (end == std::string_view::npos) return std::size_t{0};
    for (std::size_t at = 0; at <= end; at = text.find('\n', at) + 1) {
      lines.emplace_back(text.substr(at, text.find('\n', at) - at));
    }
    return end + 1;
  };
  Client& client = connect();
  const std::string large(40 * KiB, 'x');  // grows in a block of its own
  client.most_at_once = 777;
  client.to_send = "one\ntwo\n" + large + "\nthree\nhalf a li";
  client.shut_down_when_sent = true;
  pump([&] { return client.ended; });
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", large, "three"}));
}

TEST_P(LifeCycle, a_message_without_an_end_is_refused_at_the_input_limit) {
  serve({.input_limit_bytes = 8 * KiB});
  recorder.data = [](Connection&, const Slice&) { return std::size_t{0}; };
  connect().to_send = std::string(16 * KiB, 'x');
  pump([&] { return !recorder.reasons.empty(); });
  EXPECT_EQ(recorder.only_reason(), CloseReason::protocol_error);
}

TEST_P(LifeCycle, pausing_keeps_bytes_back_and_resuming_brings_them) {
  serve();
  recorder.data = [](Connection& c, const Slice& input) {
    if (input.size() < 4) {
      c.pause_reading();
      return std::size_t{0};
    }
    c.write(input);
    return input.size();
  };
  Client& client = connect();
  client.to_send = "ab";
  pump([&] { return client.all_sent(); });
  for (int i = 0; i < 5; ++i) step();
  recorder.data = [](Connection& c, const Slice& input) {
    c.write(input);
    return input.size();
  };
  connection().resume_reading();
  pump([&] { return client.received == "ab"; });
  client.to_send += "cd";
  pump([&] { return client.received == "abcd"; });
}

TEST_P(LifeCycle, the_low_water_mark_is_told_once_each_time) {
  serve(
      {.high_water_bytes = 64 * KiB, .low_water_bytes = 16 * KiB, .output_limit_bytes = 64 * MiB});
  Client& client = connect(4096);
  client.reading = false;
  connection().write(std::string_view{random_bytes(8 * MiB)});
  for (int i = 0; i < 20; ++i) step();
  EXPECT_EQ(recorder.drains, 0);
  client.reading = true;
  pump([&] { return client.received.size() == 8 * MiB; });
  EXPECT_EQ(recorder.drains, 1);
}

// --- Endings

TEST_P(LifeCycle, a_client_that_shuts_down_sending_gets_everything_and_then_the_end) {
  serve();
  Client& client = connect();
  client.reading = false;
  client.to_send = random_bytes(128 * KiB);
  client.shut_down_when_sent = true;
  pump([&] { return recorder.ends == 1; });
  client.reading = true;
  pump([&] { return client.ended; });
  EXPECT_TRUE(client.received == client.to_send);
  pump([&] { return table->size() == 0; });
}

TEST_P(LifeCycle, a_service_that_finished_sending_still_receives) {
  serve();
  recorder.opened = [](Connection& c) {
    c.write("that is all from me");
    c.finish_sending();
    EXPECT_FALSE(c.write("no more"));
  };
  recorder.data = [](Connection&, const Slice& input) { return input.size(); };
  Client& client = connect();
  pump([&] { return client.ended; });
  EXPECT_EQ(client.received, "that is all from me");
  client.to_send = random_bytes(4 * MiB);
  client.shut_down_when_sent = true;
  pump([&] { return table->size() == 0; });
  EXPECT_EQ(recorder.received, 4 * MiB);
  EXPECT_EQ(recorder.only_reason(), CloseReason::peer_closed);
}

TEST_P(LifeCycle, a_reset_in_mid_send_is_told_once) {
  serve();
  Client& client = connect();
  client.reading = false;
  client.to_send = random_bytes(16 * MiB);
  pump([&] { return connection().queued_bytes() > 0; });
  reset_connection(std::move(client.socket));
  pump([&] { return !recorder.reasons.empty(); });
  EXPECT_EQ(recorder.only_reason(), CloseReason::reset);
  EXPECT_EQ(table->size(), 0U);
}

TEST_P(LifeCycle, what_arrived_before_the_peer_broke_off_is_still_delivered) {
  serve();
  Client& client = connect();
  // The service writes first, so that its send fails while the last words are still unread.
  send_text(client.socket.get(), "last words");
  client.socket.reset();
  connection().write("are you there?");
  std::string heard;
  recorder.data = [&](Connection&, const Slice& input) {
    heard.append(reinterpret_cast<const char*>(input.bytes().data()), input.size());
    return input.size();
  };
  pump([&] { return !recorder.reasons.empty(); });
  EXPECT_EQ(heard, "last words");
}

TEST_P(LifeCycle, a_drain_delivers_the_last_bytes_although_input_was_left_unread) {
  serve();
  Client& client = connect();
  recorder.data = [](Connection& c, const Slice& input) {
    c.write(std::string_view{random_bytes(900 * KiB)});
    c.drain();
    return input.size();
  };
  client.to_send = random_bytes(8 * MiB);  // nobody will read the most of it
  pump([&] { return client.ended || client.error != 0; });
  EXPECT_EQ(client.error, 0) << "a reset destroyed what was under way";
  EXPECT_TRUE(client.received == random_bytes(900 * KiB));
  client.socket.reset();
  pump([&] { return table->size() == 0; });
  EXPECT_EQ(recorder.only_reason(), CloseReason::local);
}

TEST_P(LifeCycle, a_drain_ends_although_the_peer_takes_nothing) {
  serve({.output_limit_bytes = 64 * MiB, .drain_timeout = milliseconds{50}});
  Client& client = connect();
  client.reading = false;
  connection().write(std::string_view{random_bytes(32 * MiB)});
  connection().drain();
  pump([&] { return table->size() == 0; });
  EXPECT_EQ(recorder.only_reason(), CloseReason::local);
}

TEST_P(LifeCycle, a_drain_ends_although_the_peer_never_does) {
  serve({.linger_timeout = milliseconds{50}});
  Client& client = connect();
  connection().write("bye");
  connection().drain();
  pump([&] { return table->size() == 0; });
  pump([&] { return client.ended; });
  EXPECT_EQ(client.received, "bye");
}

TEST_P(LifeCycle, shutting_down_drains_all_and_then_says_so_once) {
  serve();
  for (int i = 0; i < 10; ++i) connect();
  for (std::size_t i = 0; i < 10; ++i) connection(i).write("so long");
  int done = 0;
  table->shut_down(seconds{20}, [&] { ++done; });
  pump([&] { return std::ranges::all_of(clients, [](auto& c) { return c->ended; }); });
  for (const auto& client : clients) {
    EXPECT_EQ(client->received, "so long");
    client->socket.reset();
  }
  pump([&] { return table->size() == 0; });
  EXPECT_EQ(done, 1);
  for (const auto& [id, reason] : recorder.reasons) EXPECT_EQ(reason, CloseReason::shutdown);
}

TEST_P(LifeCycle, shutting_down_does_not_wait_for_ever) {
  serve({.output_limit_bytes = 64 * MiB});
  Client& client = connect();
  client.reading = false;
  connection().write(std::string_view{random_bytes(32 * MiB)});
  bool done = false;
  table->shut_down(milliseconds{50}, [&] { done = true; });
  pump([&] { return done; });
  EXPECT_EQ(recorder.only_reason(), CloseReason::shutdown);
}

TEST_P(LifeCycle, an_idle_connection_is_closed_and_never_early) {
  const Nanoseconds timeout = milliseconds{160};
  serve({.idle_timeout = timeout});
  connect();
  Client& busy = connect();
  const Instant begin = sys::monotonic_now();
  pump([&] {
    if (busy.all_sent() && busy.received.size() == busy.to_send.size()) busy.to_send += "x";
    return !recorder.reasons.empty();
  });
  EXPECT_GE(sys::monotonic_now() - begin, timeout);
  EXPECT_EQ(recorder.reasons.at(recorder.ids[0].packed()), CloseReason::idle);
  EXPECT_NE(table->find(recorder.ids[1]), nullptr) << "bytes keep a connection alive";
  pump([&] { return table->size() == 0; });
}

TEST_P(LifeCycle, past_the_output_limit_a_connection_is_closed) {
  serve({.output_limit_bytes = MiB});
  Client& client = connect();
  client.reading = false;
  while (!connection().is_closed()) {
    connection().write(std::string_view{random_bytes(100 * KiB)});
    step();
    if (table->find(recorder.ids[0]) == nullptr) break;
  }
  pump([&] { return table->size() == 0; });
  EXPECT_EQ(recorder.only_reason(), CloseReason::output_limit);
}

// --- Closing inside callbacks

TEST_P(LifeCycle, a_callback_may_close_its_own_connection) {
  serve();
  recorder.data = [](Connection& c, const Slice& input) {
    c.close();
    c.close(CloseReason::shutdown);  // the first word stands
    c.drain();
    EXPECT_FALSE(c.write("no"));
    return input.size();
  };
  connect().to_send = "x";
  pump([&] { return table->size() == 0; });
  EXPECT_EQ(recorder.only_reason(), CloseReason::local);
}

TEST_P(LifeCycle, a_connection_closed_as_it_opens_is_still_reported_once) {
  serve();
  recorder.opened = [](Connection& c) { c.close(); };
  Client& client = connect();
  pump([&] { return client.ended || client.error != 0; });
  EXPECT_EQ(recorder.only_reason(), CloseReason::local);
}

TEST_P(LifeCycle, a_callback_may_close_others_whose_events_are_in_the_same_batch) {
  serve();
  for (int i = 0; i < 20; ++i) connect();
  int deliveries = 0;
  recorder.data = [&](Connection& self, const Slice& input) {
    ++deliveries;
    const auto before = recorder.reasons.size();
    table->for_each([&](Connection& other) {
      if (&other != &self) other.close();
    });
    EXPECT_EQ(recorder.reasons.size(), before) << "told inside close()";
    return input.size();
  };
  for (const auto& client : clients) send_text(client->socket.get(), "all at once");
  pump([&] { return table->size() == 1; });
  EXPECT_EQ(deliveries, 1);
  EXPECT_EQ(recorder.reasons.size(), 19U);
}

TEST_P(LifeCycle, on_closed_may_write_to_and_close_others) {
  serve();
  for (int i = 0; i < 5; ++i) connect();
  recorder.closed = [&](Connection&, const Closed&) {
    bool closed_one = false;
    table->for_each([&](Connection& other) {
      other.write("somebody left\n");
      if (!std::exchange(closed_one, true)) other.close();
    });
  };
  connection(2).close();
  pump([&] { return table->size() == 0; });
  EXPECT_EQ(recorder.reasons.size(), 5U);
}

TEST_P(LifeCycle, on_end_and_on_drained_may_close) {
  serve({.high_water_bytes = 64 * KiB, .low_water_bytes = KiB, .output_limit_bytes = 64 * MiB});
  recorder.ended = [](Connection& c) { c.close(); };
  recorder.drained = [](Connection& c) { c.close(CloseReason::protocol_error); };
  Client& first = connect();
  first.shut_down_when_sent = true;
  pump([&] { return table->size() == 0; });
  connect();
  connection(1).write(std::string_view{random_bytes(4 * MiB)});
  pump([&] { return table->size() == 0; });
  EXPECT_EQ(recorder.reasons.at(recorder.ids[0].packed()), CloseReason::local);
  EXPECT_EQ(recorder.reasons.at(recorder.ids[1].packed()), CloseReason::protocol_error);
}

TEST_P(LifeCycle, a_table_may_die_with_connections_in_every_state) {
  serve();
  for (int i = 0; i < 4; ++i) connect();
  connection(0).write("queued");
  connection(1).drain();
  connection(2).close();
  clients[3]->to_send = "unread";
  clients[3]->step();
  listener.reset();
  table.reset();
  EXPECT_TRUE(recorder.reasons.empty());
  reactor.turn(milliseconds{0});
}

// --- Many

TEST_P(LifeCycle, a_thousand_connections_dropped_at_random_leave_nothing_behind) {
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
  SCOPED_TRACE("SWITCHBOARD_SEED=" + std::to_string(used_seed));
  std::mt19937_64 random{used_seed};
  clients.reserve(1000);
  recorder.ids.reserve(1000);
  const std::size_t descriptors = open_descriptors();
  // Tables keep the size of their worst moment, so a first round may leave memory in use; what is
  // lost with connections is lost in every round.
  std::size_t before = 0;
  std::size_t after = SIZE_MAX;
  for (int round = 0; round < 20 && after > before; ++round) {
    before = memory_in_use();
    open_and_drop(random);
    after = memory_in_use();
    EXPECT_EQ(open_descriptors(), descriptors);
  }
  EXPECT_LE(after, before) << "twenty rounds, and each left more in use than the one before";
}

TEST_P(LifeCycle, a_full_table_leaves_clients_in_the_backlog_until_there_is_room) {
  serve({.max_connections = 2});
  connect();
  connect();
  Client& third = open_client();
  begin_connecting(third);
  third.to_send = "patience";
  const CountedCalls calls;
  for (int i = 0; i < 20; ++i) step();
  EXPECT_EQ(recorder.ids.size(), 2U);
  EXPECT_LE(calls.accepts(), 1U);
  clients[0]->socket.reset();
  pump([&] { return third.received == "patience"; });
  EXPECT_EQ(table->size(), 2U);
}

TEST_P(LifeCycle, out_of_descriptors_it_neither_spins_nor_stops_and_recovers_within_a_second) {
  serve();
  for (int i = 0; i < 200; ++i) open_client();
  struct Limit {  // of descriptor numbers: the clients' are taken already
    rlimit before{};
    explicit Limit(std::size_t most) {
      ::getrlimit(RLIMIT_NOFILE, &before);
      const rlimit lowered{.rlim_cur = most, .rlim_max = before.rlim_max};
      ::setrlimit(RLIMIT_NOFILE, &lowered);
    }
    ~Limit() { ::setrlimit(RLIMIT_NOFILE, &before); }
  } const limit{static_cast<std::size_t>(clients.back()->socket.get()) + 1 + 64};

  for (const auto& client : clients) begin_connecting(*client);
  pump([&] { return !problems.empty(); });
  const std::size_t accepted = recorder.ids.size();
  EXPECT_GE(accepted, 50U);
  EXPECT_TRUE(problems.front().error == std::errc::too_many_files_open) << problems.front().error;

  // A second of being full: those inside are served, and the backlog is hardly asked.
  const CountedCalls calls;
  const Instant second_later = sys::monotonic_now() + seconds{1};
  for (const auto& client : clients) client->to_send = "hello";
  pump([&] { return sys::monotonic_now() > second_later; });
  EXPECT_LT(calls.accepts(), 20U);
  EXPECT_LE(problems.size(), 3U) << "at most one report a second";
  const auto served = [&] {
    return static_cast<std::size_t>(
        std::ranges::count_if(clients, [](auto& c) { return c->received == "hello"; }));
  };
  EXPECT_EQ(served(), accepted);

  // Twenty leave; twenty that waited must be served within a second.
  std::size_t left = 0;
  for (const auto& client : clients) {
    if (client->received != "hello" || left == 20) continue;
    client->socket.reset();
    ++left;
  }
  const Instant begin = sys::monotonic_now();
  pump([&] { return served() >= accepted + 20; });
  EXPECT_LE(sys::monotonic_now() - begin, seconds{1});
}

// --- What it costs

TEST_P(LifeCycle, one_small_echo_is_one_wait_one_receive_one_send) {
  serve();
  Client& client = connect();
  for (int i = 0; i < 3; ++i) reactor.turn(milliseconds{0});
  for (int i = 0; i < 10; ++i) {
    send_text(client.socket.get(), "hello");
    const CountedCalls calls;
    reactor.turn();
    EXPECT_EQ(calls.waits(), 1U);
    EXPECT_EQ(calls.receives(), 1U);
    EXPECT_EQ(calls.sends(), 1U);
    EXPECT_EQ(calls.all(), 3U);
    client.received.clear();
    pump([&] { return client.received == "hello"; });
  }
}

TEST_P(LifeCycle, with_nothing_to_do_it_waits_for_ever_and_makes_no_other_call) {
  serve();
  for (int i = 0; i < 10; ++i) connect();
  for (int i = 0; i < 3; ++i) reactor.turn(milliseconds{0});
  std::thread waker{[&] { reactor.post([] {}); }};
  const CountedCalls calls;
  bool woken = false;
  reactor.post([&] { woken = true; });
  waker.join();
  while (!woken) reactor.turn();
  EXPECT_LE(calls.waits(), 2U);
  EXPECT_EQ(calls.receives() + calls.sends() + calls.accepts() + calls.controls(), 0U);
  if (std::get<0>(GetParam()) != "libevent") {
    EXPECT_LT(last_wait_timeout(), 0) << "there was no timer to wait for";
  }
}

INSTANTIATE_TEST_SUITE_P(Everywhere, LifeCycle,
                         testing::Combine(testing::ValuesIn(backend_names()),
                                          testing::Values("IPv4", "IPv6", "Unix")),
                         name_of_place);

}  // namespace
}  // namespace switchboard::test
