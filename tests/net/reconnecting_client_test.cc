// A client that comes back, over every poller: when, how often, and that it stops. Time is what the
// test says.
#include "switchboard/net/reconnecting_client.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/backends.hpp"
#include "support/fake_clock.hpp"
#include "support/sockets.hpp"

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

class Reconnecting : public testing::TestWithParam<std::string> {
 protected:
  Reconnecting() { must(sys::bind(server.get(), loopback(AF_INET, 0)), "bind"); }

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

  template <typename Condition>
  void turn_until(Condition condition) {
    for (int turns = 0; !condition() && turns < 3000; ++turns) reactor.turn(10ms);
    ASSERT_TRUE(condition());
  }
  void await_opened(int count) {
    turn_until([&] { return service.opened == count; });
  }
  void await_interruptions(std::size_t count) {
    turn_until([&] { return interruptions.size() == count; });
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

  Reactor reactor{find_backend(GetParam()).make()};
  Resolver resolver{reactor};
  Service service;
  sys::Descriptor server = must(sys::open_stream_socket(AF_INET), "socket");
  std::vector<ReconnectingClient::Interruption> interruptions;
  std::function<void()> on_interruption = [] {};
  std::unique_ptr<ReconnectingClient> client;
};

TEST_P(Reconnecting, it_connects_at_once_and_again_after_the_first_delay_when_the_server_hangs_up) {
  listen();
  begin();
  EXPECT_EQ(service.opened, 0);
  await_opened(1);
  ASSERT_NE(client->connection(), nullptr);
  hang_up();
  await_interruptions(1);
  EXPECT_EQ(service.closed, 1);
  EXPECT_EQ(client->connection(), nullptr);
  EXPECT_TRUE(interruptions[0].was_connected);
  EXPECT_FALSE(interruptions[0].error);
  EXPECT_EQ(interruptions[0].delay, (Backoff{100ms, 30s, seed}.next()));
  pass(interruptions[0].delay - 1ns);
  EXPECT_EQ(service.opened, 1);
  pass(1ns);
  await_opened(2);
  EXPECT_NE(client->connection(), nullptr);
}

TEST_P(Reconnecting, while_it_is_refused_it_waits_longer_and_longer_up_to_the_bound) {
  begin();
  Backoff backoff{100ms, 30s, seed};
  for (std::size_t i = 1; i <= 12; ++i) {
    await_interruptions(i);
    EXPECT_EQ(interruptions.back().error, std::errc::connection_refused);
    EXPECT_FALSE(interruptions.back().was_connected);
    EXPECT_EQ(interruptions.back().delay, backoff.next());
    pass(interruptions.back().delay);
  }
  await_interruptions(13);
  EXPECT_GE(interruptions.back().delay, 15s);
  listen();
  pass(interruptions.back().delay);
  await_opened(1);
}

TEST_P(Reconnecting, only_a_connection_that_lasted_makes_the_delays_begin_anew) {
  listen();
  begin();
  Backoff backoff{100ms, 30s, seed};
  for (int i = 1; i <= 5; ++i) {  // taken, and closed at once
    await_opened(i);
    hang_up();
    await_interruptions(static_cast<std::size_t>(i));
    EXPECT_EQ(interruptions.back().delay, backoff.next());
    pass(interruptions.back().delay);
  }
  await_opened(6);
  pass(5s);
  hang_up();
  await_interruptions(6);
  backoff.reset();
  EXPECT_EQ(interruptions.back().delay, backoff.next());
}

TEST_P(Reconnecting, stopped_while_it_waits_it_tries_no_more) {
  begin();
  await_interruptions(1);
  bool done = false;
  client->stop(1s, [&] { done = true; });
  EXPECT_TRUE(done);
  EXPECT_TRUE(client->is_stopped());
  listen();
  pass(10min);
  EXPECT_EQ(service.opened, 0);
  EXPECT_EQ(interruptions.size(), 1U);
}

TEST_P(Reconnecting, stopped_while_it_connects_it_gives_up) {
  listen();
  begin();
  client->stop();
  pass(10min);
  EXPECT_EQ(service.opened, 0);
}

TEST_P(Reconnecting, stopped_while_it_is_connected_it_finishes_what_it_has_begun) {
  listen();
  begin();
  await_opened(1);
  client->connection()->write(" and farewell");
  bool done = false;
  client->stop(1s, [&] { done = true; });
  EXPECT_FALSE(done);
  auto peer = accepted();
  for (int turns = 0; turns < 3; ++turns) reactor.turn(1ms);
  std::array<std::byte, 100> block;
  await(peer.get(), POLLIN);
  EXPECT_EQ(must(sys::receive(peer.get(), block), "recv"), 18U);
  peer.reset();
  turn_until([&] { return done; });
  EXPECT_EQ(service.closed, 1);
  pass(10min);
  EXPECT_EQ(service.opened, 1);
  EXPECT_TRUE(interruptions.empty());
}

TEST_P(Reconnecting, it_may_be_stopped_in_every_callback) {
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
  EXPECT_TRUE(interruptions.empty());

  service.on_gone = [] {};
  on_interruption = stop;
  begin();
  await_opened(3);
  client->connection()->close();
  await_interruptions(1);
  pass(10min);
  EXPECT_EQ(service.opened, 3);
}

TEST_P(Reconnecting, destroyed_at_any_time_it_leaves_nothing_behind) {
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
  EXPECT_EQ(service.opened, 1);
  EXPECT_EQ(service.closed, 0);
}

TEST_P(Reconnecting, a_service_that_throws_gets_another_connection) {
  listen();
  service.on_opened = [] { throw std::runtime_error("unhappy"); };
  begin();
  EXPECT_THROW(turn_until([] { return false; }), std::runtime_error);
  service.on_opened = [] {};
  service.on_gone = [] { throw std::runtime_error("unhappy too"); };
  EXPECT_THROW(turn_until([] { return false; }), std::runtime_error);
  service.on_gone = [] {};
  pass(100ms);
  await_opened(2);
}

INSTANTIATE_TEST_SUITE_P(Backends, Reconnecting, testing::ValuesIn(backend_names()),
                         name_of_backend);

}  // namespace
}  // namespace switchboard::test
