// The reactor over every backend: the order of a turn, who is told what, timers, tasks and signals.
#include "switchboard/reactor/reactor.hpp"

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
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

using std::chrono::milliseconds;

class ReactorTest {
 protected:
  static auto rows() { return backend_names(); }
  explicit ReactorTest(const std::string& its_backend) : backend(its_backend) {}

  const std::string backend;
  Reactor reactor{find_backend(backend).make()};
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

CASES_FIXTURE(ReactorTest,
              "reactor: a turn is events, timers, tasks, flushes and releases, in this order") {
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
  CHECK_EQ(trace, (Trace{"event", "timer", "task", "flush", "release"}));
}

CASES_FIXTURE(
    ReactorTest,
    "reactor: a handler marked at the end of a turn waits for the next, which does not block") {
  const SocketPair pair = unix_pair();
  Trace trace;
  Watcher watcher{reactor, pair.ours.get()};
  watcher.flush = [&] {
    trace.emplace_back("flush");
    if (trace.size() < 3) reactor.mark_dirty(watcher);
  };
  reactor.mark_dirty(watcher);
  reactor.turn();
  CHECK_EQ(trace.size(), 1U);
  reactor.turn();
  reactor.turn();
  CHECK_EQ(trace.size(), 3U);
}

// The watcher that is told first ends the other's registration and reuses its descriptor number,
// although its event was in the same batch.
CASES_FIXTURE(ReactorTest,
              "reactor: an event for a registration that ended in the same batch finds nobody") {
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
      REQUIRE_EQ(::dup2(quiet.ours.get(), number), number);
      descriptor.reset(number);
      newcomer = std::make_unique<Watcher>(reactor, number);
      newcomer->ready = [](Readiness) { FAIL("an event of its descriptor's former owner"); };
    };
  };
  a->ready = end_the_other(b, second.ours);
  b->ready = end_the_other(a, first.ours);
  send_text(first.theirs.get(), "x");
  send_text(second.theirs.get(), "x");
  reactor.turn();
  CHECK_EQ(told, 1);
}

CASES_FIXTURE(ReactorTest, "reactor: a token is not given to the next tenant of its slot") {
  const SocketPair pair = unix_pair();
  Token old;
  {
    const Watcher watcher{reactor, pair.ours.get()};
    old = watcher.token;
    CHECK_EQ(reactor.find(old), &watcher);
  }
  const Watcher watcher{reactor, pair.ours.get()};
  CHECK_EQ(watcher.token.slot, old.slot);
  CHECK_EQ(reactor.find(old), nullptr);
  CHECK_MESSAGE(reactor.find(Token{}) == nullptr, "a default token names nobody");
}

CASES_FIXTURE(ReactorTest,
              "reactor: a handler with no interest hears of nothing, not even a hang-up") {
  SocketPair pair = unix_pair();
  Watcher watcher{reactor, pair.ours.get()};
  watcher.ready = [](Readiness) { FAIL("called"); };
  must(reactor.set_interest(watcher.token, {}), "set_interest");
  pair.theirs.reset();
  reactor.turn(milliseconds{1});
  int told = 0;
  watcher.ready = [&](Readiness readiness) {
    ++told;
    CHECK(readiness.readable);
  };
  must(reactor.set_interest(watcher.token, {.readable = true}), "set_interest");
  reactor.turn(milliseconds{1});
  CHECK_EQ(told, 1);
}

CASES_FIXTURE(ReactorTest, "reactor: a refused descriptor is an error and is not watched") {
  SocketPair pair = unix_pair();
  Watcher watcher{reactor, pair.ours.get()};
  must(reactor.set_interest(watcher.token, {}), "set_interest");
  pair.ours.reset();
  CHECK_EQ(reactor.set_interest(watcher.token, {.readable = true}), std::errc::bad_file_descriptor);
  CHECK_FALSE(reactor.interest(watcher.token).any());
}

