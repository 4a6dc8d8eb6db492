// Happy Eyeballs over every poller: in which order, when, and what comes of it. The names are the
// test's own, time is what the test says, and one address answers nobody.
#include "switchboard/net/dialer.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/backends.hpp"
#include "support/counted_memory.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_names.hpp"
#include "support/sockets.hpp"
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

using namespace std::chrono_literals;

// The addresses that were connected to, in order.
std::vector<sys::SocketAddress> tried;
// Of documentation (RFC 5737, RFC 3849): no way there, and no answer.
const sys::SocketAddress unreachable = sys::resolve_numeric("192.0.2.1", 7).addresses.front();
const sys::SocketAddress unreachable6 = sys::resolve_numeric("2001:db8::1", 7).addresses.front();
const sys::SocketAddress silent = sys::resolve_numeric("192.0.2.2", 7).addresses.front();
// The backlog of 127.0.0.1 that is full, and drops every SYN.
sys::SocketAddress full;

sys::SocketAddress copied(const sockaddr* address, socklen_t length) {
  sys::SocketAddress copy;
  std::copy_n(reinterpret_cast<const std::byte*>(address), length,
              reinterpret_cast<std::byte*>(&copy.storage));
  copy.length = length;
  return copy;
}

}  // namespace

// NOLINTBEGIN(bugprone-reserved-identifier): these names are the linker's.
extern "C" int __real_connect(int fd, const sockaddr* address, socklen_t length);
extern "C" int __wrap_connect(int fd, const sockaddr* address, socklen_t length) {
  const Unfailing unfailing;  // what is remembered here is not the dialer's
  const auto server = copied(address, length);
  tried.push_back(server);
  if (server == unreachable || server == unreachable6) {
    errno = ENETUNREACH;
    return -1;
  }
  if (server == silent) return __real_connect(fd, full.get(), full.length);
  return __real_connect(fd, address, length);
}
// NOLINTEND(bugprone-reserved-identifier)

namespace {

struct Keeper final : ConnectionHandler {
  void on_open(Connection&) override {
    ++opened;
    on_opened();
  }
  std::size_t on_data(Connection&, const Slice& input) override { return input.size(); }
  std::function<void()> on_opened = [] {};
  int opened = 0;
};

sys::Descriptor bound(int family) {
  auto socket = must(sys::open_stream_socket(family), "socket");
  must(sys::bind(socket.get(), loopback(family, 0)), "bind");
  return socket;
}

sys::SocketAddress address_of(const sys::Descriptor& socket) {
  return must(sys::local_address(socket.get()), "getsockname");
}

class DialerTest {
 protected:
  static auto rows() { return backend_names(); }

  const std::string backend;

  explicit DialerTest(const std::string& its_backend) : backend(its_backend) {
    for (const auto* server : {&server4, &server6}) must(sys::listen(server->get()), "listen");
    if (::listen(silent_server.get(), 0) != 0) must(sys::make_error(errno), "listen");
    full = address_of(silent_server);
    // A backlog of 0 takes one, or two, before it is full.
    for (sys::Descriptor& client : crowd) {
      client = must(sys::open_stream_socket(AF_INET), "socket");
      (void)__real_connect(client.get(), full.get(), full.length);
    }
    tried.clear();
  }

  void dial(const std::vector<sys::SocketAddress>& addresses, const DialOptions& options = {}) {
    names.add("server.test", addresses);
    dialer = std::make_unique<Dialer>(
        table, resolver, Endpoint::parse("tcp://server.test:7"),
        [this](Connection* made, std::error_code failed) {
          ++outcomes;
          connection = made;
          error = failed;
        },
        options);
  }

  void await_outcome() {
    for (int turns = 0; outcomes == 0 && turns < 3000; ++turns) reactor.turn(10ms);
    REQUIRE_EQ(outcomes, 1);
  }
  void await_tries(std::size_t count) {
    for (int turns = 0; tried.size() < count && turns < 3000; ++turns) reactor.turn(10ms);
    REQUIRE_EQ(tried.size(), count);
  }
  // Moves the clock, and looks whether that made a difference.
  void pass(Nanoseconds time) {
    fake_now() += time;
    for (int turns = 0; turns < 3; ++turns) reactor.turn(1ms);
  }

