// libuv with poll handles. A handle is made for a descriptor by trying on the kernel whether it can
// be watched, is told to the kernel on the next turn, and is given back a turn after it was closed.
// To change what it waits for takes it out of the kernel's set first.
#include <uv.h>

#include <chrono>

#include "contenders.hpp"

namespace switchboard::bench {

namespace {

class LoopHandle {
 public:
  LoopHandle() { require(uv_loop_init(&loop_) == 0, "uv_loop_init"); }
  LoopHandle(const LoopHandle&) = delete;
  LoopHandle& operator=(const LoopHandle&) = delete;
  // The handles must have been closed.
  ~LoopHandle() {
    uv_run(&loop_, UV_RUN_DEFAULT);
    uv_loop_close(&loop_);
  }

  uv_loop_t* get() { return &loop_; }

  std::size_t turn() {
    counter = 0;
    uv_run(&loop_, UV_RUN_NOWAIT);
    return counter;
  }

  std::size_t counter = 0;

 private:
  uv_loop_t loop_;
};

class LibuvLoop final : public Loop {
 public:
  ~LibuvLoop() override {
    for (auto& handle : handles_) {
      if (handle != nullptr) close(handle.release());
    }
  }

  void watch(int fd) override {
    auto& handle = handle_of(fd);
    handle = std::make_unique<uv_poll_t>();
    require(uv_poll_init(loop_.get(), handle.get(), fd) == 0, "uv_poll_init");
    handle->data = &loop_.counter;
    change(fd, {.readable = true});
  }

  void change(int fd, Interest interest) override {
    const int events =
        (interest.readable ? UV_READABLE : 0) | (interest.writable ? UV_WRITABLE : 0);
    require(uv_poll_start(handle_of(fd).get(), events, count) == 0, "uv_poll_start");
  }

  void unwatch(int fd) override { close(handle_of(fd).release()); }
  std::size_t turn() override { return loop_.turn(); }

 private:
  static void count(uv_poll_t* handle, int, int) { ++*static_cast<std::size_t*>(handle->data); }

  static void close(uv_poll_t* handle) {
    uv_close(reinterpret_cast<uv_handle_t*>(handle),
             [](uv_handle_t* closed) { delete reinterpret_cast<uv_poll_t*>(closed); });
  }

  std::unique_ptr<uv_poll_t>& handle_of(int fd) {
    const auto index = static_cast<std::size_t>(fd);
    if (index >= handles_.size()) handles_.resize(index + 1);
    return handles_[index];
  }

  LoopHandle loop_;
  std::vector<std::unique_ptr<uv_poll_t>> handles_;  // by descriptor
};

class LibuvTimers final : public Timers {
 public:
  explicit LibuvTimers(std::size_t capacity) : timers_(capacity) {
    for (uv_timer_t& timer : timers_) {
      require(uv_timer_init(loop_->get(), &timer) == 0, "uv_timer_init");
      timer.data = &loop_->counter;
    }
  }
  ~LibuvTimers() override {
    for (uv_timer_t& timer : timers_) uv_close(reinterpret_cast<uv_handle_t*>(&timer), nullptr);
    loop_.reset();  // it looks at the timers once more
  }

  void add(std::size_t timer, Nanoseconds delay) override {
    const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(delay).count();
    const auto count = [](uv_timer_t* fired) { ++*static_cast<std::size_t*>(fired->data); };
    require(
        uv_timer_start(&timers_[timer], count, static_cast<std::uint64_t>(milliseconds), 0) == 0,
        "uv_timer_start");
  }
  void cancel(std::size_t timer) override { uv_timer_stop(&timers_[timer]); }
  std::size_t expire() override { return loop_->turn(); }

 private:
  std::unique_ptr<LoopHandle> loop_ = std::make_unique<LoopHandle>();
  std::vector<uv_timer_t> timers_;
};

}  // namespace

std::unique_ptr<Loop> make_libuv_loop() {
  return std::make_unique<LibuvLoop>();
}

std::unique_ptr<Timers> make_libuv_timers(std::size_t capacity) {
  return std::make_unique<LibuvTimers>(capacity);
}

}  // namespace switchboard::bench