CASES_FIXTURE(ReactorTest, "reactor: timers are never early") {
  for (const Nanoseconds delay :
       {Nanoseconds{1}, Nanoseconds{999'999}, Nanoseconds{1'500'000}, Nanoseconds{10'000'001}}) {
    bool fired = false;
    const Instant begin = sys::monotonic_now();
    reactor.call_after(delay, [&] {
      fired = true;
      CHECK_GE(sys::monotonic_now() - begin, delay);
    });
    while (!fired) reactor.turn();
  }
}

CASES_FIXTURE(ReactorTest,
              "reactor: a timer set late in a long turn counts from the moment it was set") {
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
      CHECK_GE(sys::monotonic_now() - set, milliseconds{3});
    });
  };
  send_text(pair.theirs.get(), "x");
  while (!fired) reactor.turn();
}

CASES_FIXTURE(ReactorTest,
              "reactor: a repeating timer repeats until it is cancelled inside its callback") {
  int ticks = 0;
  TimerId id;
  id = reactor.call_every(milliseconds{1}, [&] {
    if (++ticks == 3) reactor.cancel(id);
  });
  bool later = false;
  reactor.call_after(milliseconds{20}, [&] { later = true; });
  while (!later) reactor.turn();
  CHECK_EQ(ticks, 3);
}

// A timer that is set again and again for a moment that is past already.
CASES_FIXTURE(ReactorTest, "reactor: a negative delay counts as none and holds up no other timer") {
  bool other = false;
  int runs = 0;
  std::function<void()> again = [&] {
    if (++runs < 1000) reactor.call_after(-std::chrono::hours{1}, again);
  };
  reactor.call_after(Nanoseconds{0}, [&] { other = true; });
  reactor.call_after(-std::chrono::hours{1}, again);
  while (!other && runs < 1000) reactor.turn();
  CHECK(other);
  CHECK_LT(runs, 1000);
}

CASES_FIXTURE(ReactorTest,
              "reactor: tasks posted by four threads all run, each thread's in order") {
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
  for (const auto& those : ran) CHECK(std::is_sorted(those.begin(), those.end()));
}

CASES_FIXTURE(ReactorTest, "reactor: a task posted by a task runs on the next turn") {
  Trace trace;
  reactor.post([&] {
    trace.emplace_back("first");
    reactor.post([&] { trace.emplace_back("second"); });
  });
  reactor.turn();
  CHECK_EQ(trace, Trace{"first"});
  reactor.turn();
  CHECK_EQ(trace, (Trace{"first", "second"}));
}

CASES_FIXTURE(ReactorTest, "reactor: run ends with the turn in which stop is called") {
  Trace trace;
  reactor.post([&] {
    reactor.stop();
    trace.emplace_back("still this turn");
  });
  reactor.run();
  CHECK_EQ(trace.size(), 1U);
  reactor.stop();
  reactor.run();  // told before it began
  std::thread other{[&] { reactor.post([&] { reactor.stop(); }); }};
  reactor.run();
  other.join();
}

CASES_FIXTURE(ReactorTest,
              "reactor: an exception comes out of the turn and leaves the reactor usable") {
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
  CHECK_THROWS_AS(reactor.turn(), std::runtime_error);
  watcher.ready = [&](Readiness) { drain(pair.ours.get()); };
  CHECK_THROWS_AS(reactor.turn(), std::runtime_error);
  reactor.turn();
  CHECK_EQ(trace, (Trace{"task behind it", "flush"}));
}

// The wake-up pipe was read before the exception came: what it announced must not wait for another
// wake-up.
CASES_FIXTURE(ReactorTest,
              "reactor: a task is not forgotten because a handler threw in the same turn") {
  const SocketPair pair = unix_pair();
  Watcher watcher{reactor, pair.ours.get()};
  watcher.ready = [&](Readiness) {
    drain(pair.ours.get());
    throw std::runtime_error("from a callback");
  };
  Trace trace;
  reactor.post([&] { trace.emplace_back("task"); });
  send_text(pair.theirs.get(), "x");
  CHECK_THROWS_AS(reactor.turn(), std::runtime_error);
  reactor.call_after(std::chrono::seconds{5}, [&] { trace.emplace_back("only a timer woke it"); });
  reactor.turn();
  CHECK_EQ(trace, Trace{"task"});
}

