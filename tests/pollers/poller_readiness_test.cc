// The promises of poller.hpp, asked of every backend: readiness, and when it is reported.
#include <fcntl.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "switchboard/sys/process.hpp"

#include "pollers/conformance.hpp"
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

// --- Readiness: every backend, over TCP and over Unix sockets.

class ReadinessOf {
 protected:
  static auto rows() { return places(); }
  explicit ReadinessOf(const Place& its_place) : place(its_place) {}

  bool is_unix() const { return place.family == "Unix"; }
  void add(Interest interest) { must(poller_->add(ours(), token_, interest), "add"); }
  void modify(Token token, Interest interest) {
    must(poller_->modify(ours(), token, interest), "modify");
  }
  std::vector<std::string> wait(Timeout timeout) { return texts_of(poller_->wait(timeout)); }
  // TCP takes its time, even on the loopback: looks until this, and this alone, is reported.
  void expect_soon(const std::string& event) {
    const Instant deadline = sys::monotonic_now() + *long_enough;
    for (Texts seen; (seen = wait(100ms)) != Texts{event};) {
      REQUIRE_MESSAGE(sys::monotonic_now() < deadline, "waited for ", event, ", last saw ", seen);
    }
  }
  // TCP moves bytes on to the peer after it has said that it is full, until the peer is full as
  // well.
  void fill_for_good() {
    const Instant deadline = sys::monotonic_now() + *long_enough;
    do {
      fill(ours());
      REQUIRE_MESSAGE(sys::monotonic_now() < deadline,
                      "waited for a full socket not to be writable any more");
    } while (!wait(10ms).empty());
  }
  int ours() const { return pair_.ours.get(); }
  int theirs() const { return pair_.theirs.get(); }

  SocketPair make_pair() const {
    return is_unix() ? unix_pair() : tcp_pair(place.family == "IPv4" ? AF_INET : AF_INET6);
  }

  const Place place;
  std::unique_ptr<Poller> poller_ = find_backend(place.backend).make();
  SocketPair pair_ = make_pair();
  Token token_ = token_of(7);
};

CASES_FIXTURE(ReadinessOf, "poller: a readable socket is reported again until all is read") {
  add(readable);
  CHECK_EQ(wait(at_once), Texts{});
  send_text(theirs(), "two");
  for (int i = 0; i < 3; ++i) CHECK_EQ(wait(long_enough), Texts{"7.1:r"});
  std::array<std::byte, 1> one{};
  must(sys::receive(ours(), one), "recv");
  CHECK_EQ(wait(long_enough), Texts{"7.1:r"});
  CHECK_EQ(drain(ours()), 2U);
  CHECK_EQ(wait(at_once), Texts{});
}

CASES_FIXTURE(ReadinessOf, "poller: a writable socket is reported again until it is full") {
  add(writable);
  for (int i = 0; i < 3; ++i) CHECK_EQ(wait(long_enough), Texts{"7.1:w"});
  fill_for_good();
  const Instant deadline = sys::monotonic_now() + *long_enough;
  do drain(theirs());
  while (wait(10ms).empty() && sys::monotonic_now() < deadline);
  CHECK_EQ(wait(at_once), Texts{"7.1:w"});
}

CASES_FIXTURE(ReadinessOf, "poller: both directions come in one event") {
  add(both);
  CHECK_EQ(wait(long_enough), Texts{"7.1:w"});
  send_text(theirs(), "x");
  expect_soon("7.1:rw");
}

CASES_FIXTURE(ReadinessOf, "poller: a direction that was not asked for is not reported") {
  send_text(theirs(), "x");
  await(ours(), POLLIN);
  add(writable);
  for (int i = 0; i < 3; ++i) CHECK_EQ(wait(long_enough), Texts{"7.1:w"});
  modify(token_, readable);
  for (int i = 0; i < 3; ++i) CHECK_EQ(wait(long_enough), Texts{"7.1:r"});
}

CASES_FIXTURE(ReadinessOf, "poller: the interest can change from each kind to each") {
  send_text(theirs(), "x");
  struct Step {
    Interest interest;
    std::string event;
  };
  const std::array steps{Step{readable, "7.1:r"}, Step{writable, "7.1:w"}, Step{both, "7.1:rw"}};
  for (const Step& before : steps) {
    for (const Step& after : steps) {
      add(before.interest);
      expect_soon(before.event);
      modify(token_, after.interest);
      INFO("after ", before.event);
      CHECK_EQ(wait(long_enough), Texts{after.event});
      poller_->remove(ours());
      CHECK_EQ(wait(at_once), Texts{});
    }
  }
}

