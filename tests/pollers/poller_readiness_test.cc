// What poller.hpp promises, asked of every backend: what is ready, and when.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "switchboard/sys/process.hpp"

#include "pollers/conformance.hpp"

namespace switchboard::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// --- What is ready: every backend, over TCP and over Unix sockets.

using BackendAndFamily = std::tuple<std::string, int>;

std::string name_of_backend_and_family(const testing::TestParamInfo<BackendAndFamily>& info) {
  const auto& [backend, family] = info.param;
  return backend + (family == AF_INET ? "_tcp4" : family == AF_INET6 ? "_tcp6" : "_unix");
}

class ReadinessOf : public testing::TestWithParam<BackendAndFamily> {
 protected:
  void add(Interest interest) { must(poller_->add(ours(), token_, interest), "add"); }
  void modify(Token token, Interest interest) {
    must(poller_->modify(ours(), token, interest), "modify");
  }
  std::vector<std::string> wait(Timeout timeout) { return texts_of(poller_->wait(timeout)); }
  // TCP takes its time, even on the loopback: looks until this, and this alone, is reported.
  void expect_soon(const std::string& event) {
    const Instant deadline = sys::monotonic_now() + *long_enough;
    while (wait(100ms) != std::vector{event}) {
      ASSERT_LT(sys::monotonic_now(), deadline) << event << " was never reported";
    }
  }
  // TCP moves bytes on to the peer after it has said that it is full, until the peer is full as
  // well.
  void fill_for_good() {
    const Instant deadline = sys::monotonic_now() + *long_enough;
    do {
      fill(ours());
      ASSERT_LT(sys::monotonic_now(), deadline) << "a full socket is still said to be writable";
    } while (!wait(10ms).empty());
  }
  int ours() const { return pair_.ours.get(); }
  int theirs() const { return pair_.theirs.get(); }

  static SocketPair make_pair() {
    const int family = std::get<int>(GetParam());
    return family == AF_UNIX ? unix_pair() : tcp_pair(family);
  }

  std::unique_ptr<Poller> poller_ = find_backend(std::get<std::string>(GetParam())).make();
  SocketPair pair_ = make_pair();
  Token token_ = token_of(7);
};

INSTANTIATE_TEST_SUITE_P(Backends, ReadinessOf,
                         testing::Combine(testing::ValuesIn(backend_names()),
                                          testing::Values(AF_INET, AF_INET6, AF_UNIX)),
                         name_of_backend_and_family);

TEST_P(ReadinessOf, ReadableIsReportedAgainUntilAllIsRead) {
  add(readable);
  EXPECT_THAT(wait(at_once), IsEmpty());
  send_text(theirs(), "two");
  for (int i = 0; i < 3; ++i) EXPECT_THAT(wait(long_enough), ElementsAre("7.1:r"));
  std::array<std::byte, 1> one{};
  must(sys::receive(ours(), one), "recv");
  EXPECT_THAT(wait(long_enough), ElementsAre("7.1:r"));
  EXPECT_EQ(drain(ours()), 2U);
  EXPECT_THAT(wait(at_once), IsEmpty());
}

TEST_P(ReadinessOf, WritableIsReportedAgainUntilTheSocketIsFull) {
  add(writable);
  for (int i = 0; i < 3; ++i) EXPECT_THAT(wait(long_enough), ElementsAre("7.1:w"));
  fill_for_good();
  const Instant deadline = sys::monotonic_now() + *long_enough;
  do drain(theirs());
  while (wait(10ms).empty() && sys::monotonic_now() < deadline);
  EXPECT_THAT(wait(at_once), ElementsAre("7.1:w"));
}

TEST_P(ReadinessOf, BothDirectionsComeInOneEvent) {
  add(both);
  EXPECT_THAT(wait(long_enough), ElementsAre("7.1:w"));
  send_text(theirs(), "x");
  expect_soon("7.1:rw");
}

TEST_P(ReadinessOf, NothingIsReportedThatWasNotAskedFor) {
  send_text(theirs(), "x");
  await(ours(), POLLIN);
  add(writable);
  for (int i = 0; i < 3; ++i) EXPECT_THAT(wait(long_enough), ElementsAre("7.1:w"));
  modify(token_, readable);
  for (int i = 0; i < 3; ++i) EXPECT_THAT(wait(long_enough), ElementsAre("7.1:r"));
}

