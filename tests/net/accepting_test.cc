// Accepting where a name has addresses of both families: one listener, a socket for each.
//
// A test has no say in the names this machine knows: the linker puts a resolver of ours below sys.
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "switchboard/switchboard.hpp"

#include "support/backends.hpp"
#include "support/counted_calls.hpp"
#include "support/descriptor_limit.hpp"
#include "support/sockets.hpp"
#include "support/testing.hpp"

// NOLINTBEGIN(bugprone-reserved-identifier): these names are the linker's.
extern "C" int __real_getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                                  addrinfo** found);
extern "C" int __wrap_getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                                  addrinfo** found) {
  if (name == nullptr || std::strcmp(name, "both.test") != 0) {
    return __real_getaddrinfo(name, service, hints, found);
  }
  addrinfo** end = found;
  for (const char* address : {"::1", "127.0.0.1", "127.0.0.1"}) {  // one of them in two lines
    if (const int failure = __real_getaddrinfo(address, service, hints, end)) return failure;
    end = &(*end)->ai_next;
  }
  return 0;
}

// How many ports that were picked for one address are to be taken at another.
static int ports_taken = 0;
extern "C" int __real_bind(int fd, const sockaddr* address, socklen_t length);
extern "C" int __wrap_bind(int fd, const sockaddr* address, socklen_t length) {
  // sin_port and sin6_port are at the same place.
  if (ports_taken > 0 && reinterpret_cast<const sockaddr_in*>(address)->sin_port != 0) {
    --ports_taken;
    errno = EADDRINUSE;
    return -1;
  }
  return __real_bind(fd, address, length);
}
// NOLINTEND(bugprone-reserved-identifier)

namespace switchboard::test {
namespace {

struct Counter final : ConnectionHandler {
  void on_open(Connection&) override { ++opened; }
  std::size_t on_data(Connection&, const Slice& input) override { return input.size(); }
  std::string_view last_words() override { return words; }
  std::size_t opened = 0;
  std::string_view words;
};

class Accepting {
 protected:
  static auto rows() { return backend_names(); }
  explicit Accepting(const std::string& backend) : reactor(find_backend(backend).make()) {}

  void begin_connecting(const Endpoint& endpoint) {
    const auto address = endpoint.resolve().front();
    clients.push_back(must(sys::open_stream_socket(address.family()), "socket"));
    const auto error = sys::connect(clients.back().get(), address);
    if (error && error.value() != EINPROGRESS) must(error, "connect");
  }

  Reactor reactor;
  Counter counter;
  ConnectionTable table{reactor, counter};
  std::vector<AcceptProblem> problems;
  std::optional<Listener> listener{
      std::in_place, reactor, Endpoint::parse("tcp://both.test:0"), table,
      [this](const AcceptProblem& problem) { problems.push_back(problem); }};
  std::vector<sys::Descriptor> clients;
};

CASES_FIXTURE(Accepting,
              "accepting: a name with two families gets one port, and each address once") {
  REQUIRE_EQ(listener->endpoints().size(), 2U);
  CHECK_EQ(listener->endpoints()[0].host(), "::1");
  CHECK_EQ(listener->endpoints()[1].host(), "127.0.0.1");
  CHECK_EQ(listener->endpoints()[0].port(), listener->endpoints()[1].port());
  for (const Endpoint& endpoint : listener->endpoints()) begin_connecting(endpoint);
  while (counter.opened < 2) reactor.turn();
}

CASES_FIXTURE(
    Accepting,
    "accepting: a port taken at the second address is picked anew if the kernel chose it") {
  ports_taken = 3;
  const Listener another{reactor, Endpoint::parse("tcp://both.test:0"), table, {}};
  CHECK_EQ(ports_taken, 0);
  REQUIRE_EQ(another.endpoints().size(), 2U);
  CHECK_EQ(another.endpoints()[0].port(), another.endpoints()[1].port());

  ports_taken = 1;  // where the port is not for the kernel to pick, it is told
  const Endpoint chosen = Endpoint::parse("tcp://both.test:0").with_port(1024);
  CHECK_THROWS_AS((Listener{reactor, chosen, table, {}}), std::system_error);
  CHECK_EQ(ports_taken, 0);
}

CASES_FIXTURE(Accepting, "accepting: a listener may die while a full process makes it pause") {
  for (const Endpoint& endpoint : listener->endpoints()) begin_connecting(endpoint);
  {
    const DescriptorLimit limit{static_cast<std::size_t>(clients.back().get()) + 1};
    const CountedCalls calls;
    reactor.turn();
    reactor.turn(Nanoseconds::zero());
    CHECK_MESSAGE(calls.accepts() == 2U,
                  "one that failed, one that turned a client away; then a pause");
  }
  REQUIRE_EQ(problems.size(), 1U);
  CHECK_EQ(problems[0].occurrences, 1U);
  CHECK_EQ(problems[0].turned_away, 1U);
  listener.reset();
  bool later = false;
  reactor.call_after(Listener::pause * 2, [&] { later = true; });
  while (!later) reactor.turn();
  CHECK_EQ(counter.opened, 0U);
}

CASES_FIXTURE(Accepting, "accepting: a client that is turned away is told so") {
  counter.words = "full";
  begin_connecting(listener->endpoint());
  {
    const DescriptorLimit limit{static_cast<std::size_t>(clients.back().get()) + 1};
    while (problems.empty()) reactor.turn();
  }
  await(clients.back().get(), POLLIN);
  std::array<char, 8> got{};
  const auto received = sys::receive(clients.back().get(), std::as_writable_bytes(std::span{got}));
  REQUIRE(received);
  CHECK_EQ(std::string_view(got.data(), *received), "full");
}

CASES_FIXTURE(Accepting,
              "accepting: after the pause of a full process, every address is listened on again") {
  for (const Endpoint& endpoint : listener->endpoints()) begin_connecting(endpoint);
  {
    const DescriptorLimit limit{static_cast<std::size_t>(clients.back().get()) + 1};
    while (problems.empty()) reactor.turn();
  }
  for (const Endpoint& endpoint : listener->endpoints()) begin_connecting(endpoint);
  while (counter.opened < 3) reactor.turn();
  CHECK_EQ(problems.size(), 1U);
}

int option_of(int fd, int level, int name) {
  int value = 0;
  socklen_t length = sizeof value;
  if (::getsockopt(fd, level, name, &value, &length) != 0) return -1;
  return value;
}

CASES_FIXTURE(Accepting,
              "accepting: accepted sockets have TCP_NODELAY and the keepalive of their table") {
  begin_connecting(listener->endpoint());
  while (counter.opened == 0) reactor.turn();
  const Endpoint client = Endpoint::from(must(sys::local_address(clients[0].get()), "getsockname"));
  int found = 0;
  for (int fd = 0; fd <= clients[0].get() + 8; ++fd) {
    const auto peer = sys::peer_address(fd);
    if (!peer || Endpoint::from(*peer) != client) continue;
    ++found;
    CHECK_EQ(option_of(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    CHECK_EQ(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    CHECK_EQ(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 60);
    CHECK_EQ(option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), 10);
    CHECK_EQ(option_of(fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
  }
  CHECK_EQ(found, 1);
}

}  // namespace
}  // namespace switchboard::test
