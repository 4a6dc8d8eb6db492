// The promises of poller.hpp, asked of every backend: all but readiness, which
// poller_readiness_test.cc asks for.
#include <fcntl.h>
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
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

// --- Removal.

CASES_FIXTURE(Pollers, "poller: a removed descriptor is not reported") {
  const auto first = unix_pair();
  const auto second = unix_pair();
  add(first.ours.get(), token_of(1), both);
  add(second.ours.get(), token_of(2), both);
  CHECK_EQ(wait(at_once), Texts{"1.1:w", "2.1:w"});
  poller_->remove(first.ours.get());
  CHECK_EQ(wait(at_once), Texts{"2.1:w"});
  add(first.ours.get(), token_of(1, 2), both);
  CHECK_EQ(wait(at_once), Texts{"1.2:w", "2.1:w"});
}

CASES_FIXTURE(Pollers,
              "poller: a descriptor reused inside a batch is reported with its new token only") {
  auto old = unix_pair();
  const auto other = unix_pair();
  const int number = old.ours.get();
  add(number, token_of(1, 1), both);
  add(other.ours.get(), token_of(2), readable);
  send_text(old.theirs.get(), "for the old one");
  send_text(other.theirs.get(), "x");

  const auto batch = poller_->wait(at_once);
  const Texts reported{"1.1:rw", "2.1:r"};
  CHECK_EQ(texts_of(batch), reported);
  poller_->remove(number);
  old.ours.reset();
  const auto fresh = unix_pair();
  REQUIRE_MESSAGE(fresh.ours.get() == number,
                  "the kernel gives out the lowest number that is free");
  add(number, token_of(1, 2), readable);
  CHECK_MESSAGE(texts_of(batch) == reported, "a batch is good until the next wait");

  CHECK_MESSAGE(wait(at_once) == Texts{"2.1:r"}, "the fresh one has nothing to read");
  send_text(fresh.theirs.get(), "x");
  CHECK_EQ(wait(at_once), Texts{"1.2:r", "2.1:r"});
}

CASES_FIXTURE(Pollers, "poller: a batch stays good while many descriptors are added and removed") {
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
  CHECK_EQ(texts_of(batch), Texts{"9.1:w"});
  CHECK_EQ(wait(at_once), Texts{});
}

CASES_FIXTURE(Pollers, "poller: removing a descriptor that is not watched does nothing") {
  const auto pair = unix_pair();
  const auto watched = unix_pair();
  add(watched.ours.get(), token_of(1), writable);
  for (const int fd : {-1, pair.ours.get(), closed_descriptor(), std::numeric_limits<int>::max()})
    poller_->remove(fd);
  CHECK_EQ(wait(at_once), Texts{"1.1:w"});
}

CASES_FIXTURE(Pollers, "poller: its destruction leaves the descriptors open") {
  const auto pair = unix_pair();
  add(pair.ours.get(), token_of(1), both);
  poller_.reset();
  REQUIRE(is_open(pair.ours.get()));
  send_text(pair.ours.get(), "x");
  CHECK_EQ(drain(pair.theirs.get()), 1U);
}

// --- Refusals.

CASES_FIXTURE(Pollers, "poller: a descriptor that is not open is refused") {
  constexpr int highest = std::numeric_limits<int>::max();
  for (const int fd : {-1, std::numeric_limits<int>::min(), closed_descriptor(), highest}) {
    CHECK_MESSAGE(poller_->add(fd, token_of(1), both) == sys::make_error(EBADF), fd);
  }
  CHECK_EQ(wait(at_once), Texts{});
}

CASES_FIXTURE(Pollers, "poller: adding a descriptor twice is refused and changes nothing") {
  const auto pair = unix_pair();
  add(pair.ours.get(), token_of(1), writable);
  CHECK_EQ(poller_->add(pair.ours.get(), token_of(2), readable), sys::make_error(EEXIST));
  CHECK_EQ(wait(at_once), Texts{"1.1:w"});
}

CASES_FIXTURE(Pollers, "poller: modifying a descriptor that is not watched is refused") {
  const auto pair = unix_pair();
  CHECK_EQ(poller_->modify(pair.ours.get(), token_of(1), both), sys::make_error(ENOENT));
  add(pair.ours.get(), token_of(1), both);
  poller_->remove(pair.ours.get());
  CHECK_EQ(poller_->modify(pair.ours.get(), token_of(1), both), sys::make_error(ENOENT));
  CHECK_EQ(wait(at_once), Texts{});
}