CASES_FIXTURE(ReactorTest,
              "reactor: a signal callback that throws costs neither other signals nor tasks") {
  Trace trace;
  const int first = std::min(SIGUSR1, SIGUSR2);
  const int second = std::max(SIGUSR1, SIGUSR2);
  reactor.on_signal(first, [](int) { throw std::runtime_error("from a signal's callback"); });
  reactor.on_signal(second, [&](int) { trace.emplace_back("other signal"); });
  reactor.post([&] { trace.emplace_back("task"); });
  REQUIRE_EQ(std::raise(first), 0);
  REQUIRE_EQ(std::raise(second), 0);
  CHECK_THROWS_AS(reactor.turn(), std::runtime_error);
  reactor.call_after(std::chrono::seconds{5}, [&] { trace.emplace_back("only a timer woke it"); });
  reactor.turn();
  CHECK_EQ(trace, (Trace{"other signal", "task"}));
}

CASES_FIXTURE(ReactorTest, "reactor: a signal callback may put another in its place") {
  const auto text = std::make_shared<std::string>("held by the callback that is running");
  Trace trace;
  reactor.on_signal(SIGUSR1, [&trace, &reactor = reactor, text](int) {
    reactor.on_signal(SIGUSR1, [&trace](int) { trace.emplace_back("second"); });
    trace.push_back(*text);
  });
  REQUIRE_EQ(std::raise(SIGUSR1), 0);
  reactor.turn();
  REQUIRE_EQ(std::raise(SIGUSR1), 0);
  reactor.turn();
  CHECK_EQ(trace, (Trace{*text, "second"}));
}

CASES_FIXTURE(ReactorTest,
              "reactor: a signal that one reactor left unheard is not told to the next") {
  {
    Reactor former{find_backend(backend).make()};
    former.stop_on({SIGUSR1});
    REQUIRE_EQ(std::raise(SIGUSR1), 0);
  }
  int told = 0;
  reactor.on_signal(SIGUSR1, [&](int) { ++told; });
  reactor.post([] {});
  reactor.turn();
  CHECK_EQ(told, 0);
  REQUIRE_EQ(std::raise(SIGUSR1), 0);
  reactor.turn();
  CHECK_EQ(told, 1);
}

CASES_FIXTURE(ReactorTest, "reactor: signals arrive on a turn, and none is lost in a burst") {
  std::vector<int> caught;
  for (const int number : {SIGUSR1, SIGUSR2, SIGHUP}) {
    reactor.on_signal(number, [&](int which) { caught.push_back(which); });
  }
  for (int i = 0; i < 1000; ++i) {
    for (const int number : {SIGUSR1, SIGUSR2, SIGHUP}) REQUIRE_EQ(std::raise(number), 0);
  }
  CHECK_MESSAGE(caught.empty(), "nothing runs inside the handler");
  reactor.turn();
  std::sort(caught.begin(), caught.end());
  std::vector<int> expected{SIGUSR1, SIGUSR2, SIGHUP};
  std::sort(expected.begin(), expected.end());
  CHECK_EQ(caught, expected);
}

CASES_FIXTURE(ReactorTest, "reactor: a signal interrupts a wait without a limit") {
  reactor.stop_on({SIGUSR1});
  const pthread_t self = ::pthread_self();
  int sent = -1;
  std::thread other{[self, &sent] { sent = ::pthread_kill(self, SIGUSR1); }};
  reactor.run();
  other.join();
  CHECK_EQ(sent, 0);
}

CASES_FIXTURE(ReactorTest, "reactor: only one reactor of a process catches signals") {
  reactor.stop_on({SIGUSR1});
  Reactor second{find_backend(backend).make()};
  CHECK_THROWS_AS(second.stop_on({SIGUSR1}), std::logic_error);
}

}  // namespace
}  // namespace switchboard::test
