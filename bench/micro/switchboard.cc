// Switchboard's own contenders: a bare Poller, whose events are walked and counted; a Reactor,
// which dispatches them to one handler a descriptor; and their timers.
#include <deque>

#include "switchboard/reactor/reactor.hpp"
#include "switchboard/reactor/timer_queue.hpp"

#include "contenders.hpp"

namespace switchboard::bench {

namespace {

constexpr Nanoseconds no_wait{0};

void check(std::error_code error, const char* call) {
  if (error) throw std::system_error(error, call);
}

class PollerLoop final : public Loop {
 public:
  explicit PollerLoop(std::unique_ptr<Poller> poller) : poller_(std::move(poller)) {}

  void watch(int fd) override {
    check(poller_->add(fd, token_of(fd), {.readable = true}), "Poller::add");
  }
  void change(int fd, Interest interest) override {
    check(poller_->modify(fd, token_of(fd), interest), "Poller::modify");
  }
  void unwatch(int fd) override { poller_->remove(fd); }

  std::size_t turn() override {
    std::size_t ready = 0;
    for (const Event& event : poller_->wait(no_wait)) ready += event.readiness.readable ? 1 : 0;
    return ready;
  }

 private:
  static Token token_of(int fd) { return {static_cast<std::uint32_t>(fd), 1}; }

  std::unique_ptr<Poller> poller_;
};

class ReactorLoop final : public Loop {
 public:
  ~ReactorLoop() override {
    for (const Handler& handler : handlers_) reactor_.deregister(handler.token);
  }

  void watch(int fd) override {
    Handler& handler = handler_of(fd);
    handler.token = reactor_.register_handler(fd, handler);
    change(fd, {.readable = true});
  }
  void change(int fd, Interest interest) override {
    check(reactor_.set_interest(handler_of(fd).token, interest), "Reactor::set_interest");
  }
  void unwatch(int fd) override { reactor_.deregister(handler_of(fd).token); }

  std::size_t turn() override {
    ready_ = 0;
    reactor_.turn(no_wait);
    return ready_;
  }

 private:
  struct Handler final : EventHandler {
    explicit Handler(std::size_t& ready) : ready_descriptors(ready) {}
    void on_ready(Readiness) override { ++ready_descriptors; }
    std::size_t& ready_descriptors;
    Token token;
  };

  Handler& handler_of(int fd) {
    const auto index = static_cast<std::size_t>(fd);
    while (index >= handlers_.size()) handlers_.emplace_back(ready_);
    return handlers_[index];
  }

  Reactor reactor_;
  std::size_t ready_ = 0;
  std::deque<Handler> handlers_;  // by descriptor; the reactor knows where each lies
};

class QueuedTimers final : public Timers {
 public:
  explicit QueuedTimers(std::size_t capacity) : ids_(capacity) {}

  void add(std::size_t timer, Nanoseconds delay) override {
    ids_[timer] = queue_.add(now_ + delay, Nanoseconds::zero(), [this] { ++ran_; });
  }
  void cancel(std::size_t timer) override { queue_.cancel(ids_[timer]); }
  std::size_t expire() override {
    ran_ = 0;
    queue_.run_due(now_);
    return ran_;
  }

 private:
  const Instant now_{};  // time stands still: what is due was added with no delay
  TimerQueue queue_;
  std::vector<TimerId> ids_;
  std::size_t ran_ = 0;
};

class ReactorTimers final : public Timers {
 public:
  explicit ReactorTimers(std::size_t capacity) : ids_(capacity) {}

  void add(std::size_t timer, Nanoseconds delay) override {
    ids_[timer] = reactor_.call_after(delay, [this] { ++ran_; });
  }
  void cancel(std::size_t timer) override { reactor_.cancel(ids_[timer]); }
  std::size_t expire() override {
    ran_ = 0;
    reactor_.turn(no_wait);
    return ran_;
  }

 private:
  Reactor reactor_;
  std::vector<TimerId> ids_;
  std::size_t ran_ = 0;
};

}  // namespace

std::unique_ptr<Loop> make_poller_loop(std::unique_ptr<Poller> poller) {
  return std::make_unique<PollerLoop>(std::move(poller));
}

std::unique_ptr<Loop> make_reactor_loop() {
  return std::make_unique<ReactorLoop>();
}

std::unique_ptr<Timers> make_timer_queue(std::size_t capacity) {
  return std::make_unique<QueuedTimers>(capacity);
}

std::unique_ptr<Timers> make_reactor_timers(std::size_t capacity) {
  return std::make_unique<ReactorTimers>(capacity);
}

}  // namespace switchboard::bench
