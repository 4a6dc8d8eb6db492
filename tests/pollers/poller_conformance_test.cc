// What poller.hpp promises, asked of every backend: all but what is ready
// (poller_readiness_test.cc).
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "switchboard/sys/process.hpp"

#include "pollers.hpp"
#include "pollers/conformance.hpp"

namespace switchboard::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

INSTANTIATE_TEST_SUITE_P(Backends, Pollers, testing::ValuesIn(backend_names()), name_of_backend);

// --- Removal.

TEST_P(Pollers, WhatIsRemovedIsNotReported) {
  const auto first = unix_pair();
  const auto second = unix_pair();
  add(first.ours.get(), token_of(1), both);
  add(second.ours.get(), token_of(2), both);
  EXPECT_THAT(wait(at_once), ElementsAre("1.1:w", "2.1:w"));
  poller_->remove(first.ours.get());
  EXPECT_THAT(wait(at_once), ElementsAre("2.1:w"));
  add(first.ours.get(), token_of(1, 2), both);
  EXPECT_THAT(wait(at_once), ElementsAre("1.2:w", "2.1:w"));
}

TEST_P(Pollers, ADescriptorReusedInsideABatchIsReportedWithItsNewTokenOnly) {
  auto old = unix_pair();
  const auto other = unix_pair();
  const int number = old.ours.get();
  add(number, token_of(1, 1), both);
  add(other.ours.get(), token_of(2), readable);
  send_text(old.theirs.get(), "for the old one");
  send_text(other.theirs.get(), "x");

  const auto batch = poller_->wait(at_once);
  EXPECT_THAT(texts_of(batch), ElementsAre("1.1:rw", "2.1:r"));
  poller_->remove(number);
  old.ours.reset();
  const auto fresh = unix_pair();
  ASSERT_EQ(fresh.ours.get(), number) << "the kernel gives out the lowest number that is free";
  add(number, token_of(1, 2), readable);
  EXPECT_THAT(texts_of(batch), ElementsAre("1.1:rw", "2.1:r"))
      << "a batch is good until the next wait";

  EXPECT_THAT(wait(at_once), ElementsAre("2.1:r")) << "the fresh one has nothing to read";
  send_text(fresh.theirs.get(), "x");
  EXPECT_THAT(wait(at_once), ElementsAre("1.2:r", "2.1:r"));
}

TEST_P(Pollers, ABatchStaysGoodWhileManyAreAddedAndRemoved) {
  const auto ready = unix_pair();
  add(ready.ours.get(), token_of(9), writable);
  const auto batch = poller_->wait(at_once);
  std::vector<SocketPair> more(200);
  for (auto& pair : more) {
    pair = unix_pair();
    add(pair.ours.get(), token_of(1), both);
  }
  must(poller_->modify(ready.ours.get(), token_of(5), readable), "modify");
  for (auto& pair : more) poller_->remove(pair.ours.get());
  poller_->remove(ready.ours.get());
  EXPECT_THAT(texts_of(batch), ElementsAre("9.1:w"));
  EXPECT_THAT(wait(at_once), IsEmpty());
}

TEST_P(Pollers, RemovingWhatIsNotWatchedDoesNothing) {
  const auto pair = unix_pair();
  const auto watched = unix_pair();
  add(watched.ours.get(), token_of(1), writable);
  for (const int fd : {-1, pair.ours.get(), closed_descriptor(), std::numeric_limits<int>::max()})
    poller_->remove(fd);
  EXPECT_THAT(wait(at_once), ElementsAre("1.1:w"));
}

TEST_P(Pollers, DestructionLeavesDescriptorsOpen) {
  const auto pair = unix_pair();
  add(pair.ours.get(), token_of(1), both);
  poller_.reset();
  ASSERT_TRUE(is_open(pair.ours.get()));
  send_text(pair.ours.get(), "x");
  EXPECT_EQ(drain(pair.theirs.get()), 1U);
}

// --- Refusals.

