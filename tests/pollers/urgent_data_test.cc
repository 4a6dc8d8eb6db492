// Exceptional conditions, over every backend that can tell of them: urgent data of TCP, which only
// those hear of who ask.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "switchboard/reactor/reactor.hpp"

#include "support/backends.hpp"
#include "support/sockets.hpp"

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

using Where = std::tuple<std::string, int>;  // backend, family

class UrgentData : public testing::TestWithParam<Where> {
 protected:
  // False where this backend cannot tell: then it has refused, and nothing is watched.
  bool add(Interest interest) {
    const auto error = poller_->add(ours(), {7, 1}, interest);
    if (!error) return true;
    EXPECT_EQ(error, std::errc::operation_not_supported);
    EXPECT_EQ(std::get<0>(GetParam()), "libevent");
    EXPECT_EQ(poller_->add(ours(), {7, 1}, readable), std::error_code{});
    EXPECT_EQ(poller_->modify(ours(), {7, 1}, interest), std::errc::operation_not_supported);
    return false;
  }
  std::string wait(Timeout timeout) {
    const auto events = poller_->wait(timeout);
    return events.empty() ? "" : text_of(events.front().readiness);
  }
  void expect_soon(const std::string& readiness) {
    for (int i = 0; wait(100ms) != readiness; ++i) ASSERT_LT(i, 100) << readiness;
  }
  int ours() const { return pair_.ours.get(); }
  int theirs() const { return pair_.theirs.get(); }
  void send_urgent(char byte) {
    must(sys::send_urgent(theirs(), static_cast<std::byte>(byte)), "send with MSG_OOB");
  }
  void expect_urgent(char byte) {
    EXPECT_EQ(must(sys::receive_urgent(ours()), "recv with MSG_OOB"), static_cast<std::byte>(byte));
  }

  std::unique_ptr<Poller> poller_ = find_backend(std::get<0>(GetParam())).make();
  SocketPair pair_ = tcp_pair(std::get<1>(GetParam()));
};

INSTANTIATE_TEST_SUITE_P(Backends, UrgentData,
                         testing::Combine(testing::ValuesIn(backend_names()),
                                          testing::Values(AF_INET, AF_INET6)),
                         [](const testing::TestParamInfo<Where>& where) {
                           return std::get<0>(where.param) +
                                  (std::get<1>(where.param) == AF_INET ? "_IPv4" : "_IPv6");
                         });

TEST_P(UrgentData, IsReportedUntilItIsTakenAndDoesNotMakeReadable) {
  if (!add(urgent)) return;
  EXPECT_EQ(wait(0ms), "");
  send_urgent('!');
  expect_soon("p");
  EXPECT_EQ(wait(0ms), "p");
  expect_urgent('!');
  EXPECT_EQ(wait(0ms), "");
  EXPECT_EQ(sys::receive_urgent(ours()).error(), std::errc::invalid_argument);
}

TEST_P(UrgentData, PassesWhatWasSentBeforeIt) {
  if (!add(urgent)) return;
  send_text(theirs(), "before");
  send_urgent('!');
  expect_soon("rp");
  expect_urgent('!');
  EXPECT_EQ(wait(0ms), "r");
  EXPECT_EQ(drain(ours()), 6U);
  send_text(theirs(), "behind");
  expect_soon("r");
}

TEST_P(UrgentData, ComesInOneEventWithAllElse) {
  if (!add(everything)) return;
  send_text(theirs(), "x");
  send_urgent('!');
  expect_soon("rwp");
}

TEST_P(UrgentData, IsNotReportedToWhoDidNotAsk) {
  if (!add(readable)) return;
  send_urgent('!');
  send_text(theirs(), "x");
  expect_soon("r");
  EXPECT_EQ(drain(ours()), 1U);
  EXPECT_EQ(wait(10ms), "");
}

TEST_P(UrgentData, TheInterestInItComesAndGoes) {
  if (!add(urgent)) return;
  send_urgent('!');
  expect_soon("p");
  must(poller_->modify(ours(), {7, 1}, readable), "modify");
  EXPECT_EQ(wait(10ms), "");
  must(poller_->modify(ours(), {7, 1}, urgent), "modify");
  EXPECT_EQ(wait(10ms), "p");
  poller_->remove(ours());
  EXPECT_EQ(wait(10ms), "");
  ASSERT_TRUE(add(readable));
  EXPECT_EQ(wait(10ms), "");
}

// select's third bitmap is there for those who ask, and as long as one of them does.
TEST_P(UrgentData, OneOfManyWhoWatchForItIsFound) {
  if (!add(urgent)) return;
  std::vector<SocketPair> others;
  for (std::uint32_t i = 0; i < 100; ++i) {
    others.push_back(tcp_pair(std::get<1>(GetParam())));
    must(poller_->add(others.back().ours.get(), {100 + i, 1}, i % 3 == 0 ? urgent : readable),
         "add");
  }
  poller_->remove(ours());
  for (std::uint32_t i = 3; i < 100; ++i) poller_->remove(others[i].ours.get());
  must(sys::send_urgent(others[0].theirs.get(), std::byte{'!'}), "send with MSG_OOB");
  const auto events = poller_->wait(10s);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].token, (Token{100, 1}));
  EXPECT_EQ(text_of(events[0].readiness), "p");
}

struct Watcher final : EventHandler {
  void on_ready(Readiness readiness) override { seen = text_of(readiness); }
  std::string seen;
};

TEST_P(UrgentData, ReachesTheHandlerThroughTheReactor) {
  Reactor reactor{find_backend(std::get<0>(GetParam())).make()};
  Watcher watcher;
  const Token token = reactor.register_handler(ours(), watcher);
  if (const auto error = reactor.set_interest(token, urgent)) {
    EXPECT_EQ(error, std::errc::operation_not_supported);
    EXPECT_FALSE(reactor.interest(token).any());
  } else {
    EXPECT_EQ(reactor.interest(token), urgent);
    send_urgent('!');
    for (int turns = 0; watcher.seen.empty() && turns < 100; ++turns) reactor.turn(100ms);
    EXPECT_EQ(watcher.seen, "p");
    expect_urgent('!');
  }
  reactor.deregister(token);
}

}  // namespace
}  // namespace switchboard::test