CASES_FIXTURE(ReadinessOf, "poller: modifying replaces the token") {
  add(both);
  send_text(theirs(), "x");
  modify(token_of(8, 2), both);
  expect_soon("8.2:rw");
  modify(token_of(~0U, ~0U), readable);
  CHECK_EQ(wait(long_enough), Texts{"4294967295.4294967295:r"});
}

CASES_FIXTURE(ReadinessOf, "poller: a socket whose peer has closed is readable") {
  add(readable);
  pair_.theirs.reset();
  for (int i = 0; i < 3; ++i) {
    const auto events = poller_->wait(long_enough);
    REQUIRE_EQ(events.size(), 1U);
    CHECK_EQ(events[0].token, token_);
    CHECK(events[0].readiness.readable);
  }
  CHECK_EQ(drain(ours()), 0U);
}

CASES_FIXTURE(ReadinessOf, "poller: bytes that the peer sent before it closed are still there") {
  send_text(theirs(), "last words");
  pair_.theirs.reset();
  add(readable);
  REQUIRE_FALSE(poller_->wait(long_enough).empty());
  CHECK_EQ(drain(ours()), 10U);
  CHECK_FALSE(poller_->wait(long_enough).empty());
}

CASES_FIXTURE(ReadinessOf,
              "poller: a half close makes the socket readable and leaves writing open") {
  add(readable);
  must(sys::shut_down_sending(theirs()), "shutdown");
  CHECK_EQ(wait(long_enough), Texts{"7.1:r"});
  CHECK_EQ(drain(ours()), 0U);
  modify(token_, both);
  CHECK_EQ(wait(long_enough), Texts{"7.1:rw"});
  send_text(ours(), "still here");
  await(theirs(), POLLIN);
  CHECK_EQ(drain(theirs()), 10U);
}

CASES_FIXTURE(ReadinessOf, "poller: a reset ends the wait for room to write") {
  add(writable);
  fill_for_good();
  reset_connection(std::move(pair_.theirs));
  const auto events = poller_->wait(long_enough);
  REQUIRE_EQ(events.size(), 1U);
  CHECK(events[0].readiness.writable);
}

CASES_FIXTURE(ReadinessOf, "poller: a reset makes the socket readable") {
  for (const Interest interest : {readable, both}) {
    pair_ = make_pair();
    send_text(ours(), "never read");  // what makes it a reset for a Unix socket, on Linux
    await(theirs(), POLLIN);
    add(interest);
    reset_connection(std::move(pair_.theirs));
    expect_soon(interest == both ? "7.1:rw" : "7.1:r");
    std::array<std::byte, 1> none{};
    const auto received = sys::receive(ours(), none);
    CHECK((received.errno_value() == ECONNRESET || (is_unix() && received.ok())));
    poller_->remove(ours());
  }
}

// --- Pipes: one direction only, and hang-ups that come without any other bit.

CASES_FIXTURE(Pollers, "poller: a pipe is readable while it holds bytes, and at its end") {
  auto pipe = must(sys::open_pipe(), "pipe");
  add(pipe.reader.get(), token_of(1), readable);
  CHECK_EQ(wait(at_once), Texts{});
  sys::wake(pipe.writer.get());
  CHECK_EQ(wait(long_enough), Texts{"1.1:r"});
  sys::drain_pipe(pipe.reader.get());
  CHECK_EQ(wait(at_once), Texts{});
  pipe.writer.reset();
  for (int i = 0; i < 2; ++i) {
    const auto events = poller_->wait(long_enough);
    REQUIRE_EQ(events.size(), 1U);
    CHECK(events[0].readiness.readable);
  }
}

CASES_FIXTURE(Pollers, "poller: a full pipe is writable once its reader is gone") {
  auto pipe = must(sys::open_pipe(), "pipe");
  const std::array<char, 4096> block{};
  while (sys::write(pipe.writer.get(), block)) continue;
  add(pipe.writer.get(), token_of(1), writable);
  CHECK_EQ(wait(at_once), Texts{});
  pipe.reader.reset();
  const auto events = poller_->wait(long_enough);
  REQUIRE_EQ(events.size(), 1U);
  CHECK(events[0].readiness.writable);
}

}  // namespace
}  // namespace switchboard::test