TEST_P(Pollers, ADescriptorThatIsNotOpenIsRefused) {
  constexpr int highest = std::numeric_limits<int>::max();
  for (const int fd : {-1, std::numeric_limits<int>::min(), closed_descriptor(), highest}) {
    EXPECT_EQ(poller_->add(fd, token_of(1), both), sys::make_error(EBADF)) << fd;
  }
  EXPECT_THAT(wait(at_once), IsEmpty());
}

TEST_P(Pollers, AddingTwiceIsRefusedAndChangesNothing) {
  const auto pair = unix_pair();
  add(pair.ours.get(), token_of(1), writable);
  EXPECT_EQ(poller_->add(pair.ours.get(), token_of(2), readable), sys::make_error(EEXIST));
  EXPECT_THAT(wait(at_once), ElementsAre("1.1:w"));
}

TEST_P(Pollers, ModifyingWhatIsNotWatchedIsRefused) {
  const auto pair = unix_pair();
  EXPECT_EQ(poller_->modify(pair.ours.get(), token_of(1), both), sys::make_error(ENOENT));
  add(pair.ours.get(), token_of(1), both);
  poller_->remove(pair.ours.get());
  EXPECT_EQ(poller_->modify(pair.ours.get(), token_of(1), both), sys::make_error(ENOENT));
  EXPECT_THAT(wait(at_once), IsEmpty());
}

TEST_P(Pollers, AfterARefusalTheNumberCanBeAddedWhenItIsOpen) {
  const int number = closed_descriptor();
  ASSERT_TRUE(poller_->add(number, token_of(1), both));
  const auto pair = unix_pair();
  ASSERT_EQ(pair.ours.get(), number);
  add(number, token_of(2), both);
  EXPECT_THAT(wait(at_once), ElementsAre("2.1:w"));
}

TEST(SelectPoller, RefusesADescriptorBeyondItsCapacity) {
  const auto poller = make_select_poller(64);
  const auto pair = unix_pair();
  const sys::Descriptor beyond{::fcntl(pair.ours.get(), F_DUPFD_CLOEXEC, 64)};
  EXPECT_EQ(poller->add(beyond.get(), token_of(1), both), sys::make_error(EMFILE));
  EXPECT_EQ(poller->modify(beyond.get(), token_of(1), both), sys::make_error(ENOENT));
  poller->remove(beyond.get());
  EXPECT_THAT(texts_of(poller->wait(at_once)), IsEmpty());

  const sys::Descriptor highest{::fcntl(pair.ours.get(), F_DUPFD_CLOEXEC, 63)};
  ASSERT_EQ(highest.get(), 63);
  must(poller->add(highest.get(), token_of(2), both), "add");
  EXPECT_THAT(texts_of(poller->wait(at_once)), ElementsAre("2.1:w"));
}

// --- Time.

TEST_P(Pollers, ATimeoutNeverEndsEarly) {
  const auto quiet = unix_pair();
  add(quiet.ours.get(), token_of(1), readable);
  const std::array<Nanoseconds, 9> timeouts{1ns,    999ns,       1us,       999us, 1ms,
                                            1500us, 1ms + 999ns, 2ms + 1ns, 20ms};
  for (int round = 0; round < 5; ++round) {
    for (const Nanoseconds timeout : timeouts) {
      const Instant start = sys::monotonic_now();
      EXPECT_THAT(wait(timeout), IsEmpty());
      EXPECT_GE((sys::monotonic_now() - start).count(), timeout.count());
    }
  }
}

TEST_P(Pollers, ATimeoutHoldsWithNothingWatched) {
  const Instant start = sys::monotonic_now();
  EXPECT_THAT(wait(1500us), IsEmpty());
  EXPECT_GE(sys::monotonic_now() - start, Nanoseconds{1500us});
  EXPECT_THAT(wait(at_once), IsEmpty());
}

TEST_P(Pollers, AZeroOrNegativeTimeoutIsALook) {
  const auto pair = unix_pair();
  add(pair.ours.get(), token_of(1), readable);
  for (const Nanoseconds timeout : {0ns, -1ns, -1000000000ns, Nanoseconds::min()}) {
    EXPECT_THAT(wait(timeout), IsEmpty());
  }
  send_text(pair.theirs.get(), "x");
  EXPECT_THAT(wait(at_once), ElementsAre("1.1:r"));
}

