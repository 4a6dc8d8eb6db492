// TimerQueue: order, cancelling in every place, repetition, and a comparison with an obvious model.
#include "switchboard/reactor/timer_queue.hpp"

#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <vector>

#include "support/testing.hpp"

namespace switchboard {
namespace {

using std::chrono::milliseconds;

Instant at(int ms) {
  return Instant{milliseconds{ms}};
}

class TimerQueueTest {
 protected:
  TimerId once(int ms, int name) {
    return queue.add(at(ms), Nanoseconds{0}, [this, name] { ran.push_back(name); });
  }
  TimerQueue queue;
  std::vector<int> ran;
};

using Names = std::vector<int>;

TEST_CASE_FIXTURE(
    TimerQueueTest,
    "timer queue: it runs the timers that are due, the earliest first, and no others") {
  once(30, 3);
  once(10, 1);
  once(20, 2);
  once(40, 4);
  CHECK_EQ(queue.next_deadline(), at(10));
  queue.run_due(at(9));
  CHECK_EQ(ran, Names{});
  queue.run_due(at(30));
  CHECK_EQ(ran, (Names{1, 2, 3}));
  CHECK_EQ(queue.next_deadline(), at(40));
  CHECK_EQ(queue.size(), 1U);
}

TEST_CASE_FIXTURE(TimerQueueTest, "timer queue: equal deadlines run in the order they were added") {
  for (int name = 0; name < 100; ++name) once(5, name);
  queue.run_due(at(5));
  for (int name = 0; name < 100; ++name) CHECK_EQ(ran[static_cast<std::size_t>(name)], name);
}

TEST_CASE_FIXTURE(TimerQueueTest,
                  "timer queue: a cancelled timer does not run, and is cancelled only once") {
  const TimerId first = once(1, 1);
  once(2, 2);
  CHECK(queue.cancel(first));
  CHECK_FALSE(queue.cancel(first));
  CHECK_FALSE(queue.cancel(TimerId{}));
  queue.run_due(at(5));
  CHECK_EQ(ran, Names{2});
}

TEST_CASE_FIXTURE(TimerQueueTest,
                  "timer queue: the id of a timer that has fired names no later one") {
  const TimerId fired = once(1, 1);
  queue.run_due(at(1));
  once(2, 2);  // sits in the same slot
  CHECK_FALSE(queue.cancel(fired));
  queue.run_due(at(2));
  CHECK_EQ(ran, (Names{1, 2}));
}

TEST_CASE_FIXTURE(TimerQueueTest,
                  "timer queue: a callback may cancel another timer that is due as well") {
  TimerId second;
  queue.add(at(1), Nanoseconds{0}, [&] { CHECK(queue.cancel(second)); });
  second = once(1, 2);
  queue.run_due(at(1));
  CHECK_EQ(ran, Names{});
}

TEST_CASE_FIXTURE(TimerQueueTest,
                  "timer queue: a timer that runs once cannot be cancelled while it runs") {
  TimerId id;
  bool cancelled = true;
  id = queue.add(at(1), Nanoseconds{0}, [&] { cancelled = queue.cancel(id); });
  queue.run_due(at(1));
  CHECK_FALSE(cancelled);
}

TEST_CASE_FIXTURE(TimerQueueTest, "timer queue: a repeating timer may cancel itself") {
  TimerId id;
  int runs = 0;
  id = queue.add(at(1), milliseconds{1}, [&] {
    if (++runs == 3) {
      CHECK(queue.cancel(id));
    }
  });
  for (int ms = 1; ms < 10; ++ms) queue.run_due(at(ms));
  CHECK_EQ(runs, 3);
  CHECK(queue.empty());
}

TEST_CASE_FIXTURE(TimerQueueTest,
                  "timer queue: a repeating timer keeps its rhythm and makes up for nothing") {
  int runs = 0;
  queue.add(at(10), milliseconds{10}, [&] { ++runs; });
  queue.run_due(at(13));
  CHECK_MESSAGE(queue.next_deadline() == at(20), "late by 3 ms, yet the next is on time");
  queue.run_due(at(95));
  CHECK_MESSAGE(runs == 2, "seven ticks were slept through; they are left out");
  CHECK_EQ(queue.next_deadline(), at(100));
}

TEST_CASE_FIXTURE(TimerQueueTest,
                  "timer queue: a timer added by a callback waits for the next call, even if due") {
  queue.add(at(1), Nanoseconds{0}, [&] { once(1, 7); });
  queue.run_due(at(1));
  CHECK_EQ(ran, Names{});
  queue.run_due(at(1));
  CHECK_EQ(ran, Names{7});
}

TEST_CASE_FIXTURE(TimerQueueTest, "timer queue: a callback that throws leaves the queue usable") {
  queue.add(at(1), milliseconds{10}, [&] {
    ran.push_back(1);
    throw std::runtime_error("from a callback");
  });
  once(1, 2);
  CHECK_THROWS_AS(queue.run_due(at(1)), std::runtime_error);
  queue.run_due(at(1));
  CHECK_EQ(ran, (Names{1, 2}));
  CHECK_THROWS_AS(queue.run_due(at(11)), std::runtime_error);
}

TEST_CASE_FIXTURE(TimerQueueTest, "timer queue: destroying a callback may use the queue") {
  struct AddsWhenDestroyed {
    explicit AddsWhenDestroyed(TimerQueue& its_queue) : queue(its_queue) {}
    ~AddsWhenDestroyed() {
      queue.add(Instant{}, Nanoseconds{0}, [] {});
    }
    TimerQueue& queue;
  };
  auto held = std::make_shared<AddsWhenDestroyed>(queue);
  const TimerId id = queue.add(at(1), Nanoseconds{0}, [held] {});
  held.reset();
  CHECK(queue.cancel(id));
  CHECK_EQ(queue.size(), 1U);
}

// 100,000 timers pending, then a random mixture of everything, against a sorted map.
TEST_CASE_FIXTURE(TimerQueueTest,
                  "timer queue: it agrees with a sorted map while 100,000 timers are pending") {
  const char* given = std::getenv("SWITCHBOARD_SEED");
  const auto seed = given != nullptr ? std::strtoul(given, nullptr, 10) : std::random_device{}();
  INFO("SWITCHBOARD_SEED=", seed);
  std::mt19937_64 random{seed};
  std::multimap<Instant, int> model;  // deadlines are distinct enough: equal ones keep their order
  std::map<int, std::pair<TimerId, std::multimap<Instant, int>::iterator>> pending;
  int next_name = 0;
  Instant now{};
  const auto add = [&] {
    const Instant deadline = now + Nanoseconds{random() % 1'000'000};
    const int name = next_name++;
    const TimerId id = queue.add(deadline, Nanoseconds{0}, [this, name] { ran.push_back(name); });
    pending[name] = {id, model.emplace(deadline, name)};
  };
  for (int i = 0; i < 100'000; ++i) add();
  for (int step = 0; step < 20'000; ++step) {
    switch (random() % 3) {
      case 0:
        add();
        break;
      case 1: {
        const auto victim =
            pending.lower_bound(static_cast<int>(random() % static_cast<unsigned>(next_name)));
        if (victim == pending.end()) break;
        REQUIRE(queue.cancel(victim->second.first));
        model.erase(victim->second.second);
        pending.erase(victim);
        break;
      }
      default:
        now += Nanoseconds{random() % 200};
        ran.clear();
        queue.run_due(now);
        for (const int name : ran) {
          REQUIRE_FALSE(model.empty());
          REQUIRE_EQ(name, model.begin()->second);
          REQUIRE_LE(model.begin()->first, now);
          model.erase(model.begin());
          pending.erase(name);
        }
        REQUIRE((model.empty() || model.begin()->first > now));
    }
    REQUIRE_EQ(queue.size(), model.size());
  }
}

}  // namespace
}  // namespace switchboard
