// Exceptional conditions, over every backend that can tell of them: urgent data of TCP, which is
// reported only to those that ask for it.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "switchboard/reactor/reactor.hpp"

#include "support/backends.hpp"
#include "support/sockets.hpp"
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

using namespace std::chrono_literals;

constexpr Interest readable{.readable = true};
constexpr Interest urgent{.readable = true, .priority = true};
constexpr Interest everything{.readable = true, .writable = true, .priority = true};

std::string text_of(Readiness readiness) {
  return std::string(readiness.readable ? "r" : "") + (readiness.writable ? "w" : "") +
         (readiness.priority ? "p" : "");
}

class UrgentData {
 protected:
  static auto rows() { return places({"IPv4", "IPv6"}); }
  explicit UrgentData(const Place& its_place) : place(its_place) {}

  // False where this backend cannot tell: then it has refused, and nothing is watched.
  bool add(Interest interest) {
    const auto error = poller_->add(ours(), {7, 1}, interest);
    if (!error) return true;
    CHECK_EQ(error, std::errc::operation_not_supported);
    CHECK_EQ(place.backend, "libevent");
    CHECK_EQ(poller_->add(ours(), {7, 1}, readable), std::error_code{});
    CHECK_EQ(poller_->modify(ours(), {7, 1}, interest), std::errc::operation_not_supported);
    return false;
  }
  std::string wait(Timeout timeout) {
    const auto events = poller_->wait(timeout);
    return events.empty() ? "" : text_of(events.front().readiness);
  }
  void expect_soon(const std::string& readiness) {
    std::string seen = wait(100ms);
    for (int i = 0; i < 100 && seen != readiness; ++i) seen = wait(100ms);
    CHECK_EQ(seen, readiness);
  }
  int ours() const { return pair_.ours.get(); }
  int theirs() const { return pair_.theirs.get(); }
  void send_urgent(char byte) {
    must(sys::send_urgent(theirs(), static_cast<std::byte>(byte)), "send with MSG_OOB");
  }
  void expect_urgent(char byte) {
    CHECK_EQ(must(sys::receive_urgent(ours()), "recv with MSG_OOB"), static_cast<std::byte>(byte));
  }

  int family() const { return place.family == "IPv4" ? AF_INET : AF_INET6; }

  const Place place;
  std::unique_ptr<Poller> poller_ = find_backend(place.backend).make();
  SocketPair pair_ = tcp_pair(family());
};

CASES_FIXTURE(UrgentData,
              "urgent data: it is reported until it is taken, and makes nothing readable") {
  if (!add(urgent)) return;
  CHECK_EQ(wait(0ms), "");
  send_urgent('!');
  expect_soon("p");
  CHECK_EQ(wait(0ms), "p");
  expect_urgent('!');
  CHECK_EQ(wait(0ms), "");
  CHECK_EQ(sys::receive_urgent(ours()).error(), std::errc::invalid_argument);
}

CASES_FIXTURE(UrgentData, "urgent data: it overtakes bytes that were sent before it") {
  if (!add(urgent)) return;
  send_text(theirs(), "before");
  send_urgent('!');
  expect_soon("rp");
  expect_urgent('!');
  CHECK_EQ(wait(0ms), "r");
  CHECK_EQ(drain(ours()), 6U);
  send_text(theirs(), "behind");
  expect_soon("r");
}

CASES_FIXTURE(UrgentData, "urgent data: it comes in one event with everything else") {
  if (!add(everything)) return;
  send_text(theirs(), "x");
  send_urgent('!');
  expect_soon("rwp");
}

CASES_FIXTURE(UrgentData, "urgent data: it is not reported unless asked for") {
  if (!add(readable)) return;
  send_urgent('!');
  send_text(theirs(), "x");
  expect_soon("r");
  CHECK_EQ(drain(ours()), 1U);
  CHECK_EQ(wait(10ms), "");
}

CASES_FIXTURE(UrgentData, "urgent data: the interest in it comes and goes") {
  if (!add(urgent)) return;
  send_urgent('!');
  expect_soon("p");
  must(poller_->modify(ours(), {7, 1}, readable), "modify");
  CHECK_EQ(wait(10ms), "");
  must(poller_->modify(ours(), {7, 1}, urgent), "modify");
  CHECK_EQ(wait(10ms), "p");
  poller_->remove(ours());
  CHECK_EQ(wait(10ms), "");
  REQUIRE(add(readable));
  CHECK_EQ(wait(10ms), "");
}

// select's third bitmap is there for those who ask, and as long as one of them does.
CASES_FIXTURE(UrgentData,
              "urgent data: the one socket that has it is found among many that watch for it") {
  if (!add(urgent)) return;
  std::vector<SocketPair> others;
  for (std::uint32_t i = 0; i < 100; ++i) {
    others.push_back(tcp_pair(family()));
    must(poller_->add(others.back().ours.get(), {100 + i, 1}, i % 3 == 0 ? urgent : readable),
         "add");
  }
  poller_->remove(ours());
  for (std::uint32_t i = 3; i < 100; ++i) poller_->remove(others[i].ours.get());
  must(sys::send_urgent(others[0].theirs.get(), std::byte{'!'}), "send with MSG_OOB");
  const auto events = poller_->wait(10s);
  REQUIRE_EQ(events.size(), 1U);
  CHECK_EQ(events[0].token, (Token{100, 1}));
  CHECK_EQ(text_of(events[0].readiness), "p");
}

struct Watcher final : EventHandler {
  void on_ready(Readiness readiness) override { seen = text_of(readiness); }
  std::string seen;
};

CASES_FIXTURE(UrgentData, "urgent data: it reaches the handler through the reactor") {
  Reactor reactor{find_backend(place.backend).make()};
  Watcher watcher;
  const Token token = reactor.register_handler(ours(), watcher);
  if (const auto error = reactor.set_interest(token, urgent)) {
    CHECK_EQ(error, std::errc::operation_not_supported);
    CHECK_FALSE(reactor.interest(token).any());
  } else {
    CHECK_EQ(reactor.interest(token), urgent);
    send_urgent('!');
    for (int turns = 0; watcher.seen.empty() && turns < 100; ++turns) reactor.turn(100ms);
    CHECK_EQ(watcher.seen, "p");
    expect_urgent('!');
  }
  reactor.deregister(token);
}

}  // namespace
}  // namespace switchboard::test