TEST_P(Pollers, AWaitWithoutEndOrNearlySoIsEndedByAnEvent) {
  for (const Timeout timeout : {Timeout{}, Timeout{Nanoseconds::max()}, Timeout{24h * 365}}) {
    const auto pair = unix_pair();
    add(pair.ours.get(), token_of(1), readable);
    send_text(pair.theirs.get(), "x");
    EXPECT_THAT(wait(1ms), ElementsAre("1.1:r"));  // whose timeout must not outlive it
    drain(pair.ours.get());
    std::thread sender{[fd = pair.theirs.get()] {
      must(sys::poll({}, 5ms), "poll");  // so that the wait has most likely begun
      send_text(fd, "x");
    }};
    EXPECT_THAT(wait(timeout), ElementsAre("1.1:r"));
    sender.join();
    poller_->remove(pair.ours.get());
  }
}

volatile sig_atomic_t interruptions = 0;

// A signal a millisecond, to this process, until the end of the scope.
class Interruptions {
 public:
  Interruptions() {
    interruptions = 0;
    struct sigaction action {};
    action.sa_handler = [](int) { interruptions = interruptions + 1; };
    ::sigaction(SIGALRM, &action, &old_action_);
    set_interval(1000);
  }
  Interruptions(const Interruptions&) = delete;
  Interruptions& operator=(const Interruptions&) = delete;
  ~Interruptions() {
    set_interval(0);
    ::sigaction(SIGALRM, &old_action_, nullptr);
  }

 private:
  static void set_interval(suseconds_t microseconds) {
    const itimerval interval{.it_interval = {.tv_sec = 0, .tv_usec = microseconds},
                             .it_value = {.tv_sec = 0, .tv_usec = microseconds}};
    ::setitimer(ITIMER_REAL, &interval, nullptr);
  }

  struct sigaction old_action_ {};
};

TEST_P(Pollers, AnInterruptedWaitReportsNothingAndTheNextOneGoesOn) {
  const auto pair = unix_pair();
  add(pair.ours.get(), token_of(1), readable);
  const Interruptions storm;
  while (interruptions < 20) EXPECT_THAT(wait(20ms), IsEmpty());
  send_text(pair.theirs.get(), "x");
  std::vector<std::string> events;
  while (events.empty()) events = wait(20ms);
  EXPECT_THAT(events, ElementsAre("1.1:r"));
}

// --- Many.

class ManyDescriptors : public Pollers {
 protected:
  static constexpr std::size_t count = 5'000;
  static constexpr int most_waits = 100;  // to be told of all that are ready

