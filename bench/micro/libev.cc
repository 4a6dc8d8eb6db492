// libev, over the kernel interface that it chooses by itself. It tells the kernel of new and
// changed watchers on the next turn, and of a stopped one never: it counts on the descriptor being
// closed.
#include <ev.h>

#include <chrono>
#include <deque>

#include "contenders.hpp"

namespace switchboard::bench {

namespace {

struct Free {
  void operator()(struct ev_loop* loop) const noexcept { ev_loop_destroy(loop); }
};
using LoopHandle = std::unique_ptr<struct ev_loop, Free>;

LoopHandle make_handle() {
  LoopHandle loop{ev_loop_new(EVFLAG_AUTO)};
  require(loop != nullptr, "ev_loop_new");
  return loop;
}

template <typename Watcher>
void count(struct ev_loop*, Watcher* watcher, int) {
  ++*static_cast<std::size_t*>(watcher->data);
}

std::size_t turn_of(struct ev_loop* loop, std::size_t& counter) {
  counter = 0;
  ev_run(loop, EVRUN_NOWAIT);
  return counter;
}

class LibevLoop final : public Loop {
 public:
  ~LibevLoop() override {
    for (ev_io& watcher : watchers_) ev_io_stop(loop_.get(), &watcher);
  }

  void watch(int fd) override { change(fd, {.readable = true}); }

  void change(int fd, Interest interest) override {
    ev_io& watcher = watcher_of(fd);
    ev_io_stop(loop_.get(), &watcher);
    ev_io_set(&watcher, fd, (interest.readable ? EV_READ : 0) | (interest.writable ? EV_WRITE : 0));
    ev_io_start(loop_.get(), &watcher);
  }

  void unwatch(int fd) override { ev_io_stop(loop_.get(), &watcher_of(fd)); }
  std::size_t turn() override { return turn_of(loop_.get(), ready_); }

 private:
  ev_io& watcher_of(int fd) {
    const auto index = static_cast<std::size_t>(fd);
    while (index >= watchers_.size()) {
      ev_io& watcher = watchers_.emplace_back();
      ev_init(&watcher, &count<ev_io>);
      watcher.data = &ready_;
    }
    return watchers_[index];
  }

  LoopHandle loop_ = make_handle();
  std::size_t ready_ = 0;
  std::deque<ev_io> watchers_;  // by descriptor; libev knows where each lies
};

class LibevTimers final : public Timers {
 public:
  explicit LibevTimers(std::size_t capacity) : timers_(capacity) {
    for (ev_timer& timer : timers_) {
      ev_init(&timer, &count<ev_timer>);
      timer.data = &ran_;
    }
  }
  ~LibevTimers() override {
    for (ev_timer& timer : timers_) ev_timer_stop(loop_.get(), &timer);
  }

  void add(std::size_t timer, Nanoseconds delay) override {
    ev_timer_set(&timers_[timer], std::chrono::duration<double>(delay).count(), 0.0);
    ev_timer_start(loop_.get(), &timers_[timer]);
  }
  void cancel(std::size_t timer) override { ev_timer_stop(loop_.get(), &timers_[timer]); }
  std::size_t expire() override { return turn_of(loop_.get(), ran_); }

 private:
  LoopHandle loop_ = make_handle();
  std::size_t ran_ = 0;
  std::vector<ev_timer> timers_;
};

}  // namespace

std::unique_ptr<Loop> make_libev_loop() {
  return std::make_unique<LibevLoop>();
}

std::unique_ptr<Timers> make_libev_timers(std::size_t capacity) {
  return std::make_unique<LibevTimers>(capacity);
}

}  // namespace switchboard::bench
