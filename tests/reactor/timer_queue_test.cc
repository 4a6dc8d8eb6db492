// TimerQueue: order, cancelling in every place, repetition, and a comparison with an obvious model.
#include "switchboard/reactor/timer_queue.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <random>
#include <stdexcept>
#include <vector>

namespace switchboard {
namespace {

using std::chrono::milliseconds;

Instant at(int ms) {
  return Instant{milliseconds{ms}};
}

class TimerQueueTest : public testing::Test {
 protected:
  TimerId once(int ms, int name) {
    return queue.add(at(ms), Nanoseconds{0}, [this, name] { ran.push_back(name); });
  }
  TimerQueue queue;
  std::vector<int> ran;
};

using Names = std::vector<int>;

TEST_F(TimerQueueTest, runs_what_is_due_earliest_first_and_nothing_else) {
  once(30, 3);
  once(10, 1);
  once(20, 2);
  once(40, 4);
  EXPECT_EQ(queue.next_deadline(), at(10));
  queue.run_due(at(9));
  EXPECT_EQ(ran, Names{});
  queue.run_due(at(30));
  EXPECT_EQ(ran, (Names{1, 2, 3}));
  EXPECT_EQ(queue.next_deadline(), at(40));
  EXPECT_EQ(queue.size(), 1U);
}

TEST_F(TimerQueueTest, equal_deadlines_run_in_the_order_they_were_added) {
  for (int name = 0; name < 100; ++name) once(5, name);
  queue.run_due(at(5));
  for (int name = 0; name < 100; ++name) EXPECT_EQ(ran[static_cast<std::size_t>(name)], name);
}

TEST_F(TimerQueueTest, a_cancelled_timer_does_not_run_and_is_cancelled_once) {
  const TimerId first = once(1, 1);
  once(2, 2);
  EXPECT_TRUE(queue.cancel(first));
  EXPECT_FALSE(queue.cancel(first));
  EXPECT_FALSE(queue.cancel(TimerId{}));
  queue.run_due(at(5));
  EXPECT_EQ(ran, Names{2});
}

TEST_F(TimerQueueTest, the_id_of_a_timer_that_has_fired_names_no_later_one) {
  const TimerId fired = once(1, 1);
  queue.run_due(at(1));
  once(2, 2);  // sits in the same slot
  EXPECT_FALSE(queue.cancel(fired));
  queue.run_due(at(2));
  EXPECT_EQ(ran, (Names{1, 2}));
}

TEST_F(TimerQueueTest, a_callback_may_cancel_another_that_is_due_as_well) {
  TimerId second;
  queue.add(at(1), Nanoseconds{0}, [&] { EXPECT_TRUE(queue.cancel(second)); });
  second = once(1, 2);
  queue.run_due(at(1));
  EXPECT_EQ(ran, Names{});
}

TEST_F(TimerQueueTest, a_timer_that_runs_once_cannot_be_cancelled_while_it_runs) {
  TimerId id;
  bool cancelled = true;
  id = queue.add(at(1), Nanoseconds{0}, [&] { cancelled = queue.cancel(id); });
  queue.run_due(at(1));
  EXPECT_FALSE(cancelled);
}

TEST_F(TimerQueueTest, a_repeating_timer_may_cancel_itself) {
  TimerId id;
  int runs = 0;
  id = queue.add(at(1), milliseconds{1}, [&] {
    if (++runs == 3) {
      EXPECT_TRUE(queue.cancel(id));
    }
  });
  for (int ms = 1; ms < 10; ++ms) queue.run_due(at(ms));
  EXPECT_EQ(runs, 3);
  EXPECT_TRUE(queue.empty());
}

TEST_F(TimerQueueTest, a_repeating_timer_keeps_its_rhythm_and_makes_up_for_nothing) {
  int runs = 0;
  queue.add(at(10), milliseconds{10}, [&] { ++runs; });
  queue.run_due(at(13));
  EXPECT_EQ(queue.next_deadline(), at(20)) << "late by 3 ms, yet the next is on time";
  queue.run_due(at(95));
  EXPECT_EQ(runs, 2) << "seven ticks were slept through; they are left out";
  EXPECT_EQ(queue.next_deadline(), at(100));
}

TEST_F(TimerQueueTest, a_timer_added_by_a_callback_waits_for_the_next_call_even_if_due) {
  queue.add(at(1), Nanoseconds{0}, [&] { once(1, 7); });
  queue.run_due(at(1));
  EXPECT_EQ(ran, Names{});
  queue.run_due(at(1));
  EXPECT_EQ(ran, Names{7});
}

TEST_F(TimerQueueTest, a_callback_that_throws_leaves_the_queue_good) {
  queue.add(at(1), milliseconds{10}, [&] {
    ran.push_back(1);
    throw std::runtime_error("from a callback");
  });
  once(1, 2);
  EXPECT_THROW(queue.run_due(at(1)), std::runtime_error);
  queue.run_due(at(1));
  EXPECT_EQ(ran, (Names{1, 2}));
  EXPECT_THROW(queue.run_due(at(11)), std::runtime_error) << "it is still there, and still repeats";
}

TEST_F(TimerQueueTest, destroying_a_callback_may_use_the_queue) {
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
  EXPECT_TRUE(queue.cancel(id));
  EXPECT_EQ(queue.size(), 1U);
}

// 100,000 timers pending, then a random mixture of everything, against a sorted map.
TEST_F(TimerQueueTest, agrees_with_a_sorted_map_at_100_000_pending) {
  const char* given = std::getenv("SWITCHBOARD_SEED");
  const auto seed = given != nullptr ? std::strtoul(given, nullptr, 10) : std::random_device{}();
  SCOPED_TRACE("SWITCHBOARD_SEED=" + std::to_string(seed));
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
        ASSERT_TRUE(queue.cancel(victim->second.first));
        model.erase(victim->second.second);
        pending.erase(victim);
        break;
      }
      default:
        now += Nanoseconds{random() % 200};
        ran.clear();
        queue.run_due(now);
        for (const int name : ran) {
          ASSERT_FALSE(model.empty());
          ASSERT_EQ(name, model.begin()->second);
          ASSERT_LE(model.begin()->first, now);
          model.erase(model.begin());
          pending.erase(name);
        }
        ASSERT_TRUE(model.empty() || model.begin()->first > now);
    }
    ASSERT_EQ(queue.size(), model.size());
  }
}

}  // namespace
}  // namespace switchboard
