// Timers, next to those of other libraries: what one costs while `pending` others, at least, are
// pending, which are due at pseudo-random times between one and two hours from now.
//
//   timer_insert  adds one that is due somewhere in between
//   timer_cancel  cancels one picked at random
//   timer_expire  runs one that is due
//
// The clock is read around a round of 100 timers; putting things back as they were is not timed.
// The handles of the libraries' timers exist beforehand, so that what is timed allocates nothing.
// "timer_queue" is the bare TimerQueue, which is told the time. "reactor" is the same one inside a
// Reactor, and, as the libraries do, it makes a whole turn for each round that expires, with one
// call into the kernel; call_after() reads the clock each time, while libev and libuv remember the
// time of the last turn, and libevent reads a clock that ticks every few milliseconds.
// Not measured: waiting for a timer, repeating timers, and timers that are all alike.
#include <array>
#include <chrono>
#include <cstdint>
#include <numeric>
#include <random>
#include <span>
#include <utility>

#include "benchmarks.hpp"
#include "contenders.hpp"

namespace switchboard::bench {

namespace {

constexpr std::size_t timers_per_round = 100;

// The timers of one benchmark: all pending, but for those of a round.
class Rounds {
 public:
  Rounds(const TimersContender& contender, std::size_t pending)
      : order_(pending + timers_per_round), timers_(contender.make(order_.size())) {
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    for (const std::size_t timer : std::span{order_}.first(pending)) {
      timers_->add(timer, random_delay());
    }
  }

  void insert() {
    auto delay = delays_.begin();
    for (const std::size_t timer : round()) timers_->add(timer, *delay++);
  }
  void insert_due() {
    for (const std::size_t timer : round()) timers_->add(timer, Nanoseconds::zero());
  }
  void cancel() {
    for (const std::size_t timer : round()) timers_->cancel(timer);
  }
  void expire() {
    std::size_t ran = 0;
    while (ran < timers_per_round) ran += timers_->expire();
  }

  // Draws the delays of the next insert(), so that drawing is not timed.
  void draw_delays() {
    for (Nanoseconds& delay : delays_) delay = random_delay();
  }
  // Draws the timers of the next cancel(); all must be pending.
  void draw_timers() {
    for (std::size_t& timer : round()) std::swap(timer, order_[random_() % order_.size()]);
  }

 private:
  Nanoseconds random_delay() {
    constexpr Nanoseconds hour = std::chrono::hours{1};
    return hour + Nanoseconds{static_cast<std::int64_t>(random_() >> 1U) % hour.count()};
  }
  std::span<std::size_t> round() { return std::span{order_}.last(timers_per_round); }

  std::mt19937_64 random_;  // its default seed, and so the same numbers in every run
  std::array<Nanoseconds, timers_per_round> delays_;
  std::vector<std::size_t> order_;  // the timers' numbers, those of the round last
  std::unique_ptr<Timers> timers_;
};

template <typename Work>
void time_round(benchmark::State& state, Work work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
  state.SetIterationTime(taken.count());
}

void insert(benchmark::State& state, Rounds& rounds) {
  rounds.draw_delays();
  time_round(state, [&] { rounds.insert(); });
  rounds.draw_timers();
  rounds.cancel();
}

void cancel(benchmark::State& state, Rounds& rounds) {
  rounds.draw_delays();
  rounds.insert();
  rounds.draw_timers();
  time_round(state, [&] { rounds.cancel(); });
}

void expire(benchmark::State& state, Rounds& rounds) {
  rounds.insert_due();
  time_round(state, [&] { rounds.expire(); });
}

using Subject = void (*)(benchmark::State&, Rounds&);

void compare(const char* name, Subject subject, std::int64_t pending) {
  for (const TimersContender& contender : timers_contenders()) {
    const std::string full_name = std::string(name) + "/" + contender.name;
    const auto run = [subject, contender](benchmark::State& state) {
      Rounds rounds{contender, static_cast<std::size_t>(state.range(0))};
      for (auto _ : state) subject(state, rounds);
      report_time_per("per_timer", state,
                      static_cast<std::size_t>(state.iterations()) * timers_per_round);
    };
    benchmark::RegisterBenchmark(full_name.c_str(), run)
        ->ArgName("pending")
        ->Arg(pending)
        ->UseManualTime();
  }
}

}  // namespace

void register_timer_benchmarks() {
  for (const std::int64_t pending : {100, 1000, 10'000, 100'000}) {
    compare("timer_insert", &insert, pending);
    compare("timer_cancel", &cancel, pending);
    compare("timer_expire", &expire, pending);
  }
}

}  // namespace switchboard::bench