TEST_P(ReadinessOf, InterestChangesFromEachToEach) {
  send_text(theirs(), "x");
  const std::array<std::pair<Interest, std::string>, 3> steps{
      {{readable, "7.1:r"}, {writable, "7.1:w"}, {both, "7.1:rw"}}};
  for (const auto& [before, ready_before] : steps) {
    for (const auto& [after, ready_after] : steps) {
      add(before);
      expect_soon(ready_before);
      modify(token_, after);
      EXPECT_THAT(wait(long_enough), ElementsAre(ready_after)) << "after " << ready_before;
      poller_->remove(ours());
      EXPECT_THAT(wait(at_once), IsEmpty());
    }
  }
}

TEST_P(ReadinessOf, ModifyReplacesTheToken) {
  add(both);
  send_text(theirs(), "x");
  modify(token_of(8, 2), both);
  expect_soon("8.2:rw");
  modify(token_of(~0U, ~0U), readable);
  EXPECT_THAT(wait(long_enough), ElementsAre("4294967295.4294967295:r"));
}

TEST_P(ReadinessOf, APeerThatClosedMakesReadable) {
  add(readable);
  pair_.theirs.reset();
  for (int i = 0; i < 3; ++i) {
    const auto events = poller_->wait(long_enough);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].token, token_);
    EXPECT_TRUE(events[0].readiness.readable);
  }
  EXPECT_EQ(drain(ours()), 0U);
}

TEST_P(ReadinessOf, WhatThePeerSentBeforeItClosedIsStillThere) {
  send_text(theirs(), "last words");
  pair_.theirs.reset();
  add(readable);
  ASSERT_FALSE(poller_->wait(long_enough).empty());
  EXPECT_EQ(drain(ours()), 10U);
  EXPECT_FALSE(poller_->wait(long_enough).empty());
}

TEST_P(ReadinessOf, HalfCloseMakesReadableAndLeavesWritingOpen) {
  add(readable);
  must(sys::shut_down_sending(theirs()), "shutdown");
  EXPECT_THAT(wait(long_enough), ElementsAre("7.1:r"));
  EXPECT_EQ(drain(ours()), 0U);
  modify(token_, both);
  EXPECT_THAT(wait(long_enough), ElementsAre("7.1:rw"));
  send_text(ours(), "still here");
  await(theirs(), POLLIN);
  EXPECT_EQ(drain(theirs()), 10U);
}

TEST_P(ReadinessOf, AResetWakesWhoWaitsForRoomToWrite) {
  add(writable);
  fill_for_good();
  reset_connection(std::move(pair_.theirs));
  const auto events = poller_->wait(long_enough);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_TRUE(events[0].readiness.writable);
}

TEST_P(ReadinessOf, AResetMakesReadable) {
  for (const Interest interest : {readable, both}) {
    pair_ = make_pair();
    send_text(ours(), "never read");  // what makes it a reset for a Unix socket, on Linux
    await(theirs(), POLLIN);
    add(interest);
    reset_connection(std::move(pair_.theirs));
    expect_soon(interest == both ? "7.1:rw" : "7.1:r");
    std::array<std::byte, 1> none{};
    const auto received = sys::receive(ours(), none);
    const bool is_unix = std::get<int>(GetParam()) == AF_UNIX;
    EXPECT_TRUE(received.errno_value() == ECONNRESET || (is_unix && received.ok()));
    poller_->remove(ours());
  }
}

// --- Pipes: one direction only, and hang-ups that come without any other bit.

TEST_P(Pollers, APipeIsReadableWithBytesAndAtItsEnd) {
  auto pipe = must(sys::open_pipe(), "pipe");
  add(pipe.reader.get(), token_of(1), readable);
  EXPECT_THAT(wait(at_once), IsEmpty());
  sys::wake(pipe.writer.get());
  EXPECT_THAT(wait(long_enough), ElementsAre("1.1:r"));
  sys::drain_pipe(pipe.reader.get());
  EXPECT_THAT(wait(at_once), IsEmpty());
  pipe.writer.reset();
  for (int i = 0; i < 2; ++i) {
    const auto events = poller_->wait(long_enough);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_TRUE(events[0].readiness.readable);
  }
}

TEST_P(Pollers, AFullPipeIsWritableOnceItsReaderIsGone) {
  auto pipe = must(sys::open_pipe(), "pipe");
  const std::array<char, 4096> block{};
  while (sys::write(pipe.writer.get(), block)) continue;
  add(pipe.writer.get(), token_of(1), writable);
  EXPECT_THAT(wait(at_once), IsEmpty());
  pipe.reader.reset();
  const auto events = poller_->wait(long_enough);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_TRUE(events[0].readiness.writable);
}

}  // namespace
}  // namespace switchboard::test