CASES_FIXTURE(Pollers, "poller: a number that was refused can be added once it is open") {
  const int number = closed_descriptor();
  REQUIRE(poller_->add(number, token_of(1), both));
  const auto pair = unix_pair();
  REQUIRE_EQ(pair.ours.get(), number);
  add(number, token_of(2), both);
  CHECK_EQ(wait(at_once), Texts{"2.1:w"});
}

TEST_CASE("select: a descriptor beyond its capacity is refused") {
  const auto poller = make_select_poller(64);
  const auto pair = unix_pair();
  const sys::Descriptor beyond{::fcntl(pair.ours.get(), F_DUPFD_CLOEXEC, 64)};
  CHECK_EQ(poller->add(beyond.get(), token_of(1), both), sys::make_error(EMFILE));
  CHECK_EQ(poller->modify(beyond.get(), token_of(1), both), sys::make_error(ENOENT));
  poller->remove(beyond.get());
  CHECK_EQ(texts_of(poller->wait(at_once)), Texts{});

  const sys::Descriptor highest{::fcntl(pair.ours.get(), F_DUPFD_CLOEXEC, 63)};
  REQUIRE_EQ(highest.get(), 63);
  must(poller->add(highest.get(), token_of(2), both), "add");
  CHECK_EQ(texts_of(poller->wait(at_once)), Texts{"2.1:w"});
}

// --- Time.

CASES_FIXTURE(Pollers, "poller: a timeout never ends early") {
  const auto quiet = unix_pair();
  add(quiet.ours.get(), token_of(1), readable);
  const std::array<Nanoseconds, 9> timeouts{1ns,    999ns,       1us,       999us, 1ms,
                                            1500us, 1ms + 999ns, 2ms + 1ns, 20ms};
  for (int round = 0; round < 5; ++round) {
    for (const Nanoseconds timeout : timeouts) {
      const Instant start = sys::monotonic_now();
      CHECK_EQ(wait(timeout), Texts{});
      CHECK_GE((sys::monotonic_now() - start).count(), timeout.count());
    }
  }
}

CASES_FIXTURE(Pollers, "poller: a timeout holds when nothing is watched") {
  const Instant start = sys::monotonic_now();
  CHECK_EQ(wait(1500us), Texts{});
  CHECK_GE(sys::monotonic_now() - start, Nanoseconds{1500us});
  CHECK_EQ(wait(at_once), Texts{});
}

CASES_FIXTURE(Pollers, "poller: a wait with a zero or negative timeout only looks") {
  const auto pair = unix_pair();
  add(pair.ours.get(), token_of(1), readable);
  for (const Nanoseconds timeout : {0ns, -1ns, -1000000000ns, Nanoseconds::min()}) {
    CHECK_EQ(wait(timeout), Texts{});
  }
  send_text(pair.theirs.get(), "x");
  CHECK_EQ(wait(at_once), Texts{"1.1:r"});
}