  void SetUp() override {
    if (sys::raise_descriptor_limit() < 2 * count + 100) {
      GTEST_SKIP() << "the hard limit on descriptors (ulimit -Hn) is below " << 2 * count + 100;
    }
    for (std::size_t i = 0; i < count; ++i) {
      pairs_.push_back(unix_pair());
      const auto refusal = poller_->add(pairs_[i].ours.get(), token_of(i), readable);
      if (refusal == sys::make_error(EMFILE)) GTEST_SKIP() << "this system's select ends sooner";
      must(refusal, "add");
    }
    ASSERT_GT(pairs_.back().ours.get(), 5'000);
  }

  // The slots reported in as many waits as it takes to be told of `wanted` of them, or in
  // most_waits.
  std::set<std::uint32_t> collect(std::size_t wanted) {
    std::set<std::uint32_t> slots;
    for (int waits = 0; waits < most_waits && slots.size() < wanted; ++waits) {
      for (const Event& event : poller_->wait(long_enough)) {
        slots.insert(event.token.slot);
        EXPECT_EQ(event.token.generation, 1U);
        EXPECT_EQ(event.readiness, readiness_) << event.token.slot;
      }
    }
    return slots;
  }

  std::vector<SocketPair> pairs_;
  Readiness readiness_{.readable = true};
};

INSTANTIATE_TEST_SUITE_P(Backends, ManyDescriptors, testing::ValuesIn(backend_names()),
                         name_of_backend);

TEST_P(ManyDescriptors, OneOfThemIsFound) {
  EXPECT_THAT(wait(at_once), IsEmpty());
  for (const std::size_t index : {std::size_t{0}, std::size_t{1}, count / 2, count - 1}) {
    send_text(pairs_[index].theirs.get(), "x");
    EXPECT_THAT(wait(long_enough), ElementsAre(text_of({token_of(index), readiness_})));
    drain(pairs_[index].ours.get());
  }
  EXPECT_THAT(wait(at_once), IsEmpty());
}

TEST_P(ManyDescriptors, AllOfThemAreReportedAlthoughNoneIsRead) {
  for (const auto& pair : pairs_) send_text(pair.theirs.get(), "x");
  EXPECT_EQ(collect(count).size(), count);
}

TEST_P(ManyDescriptors, NoneStarvesWhenAllAreReadyBothWays) {
  readiness_ = {.readable = true, .writable = true};
  for (std::size_t i = 0; i < count; ++i) {
    send_text(pairs_[i].theirs.get(), "x");
    must(poller_->modify(pairs_[i].ours.get(), token_of(i), both), "modify");
  }
  EXPECT_EQ(collect(count).size(), count);
}

TEST_P(ManyDescriptors, AfterHalfAreRemovedTheOtherHalfIsReported) {
  for (std::size_t i = 0; i < count; i += 2) poller_->remove(pairs_[i].ours.get());
  for (const auto& pair : pairs_) send_text(pair.theirs.get(), "x");
  const auto slots = collect(count / 2);
  EXPECT_EQ(slots.size(), count / 2);
  EXPECT_TRUE(std::all_of(slots.begin(), slots.end(), [](auto slot) { return slot % 2 == 1; }));
  for (std::size_t i = 1; i < count; i += 2) poller_->remove(pairs_[i].ours.get());
  EXPECT_THAT(wait(at_once), IsEmpty());
}

// --- Anything, in any order: what is reported is what a plain model says.

class Model {
 public:
  struct Line {
    SocketPair pair = unix_pair();
    Interest interest;  // neither where it is not watched
    Token token;
    bool has_bytes = false;
    bool is_full = false;
  };

  std::vector<std::string> expected() const {
    std::vector<Event> events;
    for (const Line& line : lines) {
      const Readiness ready{.readable = line.interest.readable && line.has_bytes,
                            .writable = line.interest.writable && !line.is_full};
      if (ready.readable || ready.writable) events.push_back({line.token, ready});
    }
    return texts_of(events);
  }

  std::array<Line, 16> lines;
};

TEST_P(Pollers, AgreesWithAModelThroughRandomChanges) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  const auto below = [&random](std::size_t end) {
    return static_cast<std::size_t>(random() % end);
  };
  Model model;
  for (std::uint32_t step = 0; step < 3'000; ++step) {
    Model::Line& line = model.lines[below(model.lines.size())];
    const int fd = line.pair.ours.get();
    const Interest interest = std::array{readable, writable, both}[below(3)];
    const Token token = token_of(below(1'000), step);
    const bool was_watched = line.interest.any();
    switch (below(8)) {
      case 0:
      case 1:
        ASSERT_EQ(poller_->add(fd, token, interest).value(), was_watched ? EEXIST : 0);
        if (!was_watched) line.token = token, line.interest = interest;
        break;
      case 2:
        ASSERT_EQ(poller_->modify(fd, token, interest).value(), was_watched ? 0 : ENOENT);
        if (was_watched) line.token = token, line.interest = interest;
        break;
      case 3:
        poller_->remove(fd);
        line.interest = {};
        break;
      case 4:
        poller_->remove(fd);
        line = Model::Line{};  // most often under a number that was watched before
        break;
      case 5:
        send_text(line.pair.theirs.get(), "x");
        line.has_bytes = true;
        break;
      case 6:
        drain(fd);
        line.has_bytes = false;
        break;
      default:
        line.is_full = !line.is_full;
        line.is_full ? fill(fd) : drain(line.pair.theirs.get());
    }
    ASSERT_EQ(wait(at_once), model.expected()) << "step " << step;
  }
}

}  // namespace
}  // namespace switchboard::test
