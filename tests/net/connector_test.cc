// Connecting, over every poller and every family: what comes of it, and when it does not.
#include "switchboard/net/connector.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "switchboard/net/listener.hpp"

#include "support/backends.hpp"
#include "support/sockets.hpp"
#include "support/temporary_folder.hpp"

namespace switchboard::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Where = std::tuple<std::string, std::string>;  // backend, family

ConnectOptions within(Nanoseconds timeout) {
  ConnectOptions options;
  options.timeout = timeout;
  return options;
}

ConnectOptions from(const sys::SocketAddress& source) {
  ConnectOptions options;
  options.source = source;
  return options;
}

struct Keeper final : ConnectionHandler {
  void on_open(Connection& connection) override {
    opened.push_back(connection.id());
    on_opened();
  }
  std::size_t on_data(Connection&, const Slice& input) override {
    const auto bytes = input.bytes();
    received.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return bytes.size();
  }
  std::function<void()> on_opened = [] {};
  std::vector<ConnectionId> opened;
  std::string received;
};

class Connecting : public testing::TestWithParam<Where> {
 protected:
  int family() const {
    const std::string& name = std::get<1>(GetParam());
    return name == "Unix" ? AF_UNIX : name == "IPv4" ? AF_INET : AF_INET6;
  }

  sys::SocketAddress any_address() {
    if (family() != AF_UNIX) return loopback(family(), 0);
    return Endpoint::parse("unix://" + folder.file("socket" + std::to_string(++sockets)))
        .resolve()
        .front();
  }

  // Bound and perhaps listening, accepting nobody.
  sys::Descriptor bound(std::optional<int> backlog) {
    auto socket = must(sys::open_stream_socket(family()), "socket");
    must(sys::bind(socket.get(), any_address()), "bind");
    if (backlog && ::listen(socket.get(), *backlog) != 0) must(sys::make_error(errno), "listen");
    return socket;
  }

  sys::SocketAddress address_of(const sys::Descriptor& socket) {
    return must(sys::local_address(socket.get()), "getsockname");
  }

  void connect(const sys::SocketAddress& server, const ConnectOptions& options = {}) {
    connectors.push_back(std::make_unique<Connector>(
        table, server,
        [this](Connection* connection, std::error_code error) {
          connections.push_back(connection);
          errors.push_back(error);
        },
        options));
  }

  void await_outcomes(std::size_t count) {
    const Instant deadline = sys::monotonic_now() + seconds{30};
    while (errors.size() < count && sys::monotonic_now() < deadline) reactor.turn(seconds{1});
    ASSERT_EQ(errors.size(), count);
  }

  TemporaryFolder folder;
  int sockets = 0;
  Reactor reactor{find_backend(std::get<0>(GetParam())).make()};
  Keeper keeper;
  ConnectionTable table{reactor, keeper};
  std::vector<std::unique_ptr<Connector>> connectors;
  std::vector<Connection*> connections;
  std::vector<std::error_code> errors;
};

TEST_P(Connecting, a_connection_is_reported_after_its_on_open_and_carries_bytes) {
  const auto server = bound(8);
  connect(address_of(server));
  await_outcomes(1);
  ASSERT_EQ(errors[0], std::error_code{});
  ASSERT_NE(connections[0], nullptr);
  EXPECT_EQ(keeper.opened, std::vector{connections[0]->id()});
  const auto peer = must(sys::accept(server.get()), "accept").socket;
  send_text(peer.get(), "hello");
  while (keeper.received.size() < 5) reactor.turn();
  EXPECT_EQ(keeper.received, "hello");
}

TEST_P(Connecting, where_nobody_listens_it_is_refused) {
  const auto closed = bound(std::nullopt);
  connect(address_of(closed));
  await_outcomes(1);
  EXPECT_EQ(errors[0], std::errc::connection_refused);
  EXPECT_EQ(connections[0], nullptr);
  EXPECT_EQ(table.size(), 0U);
}

// A backlog that is full drops the SYN of TCP, and answers a Unix socket EAGAIN.
TEST_P(Connecting, a_server_that_does_not_answer_runs_into_the_timeout) {
  const auto server = bound(0);
  for (int i = 0; i < 4; ++i) connect(address_of(server), within(milliseconds{100}));
  await_outcomes(4);
  EXPECT_EQ(errors.back(), std::errc::timed_out);
  EXPECT_EQ(errors.front(), std::error_code{});
}

TEST_P(Connecting, a_full_backlog_is_waited_for) {
  const auto server = bound(0);
  for (int i = 0; i < 4; ++i) connect(address_of(server), within(seconds{20}));
  std::vector<sys::Descriptor> accepted;
  while (errors.size() < 4) {
    reactor.turn(milliseconds{1});
    if (auto peer = sys::accept(server.get())) accepted.push_back(std::move(peer->socket));
  }
  for (const auto error : errors) EXPECT_EQ(error, std::error_code{});
}

