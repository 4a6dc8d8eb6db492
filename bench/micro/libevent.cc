// libevent with plain events, one for reading and one for writing, over the kernel interface and
// the clock that it chooses by itself.
#include <event2/event.h>

#include "contenders.hpp"

namespace switchboard::bench {

namespace {

struct Free {
  void operator()(event_base* base) const noexcept { event_base_free(base); }
  void operator()(event* watch) const noexcept { event_free(watch); }
};
using Base = std::unique_ptr<event_base, Free>;
using Watch = std::unique_ptr<event, Free>;

Base make_base() {
  Base base{event_base_new()};
  require(base != nullptr, "event_base_new");
  return base;
}

void count(int, short, void* counter) {
  ++*static_cast<std::size_t*>(counter);
}

std::size_t turn_of(event_base* base, std::size_t& counter) {
  counter = 0;
  require(event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK) >= 0, "event_base_loop");
  return counter;
}

class LibeventLoop final : public Loop {
 public:
  void watch(int fd) override { change(fd, {.readable = true}); }

  void change(int fd, Interest interest) override {
    Watches& watches = watches_of(fd);
    set(watches.reading, fd, EV_READ, interest.readable);
    set(watches.writing, fd, EV_WRITE, interest.writable);
  }

  void unwatch(int fd) override { watches_of(fd) = {}; }
  std::size_t turn() override { return turn_of(base_.get(), ready_); }

 private:
  struct Watches {
    Watch reading;
    Watch writing;
  };

  void set(Watch& watch, int fd, int events, bool wanted) {
    if (!wanted) {
      if (watch != nullptr) event_del(watch.get());
      return;
    }
    if (watch == nullptr) {
      const int persistent = events | EV_PERSIST;
      watch.reset(event_new(base_.get(), fd, static_cast<short>(persistent), count, &ready_));
      require(watch != nullptr, "event_new");
    }
    require(event_add(watch.get(), nullptr) == 0, "event_add");
  }

  Watches& watches_of(int fd) {
    const auto index = static_cast<std::size_t>(fd);
    if (index >= watches_.size()) watches_.resize(index + 1);
    return watches_[index];
  }

  Base base_ = make_base();
  std::size_t ready_ = 0;
  std::vector<Watches> watches_;  // by descriptor
};

class LibeventTimers final : public Timers {
 public:
  explicit LibeventTimers(std::size_t capacity) {
    for (std::size_t i = 0; i < capacity; ++i) {
      timers_.emplace_back(evtimer_new(base_.get(), count, &ran_));
      require(timers_.back() != nullptr, "evtimer_new");
    }
  }

  void add(std::size_t timer, Nanoseconds delay) override {
    const auto microseconds = delay.count() / 1000;
    timeval value{};
    value.tv_sec = microseconds / 1'000'000;
    value.tv_usec = microseconds % 1'000'000;
    require(evtimer_add(timers_[timer].get(), &value) == 0, "evtimer_add");
  }
  void cancel(std::size_t timer) override { evtimer_del(timers_[timer].get()); }
  std::size_t expire() override { return turn_of(base_.get(), ran_); }

 private:
  Base base_ = make_base();
  std::size_t ran_ = 0;
  std::vector<Watch> timers_;
};

}  // namespace

std::unique_ptr<Loop> make_libevent_loop() {
  return std::make_unique<LibeventLoop>();
}

std::unique_ptr<Timers> make_libevent_timers(std::size_t capacity) {
  return std::make_unique<LibeventTimers>(capacity);
}

}  // namespace switchboard::bench