CASES_FIXTURE(Pollers, "poller: a wait without an end, or nearly so, is ended by an event") {
  for (const Timeout timeout : {Timeout{}, Timeout{Nanoseconds::max()}, Timeout{24h * 365}}) {
    const auto pair = unix_pair();
    add(pair.ours.get(), token_of(1), readable);
    send_text(pair.theirs.get(), "x");
    CHECK_EQ(wait(1ms), Texts{"1.1:r"});  // whose timeout must not outlive it
    drain(pair.ours.get());
    std::thread sender{[fd = pair.theirs.get()] {
      must(sys::poll({}, 5ms), "poll");  // so that the wait has most likely begun
      send_text(fd, "x");
    }};
    CHECK_EQ(wait(timeout), Texts{"1.1:r"});
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

CASES_FIXTURE(Pollers, "poller: an interrupted wait reports nothing, and the next one goes on") {
  const auto pair = unix_pair();
  add(pair.ours.get(), token_of(1), readable);
  const Interruptions storm;
  while (interruptions < 20) CHECK_EQ(wait(20ms), Texts{});
  send_text(pair.theirs.get(), "x");
  std::vector<std::string> events;
  while (events.empty()) events = wait(20ms);
  CHECK_EQ(events, Texts{"1.1:r"});
}

// --- Many.

class ManyDescriptors : public Pollers {
 protected:
  static constexpr std::size_t count = 5'000;
  static constexpr int most_waits = 100;  // to be told of all that are ready

  explicit ManyDescriptors(const std::string& backend) : Pollers(backend) {
    constexpr std::size_t needed = 2 * count + 100;
    if (sys::raise_descriptor_limit() < needed) {
      skip("the hard limit on descriptors (ulimit -Hn) is below " + std::to_string(needed));
    }
    for (std::size_t i = 0; i < count; ++i) {
      pairs_.push_back(unix_pair());
      const auto refusal = poller_->add(pairs_[i].ours.get(), token_of(i), readable);
      if (refusal == sys::make_error(EMFILE)) skip("this system's select ends sooner");
      must(refusal, "add");
    }
    REQUIRE_GT(pairs_.back().ours.get(), 5'000);
  }

  // The slots reported in as many waits as it takes to be told of `wanted` of them, or in
  // most_waits.
  std::set<std::uint32_t> collect(std::size_t wanted) {
    std::set<std::uint32_t> slots;
    for (int waits = 0; waits < most_waits && slots.size() < wanted; ++waits) {
      for (const Event& event : poller_->wait(long_enough)) {
        slots.insert(event.token.slot);
        CHECK_EQ(event.token.generation, 1U);
        CHECK_MESSAGE(event.readiness == readiness_, event.token.slot);
      }
    }
    return slots;
  }

  std::vector<SocketPair> pairs_;
  Readiness readiness_{.readable = true};
};

CASES_FIXTURE(ManyDescriptors, "poller: one ready descriptor is found among thousands") {
  CHECK_EQ(wait(at_once), Texts{});
  for (const std::size_t index : {std::size_t{0}, std::size_t{1}, count / 2, count - 1}) {
    send_text(pairs_[index].theirs.get(), "x");
    CHECK_EQ(wait(long_enough), Texts{text_of({token_of(index), readiness_})});
    drain(pairs_[index].ours.get());
  }
  CHECK_EQ(wait(at_once), Texts{});
}

CASES_FIXTURE(ManyDescriptors,
              "poller: thousands of ready descriptors are all reported, although none is read") {
  for (const auto& pair : pairs_) send_text(pair.theirs.get(), "x");
  CHECK_EQ(collect(count).size(), count);
}

CASES_FIXTURE(ManyDescriptors, "poller: no descriptor starves when thousands are ready both ways") {
  readiness_ = {.readable = true, .writable = true};
  for (std::size_t i = 0; i < count; ++i) {
    send_text(pairs_[i].theirs.get(), "x");
    must(poller_->modify(pairs_[i].ours.get(), token_of(i), both), "modify");
  }
  CHECK_EQ(collect(count).size(), count);
}

CASES_FIXTURE(ManyDescriptors,
              "poller: after half of thousands are removed, the other half is reported") {
  for (std::size_t i = 0; i < count; i += 2) poller_->remove(pairs_[i].ours.get());
  for (const auto& pair : pairs_) send_text(pair.theirs.get(), "x");
  const auto slots = collect(count / 2);
  CHECK_EQ(slots.size(), count / 2);
  CHECK(std::all_of(slots.begin(), slots.end(), [](auto slot) { return slot % 2 == 1; }));
  for (std::size_t i = 1; i < count; i += 2) poller_->remove(pairs_[i].ours.get());
  CHECK_EQ(wait(at_once), Texts{});
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

CASES_FIXTURE(Pollers, "poller: it agrees with a model through random changes") {
  const auto seed = std::random_device{}();
  INFO("seed ", seed);
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
        REQUIRE_EQ(poller_->add(fd, token, interest).value(), was_watched ? EEXIST : 0);
        if (!was_watched) line.token = token, line.interest = interest;
        break;
      case 2:
        REQUIRE_EQ(poller_->modify(fd, token, interest).value(), was_watched ? 0 : ENOENT);
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
    REQUIRE_MESSAGE(wait(at_once) == model.expected(), "step ", step);
  }
}

}  // namespace
}  // namespace switchboard::test