TEST_P(Connecting, an_attempt_that_is_given_up_leaves_nothing_behind) {
  const auto server = bound(8);
  connect(address_of(server));
  connectors.clear();
  for (int i = 0; i < 3; ++i) reactor.turn(milliseconds{1});
  EXPECT_TRUE(errors.empty());
  EXPECT_EQ(table.size(), 0U);
}

TEST_P(Connecting, it_may_be_destroyed_by_its_own_callback) {
  const auto server = bound(8);
  bool told = false;
  std::unique_ptr<Connector> connector;
  connector = std::make_unique<Connector>(table, address_of(server),
                                          [&](Connection* connection, std::error_code) {
                                            told = true;
                                            EXPECT_NE(connection, nullptr);
                                            connector.reset();
                                          });
  while (!told) reactor.turn();
  EXPECT_EQ(table.size(), 1U);
}

TEST_P(Connecting, it_may_be_destroyed_by_the_service_that_it_connects_for) {
  const auto server = bound(8);
  bool told = false;
  std::unique_ptr<Connector> connector;
  keeper.on_opened = [&] { connector.reset(); };
  connector = std::make_unique<Connector>(table, address_of(server),
                                          [&](Connection*, std::error_code) { told = true; });
  while (keeper.opened.empty()) reactor.turn();
  EXPECT_EQ(connector, nullptr);
  EXPECT_FALSE(told);
  EXPECT_EQ(table.size(), 1U);
}

TEST_P(Connecting, a_service_that_throws_leaves_nothing_behind) {
  const auto server = bound(8);
  keeper.on_opened = [] { throw std::runtime_error("unhappy"); };
  connect(address_of(server));
  EXPECT_THROW(
      {
        while (true) reactor.turn();
      },
      std::runtime_error);
  while (table.size() > 0) reactor.turn(Nanoseconds::zero());
  EXPECT_TRUE(errors.empty());
}

TEST_P(Connecting, never_is_a_timeout_like_any_other) {
  const auto server = bound(8);
  connect(address_of(server), within(Nanoseconds::max()));
  await_outcomes(1);
  EXPECT_EQ(errors[0], std::error_code{});
}

TEST_P(Connecting, a_table_that_is_shutting_down_takes_nobody) {
  const auto server = bound(8);
  connect(address_of(server));
  table.shut_down(seconds{1}, [] {});
  await_outcomes(1);
  EXPECT_EQ(errors[0], std::errc::operation_canceled);
  EXPECT_TRUE(keeper.opened.empty());
}

TEST_P(Connecting, the_peer_sees_the_source_that_was_asked_for) {
  if (family() == AF_UNIX) return;  // an unnamed client is what everybody is
  const auto server = bound(8);
  const auto source = Endpoint::parse(family() == AF_INET ? "tcp://127.0.0.1:0" : "tcp://[::1]:0");
  connect(address_of(server), from(source.resolve().front()));
  await_outcomes(1);
  ASSERT_EQ(errors[0], std::error_code{});
  const auto accepted = must(sys::accept(server.get()), "accept");
  EXPECT_EQ(Endpoint::from(accepted.peer).host(), source.host());
}

// The kernel may pick the very port that is connected to; nobody listens there all the same.
TEST_P(Connecting, it_never_connects_to_itself) {
  if (family() == AF_UNIX) return;
  const auto address = address_of(bound(std::nullopt));  // closed again: the port is free
  connect(address, from(address));
  await_outcomes(1);
  EXPECT_EQ(errors[0], std::errc::connection_refused);
}

TEST_P(Connecting, what_cannot_be_begun_is_reported_on_a_later_turn) {
  if (family() == AF_UNIX) {
    connect(Endpoint::parse("unix://" + folder.file("nobody")).resolve().front());
    await_outcomes(1);
    EXPECT_EQ(errors[0], std::errc::no_such_file_or_directory);
    return;
  }
  const auto server = bound(8);
  ConnectOptions options;
  options.congestion_control = "none-such";
  connect(address_of(server), options);
  await_outcomes(1);
  EXPECT_TRUE(errors[0]);
}

INSTANTIATE_TEST_SUITE_P(Everywhere, Connecting,
                         testing::Combine(testing::ValuesIn(backend_names()),
                                          testing::Values("IPv4", "IPv6", "Unix")),
                         [](const testing::TestParamInfo<Where>& place) {
                           return std::get<0>(place.param) + "_" + std::get<1>(place.param);
                         });

}  // namespace
}  // namespace switchboard::test
