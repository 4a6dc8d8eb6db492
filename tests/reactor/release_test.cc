// How a handler ends: nobody is freed while somebody may be looking at it, and nobody needs memory
// for their end.
#include <functional>
#include <stdexcept>
#include <string>

#include "switchboard/reactor/reactor.hpp"

#include "support/backends.hpp"
#include "support/counted_memory.hpp"
#include "support/sockets.hpp"
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

// Writes down that it was released, and does what the test says.
class Guest final : public EventHandler {
 public:
  Guest(Reactor& reactor, int fd, std::string& released, char name)
      : token(reactor.register_handler(fd, *this)), released_(released), name_(name) {}

  void on_ready(Readiness) override { ready(); }
  void on_release() override {
    released_ += name_;
    release();
  }

  Token token;
  std::function<void()> ready = [] {};
  std::function<void()> release = [] {};

 private:
  std::string& released_;
  char name_;
};

class ReleaseTest {
 protected:
  SocketPair pair = unix_pair();
  Reactor reactor;
  std::string released;
  Guest a{reactor, pair.ours.get(), released, 'a'};
  Guest b{reactor, pair.ours.get(), released, 'b'};
  Guest c{reactor, pair.ours.get(), released, 'c'};
};

TEST_CASE_FIXTURE(ReleaseTest, "release: it comes once to each, in the order asked for") {
  for (const Guest* guest : {&b, &c, &a}) reactor.release_later(guest->token);
  CHECK_MESSAGE(reactor.find(b.token) == nullptr, "gone at once");
  CHECK_EQ(released, "");
  reactor.turn();
  CHECK_EQ(released, "bca");
  reactor.turn(Nanoseconds::zero());
  CHECK_EQ(released, "bca");
}

TEST_CASE_FIXTURE(ReleaseTest, "release: events of the same turn find nobody") {
  const SocketPair other = unix_pair();
  Guest d{reactor, other.ours.get(), released, 'd'};
  // The one that is told first lets both go.
  int told = 0;
  a.ready = d.ready = [&] {
    ++told;
    reactor.release_later(a.token);
    reactor.release_later(d.token);
  };
  must(reactor.set_interest(a.token, {.readable = true}), "set_interest");
  must(reactor.set_interest(d.token, {.readable = true}), "set_interest");
  send_text(pair.theirs.get(), "x");
  send_text(other.theirs.get(), "x");
  reactor.turn();
  CHECK_EQ(told, 1);
  CHECK_EQ(released, "ad");
  for (const Guest* guest : {&b, &c}) reactor.deregister(guest->token);
}

TEST_CASE_FIXTURE(
    ReleaseTest,
    "release: one asked for during a release comes in the next turn, which does not wait") {
  a.release = [&] { reactor.release_later(c.token); };
  b.release = [&] {
    // In the slot that was a's: a newcomer who goes at once is not of this turn either.
    a.token = reactor.register_handler(pair.ours.get(), a);
    a.release = [] {};
    reactor.release_later(a.token);
  };
  reactor.release_later(a.token);
  reactor.release_later(b.token);
  reactor.turn();
  CHECK_EQ(released, "ab");
  reactor.turn();
  CHECK_EQ(released, "abca");
}

TEST_CASE_FIXTURE(ReleaseTest, "release: one that throws leaves the others to the next turn") {
  b.release = [] { throw std::runtime_error("from a release"); };
  for (const Guest* guest : {&a, &b, &c}) reactor.release_later(guest->token);
  CHECK_THROWS_AS(reactor.turn(), std::runtime_error);
  CHECK_EQ(released, "ab");
  reactor.turn();
  CHECK_EQ(released, "abc");
}

TEST_CASE_FIXTURE(ReleaseTest, "release: it does not come to a handler that was forgotten") {
  for (const Guest* guest : {&a, &b, &c}) reactor.release_later(guest->token);
  reactor.forget(b);
  reactor.turn();
  CHECK_EQ(released, "ac");
  // Nor is a reactor the worse for it that ends before the turn does.
  Reactor brief;
  Guest d{brief, pair.ours.get(), released, 'd'};
  brief.release_later(d.token);
  brief.forget(d);
}

TEST_CASE_FIXTURE(ReleaseTest,
                  "release: a handler without a descriptor is told of the end of a turn") {
  Guest d{reactor, -1, released, 'd'};
  reactor.release_later(d.token);
  reactor.turn();
  CHECK_EQ(released, "d");
  for (const Guest* guest : {&a, &b, &c}) reactor.deregister(guest->token);
}

// Want of memory is the worst of moments for being unable to close anything.
TEST_CASE("release: it needs no memory") {
  std::string released(3, ' ');
  for (const std::string& backend : backend_names()) {
    INFO(backend);
    const SocketPair pair = unix_pair();
    Reactor reactor{find_backend(backend).make()};
    Guest watched{reactor, pair.ours.get(), released, 'w'};
    must(reactor.set_interest(watched.token, {.readable = true}), "set_interest");
    Guest other{reactor, pair.theirs.get(), released, 'o'};
    reactor.turn(Nanoseconds::zero());  // the first wait makes room for events
    released.clear();
    fail_allocation(1);
    reactor.release_later(watched.token);
    reactor.release_later(other.token);
    reactor.turn(Nanoseconds::zero());
    CHECK_EQ(allocations(), 0U);
    fail_allocation(0);
    CHECK_EQ(released, "wo");
  }
}

TEST_CASE("release: a reactor that ends first tells nobody") {
  std::string released;
  const SocketPair pair = unix_pair();
  {
    Reactor brief;
    Guest late{brief, pair.ours.get(), released, 'l'};
    brief.release_later(late.token);
  }
  CHECK_EQ(released, "");
}

}  // namespace
}  // namespace switchboard::test
