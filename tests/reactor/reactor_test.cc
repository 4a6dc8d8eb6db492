// The reactor over every backend: the order of a turn, who is told what, timers, tasks and signals.
#include "switchboard/reactor/reactor.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/backends.hpp"
#include "support/sockets.hpp"

namespace switchboard::test {
namespace {

using std::chrono::milliseconds;

class ReactorTest : public testing::TestWithParam<std::string> {
 protected:
  Reactor reactor{find_backend(GetParam()).make()};
};

// Watches one descriptor and does what the test says.
class Watcher final : public EventHandler {
 public:
  Watcher(Reactor& reactor, int fd, Interest interest = {.readable = true}) : reactor_(reactor) {
    token = reactor.register_handler(fd, *this);
    must(reactor.set_interest(token, interest), "set_interest");
  }
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  ~Watcher() {
    reactor_.deregister(token);
    reactor_.forget(*this);
  }

  void on_ready(Readiness readiness) override { ready(readiness); }
  void on_flush() override { flush(); }
  void on_release() override { release(); }

  Token token;
  std::function<void(Readiness)> ready = [](Readiness) {};
  std::function<void()> flush = [] {};
  std::function<void()> release = [] {};

 private:
  Reactor& reactor_;
};

using Trace = std::vector<std::string>;

TEST_P(ReactorTest, a_turn_is_events_timers_tasks_flush_release) {
  const SocketPair pair = unix_pair();
  Trace trace;
  Watcher watcher{reactor, pair.ours.get()};
  watcher.ready = [&](Readiness) {
    trace.emplace_back("event");
    drain(pair.ours.get());
    reactor.release_later(watcher.token);
    reactor.mark_dirty(watcher);
  };
  watcher.flush = [&] { trace.emplace_back("flush"); };
  watcher.release = [&] { trace.emplace_back("release"); };
  reactor.call_after(Nanoseconds{0}, [&] { trace.emplace_back("timer"); });
  reactor.post([&] { trace.emplace_back("task"); });
  send_text(pair.theirs.get(), "x");
  reactor.turn();
  EXPECT_EQ(trace, (Trace{"event", "timer", "task", "flush", "release"}));
}

TEST_P(ReactorTest, what_is_marked_at_the_end_of_a_turn_waits_for_the_next_which_does_not_block) {
  const SocketPair pair = unix_pair();
  Trace trace;
  Watcher watcher{reactor, pair.ours.get()};
  watcher.flush = [&] {
    trace.emplace_back("flush");
    if (trace.size() < 3) reactor.mark_dirty(watcher);
  };
  reactor.mark_dirty(watcher);
  reactor.turn();
  EXPECT_EQ(trace.size(), 1U);
  reactor.turn();
  reactor.turn();
  EXPECT_EQ(trace.size(), 3U);
}

// Whoever is told first ends the other's registration and reuses its descriptor number, although
// its event was in the same batch.
TEST_P(ReactorTest, an_event_for_a_registration_that_ended_in_the_same_batch_finds_nobody) {
  SocketPair first = unix_pair();
  SocketPair second = unix_pair();
  const SocketPair quiet = unix_pair();
  auto a = std::make_unique<Watcher>(reactor, first.ours.get());
  auto b = std::make_unique<Watcher>(reactor, second.ours.get());
  std::unique_ptr<Watcher> newcomer;
  int told = 0;
  const auto end_the_other = [&](std::unique_ptr<Watcher>& other, sys::Descriptor& descriptor) {
    return [&](Readiness) {
      ++told;
      const int number = descriptor.get();
      other.reset();
      descriptor.reset();
      ASSERT_EQ(::dup2(quiet.ours.get(), number), number);
      descriptor.reset(number);
      newcomer = std::make_unique<Watcher>(reactor, number);
      newcomer->ready = [](Readiness) { FAIL() << "an event of its descriptor's former owner"; };
    };
  };
  a->ready = end_the_other(b, second.ours);
  b->ready = end_the_other(a, first.ours);
  send_text(first.theirs.get(), "x");
  send_text(second.theirs.get(), "x");
  reactor.turn();
  EXPECT_EQ(told, 1);
}

TEST_P(ReactorTest, a_token_is_not_given_to_the_next_tenant_of_its_slot) {
  const SocketPair pair = unix_pair();
  Token old;
  {
    const Watcher watcher{reactor, pair.ours.get()};
    old = watcher.token;
    EXPECT_EQ(reactor.find(old), &watcher);
  }
  const Watcher watcher{reactor, pair.ours.get()};
  EXPECT_EQ(watcher.token.slot, old.slot);
  EXPECT_EQ(reactor.find(old), nullptr);
  EXPECT_EQ(reactor.find(Token{}), nullptr) << "a default token names nobody";
}

TEST_P(ReactorTest, interest_in_nothing_hears_of_nothing_not_even_a_hang_up) {
  SocketPair pair = unix_pair();
  Watcher watcher{reactor, pair.ours.get()};
  watcher.ready = [](Readiness) { FAIL(); };
  must(reactor.set_interest(watcher.token, {}), "set_interest");
  pair.theirs.reset();
  reactor.turn(milliseconds{1});
  int told = 0;
  watcher.ready = [&](Readiness readiness) {
    ++told;
    EXPECT_TRUE(readiness.readable);
  };
  must(reactor.set_interest(watcher.token, {.readable = true}), "set_interest");
  reactor.turn(milliseconds{1});
  EXPECT_EQ(told, 1);
}

TEST_P(ReactorTest, a_refused_descriptor_is_an_error_and_is_not_watched) {
  SocketPair pair = unix_pair();
  Watcher watcher{reactor, pair.ours.get()};
  must(reactor.set_interest(watcher.token, {}), "set_interest");
  pair.ours.reset();
  EXPECT_EQ(reactor.set_interest(watcher.token, {.readable = true}),
            std::errc::bad_file_descriptor);
  EXPECT_FALSE(reactor.interest(watcher.token).any());
}

TEST_P(ReactorTest, timers_are_never_early) {
  for (const Nanoseconds delay :
       {Nanoseconds{1}, Nanoseconds{999'999}, Nanoseconds{1'500'000}, Nanoseconds{10'000'001}}) {
    bool fired = false;
    const Instant begin = sys::monotonic_now();
    reactor.call_after(delay, [&] {
      fired = true;
      EXPECT_GE(sys::monotonic_now() - begin, delay);
    });
    while (!fired) reactor.turn();
  }
}

TEST_P(ReactorTest, a_timer_set_late_in_a_long_turn_counts_from_then) {
  const SocketPair pair = unix_pair();
  Watcher watcher{reactor, pair.ours.get()};
  Instant set{};
  bool fired = false;
  watcher.ready = [&](Readiness) {
    drain(pair.ours.get());
    (void)reactor.now();
    const Instant until = sys::monotonic_now() + milliseconds{5};
    while (sys::monotonic_now() < until) {  // a callback that takes its time
    }
    set = sys::monotonic_now();
    reactor.call_after(milliseconds{3}, [&] {
      fired = true;
      EXPECT_GE(sys::monotonic_now() - set, milliseconds{3});
    });
  };
  send_text(pair.theirs.get(), "x");
  while (!fired) reactor.turn();
}

TEST_P(ReactorTest, repeating_timers_repeat_until_cancelled_inside_their_callback) {
  int ticks = 0;
  TimerId id;
  id = reactor.call_every(milliseconds{1}, [&] {
    if (++ticks == 3) reactor.cancel(id);
  });
  bool later = false;
  reactor.call_after(milliseconds{20}, [&] { later = true; });
  while (!later) reactor.turn();
  EXPECT_EQ(ticks, 3);
}

// A timer that is set again and again for a moment that is past already.
TEST_P(ReactorTest, a_negative_delay_counts_as_none_and_holds_up_no_other_timer) {
  bool other = false;
  int runs = 0;
  std::function<void()> again = [&] {
    if (++runs < 1000) reactor.call_after(-std::chrono::hours{1}, again);
  };
  reactor.call_after(Nanoseconds{0}, [&] { other = true; });
  reactor.call_after(-std::chrono::hours{1}, again);
  while (!other && runs < 1000) reactor.turn();
  EXPECT_TRUE(other);
  EXPECT_LT(runs, 1000);
}

TEST_P(ReactorTest, tasks_posted_by_four_threads_all_run_each_threads_in_order) {
  constexpr int each = 10'000;
  std::vector<std::vector<int>> ran(4);
  std::vector<std::thread> threads;
  for (std::size_t name = 0; name < 4; ++name) {
    threads.emplace_back([&, name] {
      for (int i = 0; i < each; ++i) reactor.post([&ran, name, i] { ran[name].push_back(i); });
    });
  }
  const auto all_ran = [&] {
    std::size_t sum = 0;
    for (const auto& those : ran) sum += those.size();
    return sum == 4 * each;
  };
  while (!all_ran()) reactor.turn();  // each wait is without a limit: a lost wake-up would hang
  for (auto& thread : threads) thread.join();
  for (const auto& those : ran) EXPECT_TRUE(std::is_sorted(those.begin(), those.end()));
}

TEST_P(ReactorTest, a_task_posted_by_a_task_runs_on_the_next_turn) {
  Trace trace;
  reactor.post([&] {
    trace.emplace_back("first");
    reactor.post([&] { trace.emplace_back("second"); });
  });
  reactor.turn();
  EXPECT_EQ(trace, Trace{"first"});
  reactor.turn();
  EXPECT_EQ(trace, (Trace{"first", "second"}));
}

TEST_P(ReactorTest, run_ends_with_the_turn_that_stop_is_called_in) {
  Trace trace;
  reactor.post([&] {
    reactor.stop();
    trace.emplace_back("still this turn");
  });
  reactor.run();
  EXPECT_EQ(trace.size(), 1U);
  reactor.stop();
  reactor.run();  // told before it began
  std::thread other{[&] { reactor.post([&] { reactor.stop(); }); }};
  reactor.run();
  other.join();
}

TEST_P(ReactorTest, an_exception_comes_out_of_the_turn_and_leaves_the_reactor_good) {
  const SocketPair pair = unix_pair();
  Watcher watcher{reactor, pair.ours.get()};
  watcher.ready = [&](Readiness) {
    reactor.mark_dirty(watcher);
    throw std::runtime_error("from a callback");
  };
  Trace trace;
  watcher.flush = [&] { trace.emplace_back("flush"); };
  reactor.post([&] { throw std::runtime_error("from a task"); });
  reactor.post([&] { trace.emplace_back("task behind it"); });
  send_text(pair.theirs.get(), "x");
  EXPECT_THROW(reactor.turn(), std::runtime_error);
  watcher.ready = [&](Readiness) { drain(pair.ours.get()); };
  EXPECT_THROW(reactor.turn(), std::runtime_error);
  reactor.turn();
  EXPECT_EQ(trace, (Trace{"task behind it", "flush"}));
}

// The wake-up pipe was read before the exception came: what it announced must not wait for another
// wake-up.
TEST_P(ReactorTest, a_task_is_not_forgotten_because_a_handler_threw_in_the_same_turn) {
  const SocketPair pair = unix_pair();
  Watcher watcher{reactor, pair.ours.get()};
  watcher.ready = [&](Readiness) {
    drain(pair.ours.get());
    throw std::runtime_error("from a callback");
  };
  Trace trace;
  reactor.post([&] { trace.emplace_back("task"); });
  send_text(pair.theirs.get(), "x");
  EXPECT_THROW(reactor.turn(), std::runtime_error);
  reactor.call_after(std::chrono::seconds{5}, [&] { trace.emplace_back("only a timer woke it"); });
  reactor.turn();
  EXPECT_EQ(trace, Trace{"task"});
}

TEST_P(ReactorTest, a_signal_callback_that_throws_costs_neither_other_signals_nor_tasks) {
  Trace trace;
  const int first = std::min(SIGUSR1, SIGUSR2);
  const int second = std::max(SIGUSR1, SIGUSR2);
  reactor.on_signal(first, [](int) { throw std::runtime_error("from a signal's callback"); });
  reactor.on_signal(second, [&](int) { trace.emplace_back("other signal"); });
  reactor.post([&] { trace.emplace_back("task"); });
  ASSERT_EQ(std::raise(first), 0);
  ASSERT_EQ(std::raise(second), 0);
  EXPECT_THROW(reactor.turn(), std::runtime_error);
  reactor.call_after(std::chrono::seconds{5}, [&] { trace.emplace_back("only a timer woke it"); });
  reactor.turn();
  EXPECT_EQ(trace, (Trace{"other signal", "task"}));
}

TEST_P(ReactorTest, a_signal_callback_may_put_another_in_its_place) {
  const auto text = std::make_shared<std::string>("held by the callback that is running");
  Trace trace;
  reactor.on_signal(SIGUSR1, [&trace, &reactor = reactor, text](int) {
    reactor.on_signal(SIGUSR1, [&trace](int) { trace.emplace_back("second"); });
    trace.push_back(*text);
  });
  ASSERT_EQ(std::raise(SIGUSR1), 0);
  reactor.turn();
  ASSERT_EQ(std::raise(SIGUSR1), 0);
  reactor.turn();
  EXPECT_EQ(trace, (Trace{*text, "second"}));
}

TEST_P(ReactorTest, a_signal_that_one_reactor_left_unheard_is_not_told_to_the_next) {
  {
    Reactor former{find_backend(GetParam()).make()};
    former.stop_on({SIGUSR1});
    ASSERT_EQ(std::raise(SIGUSR1), 0);
  }
  int told = 0;
  reactor.on_signal(SIGUSR1, [&](int) { ++told; });
  reactor.post([] {});
  reactor.turn();
  EXPECT_EQ(told, 0);
  ASSERT_EQ(std::raise(SIGUSR1), 0);
  reactor.turn();
  EXPECT_EQ(told, 1);
}

TEST_P(ReactorTest, signals_arrive_on_a_turn_and_none_is_lost_in_a_burst) {
  std::vector<int> caught;
  for (const int number : {SIGUSR1, SIGUSR2, SIGHUP}) {
    reactor.on_signal(number, [&](int which) { caught.push_back(which); });
  }
  for (int i = 0; i < 1000; ++i) {
    for (const int number : {SIGUSR1, SIGUSR2, SIGHUP}) ASSERT_EQ(std::raise(number), 0);
  }
  EXPECT_TRUE(caught.empty()) << "nothing runs inside the handler";
  reactor.turn();
  std::sort(caught.begin(), caught.end());
  std::vector<int> expected{SIGUSR1, SIGUSR2, SIGHUP};
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(caught, expected);
}

TEST_P(ReactorTest, a_signal_interrupts_a_wait_without_a_limit) {
  reactor.stop_on({SIGUSR1});
  const pthread_t self = ::pthread_self();
  std::thread other{[self] { ::pthread_kill(self, SIGUSR1); }};
  reactor.run();
  other.join();
}

TEST_P(ReactorTest, only_one_reactor_of_a_process_catches_signals) {
  reactor.stop_on({SIGUSR1});
  Reactor second{find_backend(GetParam()).make()};
  EXPECT_THROW(second.stop_on({SIGUSR1}), std::logic_error);
}

INSTANTIATE_TEST_SUITE_P(Backends, ReactorTest, testing::ValuesIn(backend_names()),
                         name_of_backend);

}  // namespace
}  // namespace switchboard::test
