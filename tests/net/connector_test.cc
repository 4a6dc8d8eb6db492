// Connecting, over every poller and every family: what comes of it, and when it does not.
#include "switchboard/net/connector.hpp"

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
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
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

class Connecting {
 protected:
  static auto rows() { return places(); }
  explicit Connecting(const Place& its_place) : place(its_place) {}

  const Place place;

  int family() const {
    const std::string& name = place.family;
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
    REQUIRE_EQ(errors.size(), count);
  }

  TemporaryFolder folder;
  int sockets = 0;
  Reactor reactor{find_backend(place.backend).make()};
  Keeper keeper;
  ConnectionTable table{reactor, keeper};
  std::vector<std::unique_ptr<Connector>> connectors;
  std::vector<Connection*> connections;
  std::vector<std::error_code> errors;
};

CASES_FIXTURE(Connecting,
              "connector: a connection is reported after its on_open and carries bytes") {
  const auto server = bound(8);
  connect(address_of(server));
  await_outcomes(1);
  REQUIRE_EQ(errors[0], std::error_code{});
  REQUIRE_NE(connections[0], nullptr);
  CHECK_EQ(keeper.opened, std::vector{connections[0]->id()});
  const auto peer = must(sys::accept(server.get()), "accept").socket;
  send_text(peer.get(), "hello");
  while (keeper.received.size() < 5) reactor.turn();
  CHECK_EQ(keeper.received, "hello");
}

CASES_FIXTURE(Connecting, "connector: an address on which nobody listens refuses") {
  const auto closed = bound(std::nullopt);
  connect(address_of(closed));
  await_outcomes(1);
  CHECK_EQ(errors[0], std::errc::connection_refused);
  CHECK_EQ(connections[0], nullptr);
  CHECK_EQ(table.size(), 0U);
}

// A backlog that is full drops the SYN of TCP, and answers a Unix socket EAGAIN.
CASES_FIXTURE(Connecting, "connector: a server that does not answer runs into the timeout") {
  const auto server = bound(0);
  for (int i = 0; i < 4; ++i) connect(address_of(server), within(milliseconds{100}));
  await_outcomes(4);
  CHECK_EQ(errors.back(), std::errc::timed_out);
  CHECK_EQ(errors.front(), std::error_code{});
}

CASES_FIXTURE(Connecting, "connector: a full backlog is waited for") {
  const auto server = bound(0);
  for (int i = 0; i < 4; ++i) connect(address_of(server), within(seconds{20}));
  std::vector<sys::Descriptor> accepted;
  while (errors.size() < 4) {
    reactor.turn(milliseconds{1});
    if (auto peer = sys::accept(server.get())) accepted.push_back(std::move(peer->socket));
  }
  for (const auto error : errors) CHECK_EQ(error, std::error_code{});
}

CASES_FIXTURE(Connecting, "connector: an attempt that is given up leaves nothing behind") {
  const auto server = bound(8);
  connect(address_of(server));
  connectors.clear();
  for (int i = 0; i < 3; ++i) reactor.turn(milliseconds{1});
  CHECK(errors.empty());
  CHECK_EQ(table.size(), 0U);
}

CASES_FIXTURE(Connecting, "connector: its own callback may destroy it") {
  const auto server = bound(8);
  bool told = false;
  std::unique_ptr<Connector> connector;
  connector = std::make_unique<Connector>(table, address_of(server),
                                          [&](Connection* connection, std::error_code) {
                                            told = true;
                                            CHECK_NE(connection, nullptr);
                                            connector.reset();
                                          });
  while (!told) reactor.turn();
  CHECK_EQ(table.size(), 1U);
}

CASES_FIXTURE(Connecting, "connector: the service that it connects for may destroy it") {
  const auto server = bound(8);
  bool told = false;
  std::unique_ptr<Connector> connector;
  keeper.on_opened = [&] { connector.reset(); };
  connector = std::make_unique<Connector>(table, address_of(server),
                                          [&](Connection*, std::error_code) { told = true; });
  while (keeper.opened.empty()) reactor.turn();
  CHECK_EQ(connector, nullptr);
  CHECK_FALSE(told);
  CHECK_EQ(table.size(), 1U);
}

CASES_FIXTURE(Connecting, "connector: a service that throws leaves nothing behind") {
  const auto server = bound(8);
  keeper.on_opened = [] { throw std::runtime_error("unhappy"); };
  connect(address_of(server));
  CHECK_THROWS_AS(
      {
        while (true) reactor.turn();
      },
      std::runtime_error);
  while (table.size() > 0) reactor.turn(Nanoseconds::zero());
  CHECK(errors.empty());
}

CASES_FIXTURE(Connecting, "connector: a timeout of never is like any other") {
  const auto server = bound(8);
  connect(address_of(server), within(Nanoseconds::max()));
  await_outcomes(1);
  CHECK_EQ(errors[0], std::error_code{});
}

CASES_FIXTURE(Connecting, "connector: a table that is shutting down takes nobody") {
  const auto server = bound(8);
  connect(address_of(server));
  table.shut_down(seconds{1}, [] {});
  await_outcomes(1);
  CHECK_EQ(errors[0], std::errc::operation_canceled);
  CHECK(keeper.opened.empty());
}

struct ConnectingOverTcp : Connecting {
  using Connecting::Connecting;
  static auto rows() { return places({"IPv4", "IPv6"}); }
};

CASES_FIXTURE(ConnectingOverTcp, "connector: the peer sees the source address that was asked for") {
  const auto server = bound(8);
  const auto source = Endpoint::parse(family() == AF_INET ? "tcp://127.0.0.1:0" : "tcp://[::1]:0");
  connect(address_of(server), from(source.resolve().front()));
  await_outcomes(1);
  REQUIRE_EQ(errors[0], std::error_code{});
  const auto accepted = must(sys::accept(server.get()), "accept");
  CHECK_EQ(Endpoint::from(accepted.peer).host(), source.host());
}

// The kernel may pick the very port that is connected to; nobody listens there all the same.
CASES_FIXTURE(ConnectingOverTcp, "connector: it never connects to itself") {
  const auto address = address_of(bound(std::nullopt));  // closed again: the port is free
  connect(address, from(address));
  await_outcomes(1);
  CHECK_EQ(errors[0], std::errc::connection_refused);
}

CASES_FIXTURE(Connecting, "connector: an attempt that cannot begin is reported on a later turn") {
  if (family() == AF_UNIX) {
    connect(Endpoint::parse("unix://" + folder.file("nobody")).resolve().front());
    await_outcomes(1);
    CHECK_EQ(errors[0], std::errc::no_such_file_or_directory);
    return;
  }
  const auto server = bound(8);
  ConnectOptions options;
  options.congestion_control = "none-such";
  connect(address_of(server), options);
  await_outcomes(1);
  CHECK(errors[0]);
}

}  // namespace
}  // namespace switchboard::test