  FakeNames names;
  sys::Descriptor server4 = bound(AF_INET);
  sys::Descriptor server6 = bound(AF_INET6);
  sys::Descriptor closed4 = bound(AF_INET);
  sys::Descriptor closed6 = bound(AF_INET6);
  sys::Descriptor silent_server = bound(AF_INET);
  std::array<sys::Descriptor, 4> crowd;
  const sys::SocketAddress good4 = address_of(server4);
  const sys::SocketAddress good6 = address_of(server6);
  const sys::SocketAddress refusing4 = address_of(closed4);
  const sys::SocketAddress refusing6 = address_of(closed6);
  Reactor reactor{find_backend(backend).make()};
  Resolver resolver{reactor};
  Keeper keeper;
  ConnectionTable table{reactor, keeper};
  std::unique_ptr<Dialer> dialer;
  int outcomes = 0;
  Connection* connection = nullptr;
  std::error_code error;
};

using Addresses = std::vector<sys::SocketAddress>;

CASES_FIXTURE(DialerTest, "dialer: the first address that connects is the only one that is tried") {
  dial({good6, good4});
  await_outcome();
  REQUIRE_NE(connection, nullptr);
  CHECK_EQ(keeper.opened, 1);
  CHECK_EQ(tried, Addresses{good6});
  pass(10min);
  CHECK_EQ(outcomes, 1);
  CHECK_EQ(table.size(), 1U);
}

CASES_FIXTURE(DialerTest, "dialer: an address that fails hands over to the next at once") {
  dial({unreachable6, refusing4, refusing6, good4});
  await_outcome();  // and no time has passed
  CHECK_NE(connection, nullptr);
  CHECK_EQ(tried, (Addresses{unreachable6, refusing4, refusing6, good4}));
}

CASES_FIXTURE(DialerTest,
              "dialer: an address that does not answer keeps its head start, and no more") {
  dial({silent, good6});
  await_tries(1);
  pass(249ms);
  CHECK_EQ(tried, Addresses{silent});
  CHECK_EQ(outcomes, 0);
  pass(1ms);
  await_outcome();
  CHECK_NE(connection, nullptr);
  CHECK_EQ(tried, (Addresses{silent, good6}));
}

struct DialerOverOneBackend : DialerTest {  // it takes a second, and the poller no part
  using DialerTest::DialerTest;
  static std::vector<std::string> rows() { return {backend_names().front()}; }
};

CASES_FIXTURE(DialerOverOneBackend, "dialer: the first may still win after the second has begun") {
  dial({silent, silent, refusing6}, {.attempt_delay = 20ms});
  await_tries(1);
  pass(20ms);
  CHECK_EQ(tried, (Addresses{silent, refusing6}));
  CHECK_EQ(outcomes, 0);  // the second was refused; there is still the first
  // The kernel sends the SYN again after a second of its own, and then there is room.
  std::vector<sys::Descriptor> accepted;
  for (int turns = 0; outcomes == 0 && turns < 3000; ++turns) {
    reactor.turn(10ms);
    if (auto client = sys::accept(silent_server.get())) {
      accepted.push_back(std::move(client->socket));
    }
  }
  CHECK_NE(connection, nullptr);
}

CASES_FIXTURE(
    DialerTest,
    "dialer: a second address that fails leaves the first its chance and the third its turn") {
  dial({silent, unreachable6, good4});
  await_tries(1);
  pass(250ms);
  await_outcome();
  CHECK_NE(connection, nullptr);
  CHECK_EQ(tried, (Addresses{silent, unreachable6, good4}));
}

CASES_FIXTURE(DialerTest, "dialer: if no address answers, it times out") {
  dial({silent}, {.timeout = 3s});
  await_tries(1);
  pass(2999ms);
  CHECK_EQ(outcomes, 0);
  pass(1ms);
  await_outcome();
  CHECK_EQ(error, std::errc::timed_out);
  CHECK_EQ(connection, nullptr);
}

CASES_FIXTURE(DialerTest, "dialer: a lookup that takes too long times out") {
  names.hold();
  dial({good4}, {.timeout = 3s});
  names.await_held(1);
  pass(3s);
  await_outcome();
  CHECK_EQ(error, std::errc::timed_out);
  names.release();
  pass(1s);
  CHECK(tried.empty());
}

struct Verdict {
  Addresses addresses;
  std::errc error;
};

CASES_FIXTURE(DialerTest, "dialer: refused is told from unreachable in any order") {
  const Verdict verdicts[] = {
      {{refusing4}, std::errc::connection_refused},
      {{unreachable}, std::errc::network_unreachable},
      {{unreachable6, refusing4}, std::errc::connection_refused},
      {{refusing4, unreachable6}, std::errc::connection_refused},
      {{unreachable6, unreachable}, std::errc::network_unreachable},
  };
  for (const Verdict& verdict : verdicts) {
    outcomes = 0;
    dial(verdict.addresses);
    await_outcome();
    CHECK_EQ(error, verdict.error);
  }
}

// The deadline said that nobody had answered, though one had.
CASES_FIXTURE(DialerTest,
              "dialer: one refusal and one silence are a refusal when the time is over") {
  dial({silent, refusing4, unreachable6}, {.timeout = 3s});
  await_tries(1);
  pass(250ms);
  await_tries(3);
  CHECK_EQ(outcomes, 0);
  pass(3s);
  await_outcome();
  CHECK_EQ(error, std::errc::connection_refused);
}

CASES_FIXTURE(DialerTest, "dialer: one unreachable address and one silence are a timeout") {
  dial({unreachable6, silent}, {.timeout = 3s});
  await_tries(2);
  pass(3s);
  await_outcome();
  CHECK_EQ(error, std::errc::timed_out);
}

CASES_FIXTURE(DialerTest, "dialer: a name that does not exist is an error of the resolver") {
  dial({});
  await_outcome();
  CHECK_EQ(error, std::error_code(EAI_NONAME, sys::resolver_category()));
}

CASES_FIXTURE(DialerTest, "dialer: a source address goes with addresses of its family only") {
  DialOptions options;
  options.source = loopback(AF_INET, 0);
  dial({good6, good4}, options);
  await_outcome();
  CHECK_NE(connection, nullptr);
  CHECK_EQ(tried, Addresses{good4});
  outcomes = 0;
  dial({good6}, options);
  await_outcome();
  CHECK_EQ(error, std::errc::address_family_not_supported);
}

CASES_FIXTURE(DialerTest, "dialer: a table that is shutting down takes nobody from any address") {
  dial({good6, good4});
  table.shut_down(1s, [] {});
  await_outcome();
  CHECK_EQ(error, std::errc::operation_canceled);
  CHECK_EQ(tried, Addresses{good6});
}

CASES_FIXTURE(DialerTest,
              "dialer: destroyed at any time, it says nothing and leaves nothing behind") {
  dial({good4});
  dialer.reset();  // while the name is looked up
  dial({silent, silent, good6}, {.attempt_delay = 20ms});
  await_tries(1);
  dialer.reset();  // while it connects
  pass(10min);
  CHECK_EQ(outcomes, 0);
  CHECK_EQ(tried.size(), 1U);
  CHECK_EQ(table.size(), 0U);
}

CASES_FIXTURE(DialerTest, "dialer: its callback may destroy it") {
  bool told = false;
  names.add("server.test", {unreachable6, good4});
  dialer = std::make_unique<Dialer>(table, resolver, Endpoint::parse("tcp://server.test:7"),
                                    [&](Connection* made, std::error_code) {
                                      dialer.reset();
                                      told = made != nullptr;
                                    });
  while (dialer != nullptr) reactor.turn(10ms);
  CHECK(told);
  CHECK_EQ(table.size(), 1U);
}

CASES_FIXTURE(DialerTest, "dialer: the service that it connects for may destroy it") {
  keeper.on_opened = [&] { dialer.reset(); };
  dial({good4});
  while (keeper.opened == 0) reactor.turn(10ms);
  CHECK_EQ(outcomes, 0);
  CHECK_EQ(table.size(), 1U);
}

// Timers, lookups and registrations of one whose constructor had thrown came back to it.
// Not over kqueue, whose kernel is a shim here, which needs memory itself.
struct DialerWithoutMemory : DialerTest {
  using DialerTest::DialerTest;
  static auto rows() {
    auto names = backend_names();
    std::erase(names, "kqueue");
    return names;
  }
};

CASES_FIXTURE(DialerWithoutMemory, "dialer: whichever allocation fails, nothing is left behind") {
  const Addresses addresses{refusing6, good4};
  names.add("server.test", addresses);
  const Endpoint server = Endpoint::parse("tcp://server.test:7");
  const auto told = [this](Connection*, std::error_code) { ++outcomes; };
  bool failed = true;
  for (std::uint64_t number = 1; failed; ++number) {
    INFO(number);
    outcomes = 0;
    const auto survives = [&](const auto& step) {
      try {
        step();
        return true;
      } catch (const std::bad_alloc&) {
        return false;
      }
    };
    fail_allocation(number);
    const bool made =
        survives([&] { dialer = std::make_unique<Dialer>(table, resolver, server, told); });
    while (made && outcomes == 0 && survives([this] { reactor.turn(10ms); })) {
    }
    failed = allocations() >= number;
    fail_allocation(0);
    pass(10s);  // what has lost its way runs into the timeout
    CHECK_EQ(outcomes, made ? 1 : 0);
    dialer.reset();
    table.for_each([](Connection& left) { left.close(); });
    pass(10min);
    CHECK_EQ(table.size(), 0U);
  }
}

sys::SocketAddress address(const char* host) {
  return sys::resolve_numeric(host, 7).addresses.front();
}

TEST_CASE("dialer: families take turns, the first one first, and each address comes once") {
  const auto a = address("2001:db8::a");
  const auto b = address("2001:db8::b");
  const auto c = address("2001:db8::c");
  const auto x = address("192.0.2.10");
  const auto y = address("192.0.2.11");
  CHECK_EQ(interleaved({}), Addresses{});
  CHECK_EQ(interleaved({a}), Addresses{a});
  CHECK_EQ(interleaved({a, b, x, y}), (Addresses{a, x, b, y}));
  CHECK_EQ(interleaved({x, y, a, b}), (Addresses{x, a, y, b}));
  CHECK_EQ(interleaved({a, b, c, x}), (Addresses{a, x, b, c}));
  CHECK_EQ(interleaved({x, a, b, c}), (Addresses{x, a, b, c}));
  CHECK_EQ(interleaved({x, x, a, x, a}), (Addresses{x, a}));
}

}  // namespace
}  // namespace switchboard::test
