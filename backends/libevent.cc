// libevent behind the same seam, as the reference to compare with: an event_base and one persistent
// event a descriptor, no bufferevents. libevent picks the kernel's interface by itself.
#ifdef SWITCHBOARD_HAS_LIBEVENT

#include <event2/event.h>

#include <cassert>
#include <memory>
#include <new>
#include <vector>

#include "pollers.hpp"
#include "switchboard/sys/waiting.hpp"

namespace switchboard {

namespace {

struct FreeConfig {
  void operator()(event_config* config) const noexcept { event_config_free(config); }
};
struct FreeBase {
  void operator()(event_base* base) const noexcept { event_base_free(base); }
};
struct FreeEvent {
  void operator()(event* watched) const noexcept { event_free(watched); }
};
using EventHandle = std::unique_ptr<event, FreeEvent>;

event_base* make_base() {
  // What goes wrong is returned as an error code; libevent would print it to stderr as well.
  event_set_log_callback([](int, const char*) {});
  const std::unique_ptr<event_config, FreeConfig> config{event_config_new()};
  if (config == nullptr) throw std::bad_alloc();
  // Its coarse clock lets timeouts end up to four milliseconds early.
  event_config_set_flag(config.get(), EVENT_BASE_FLAG_PRECISE_TIMER);
  event_config_set_flag(config.get(), EVENT_BASE_FLAG_NOLOCK);
  event_base* base = event_base_new_with_config(config.get());
  if (base == nullptr) throw std::system_error(sys::make_error(errno), "event_base_new_with_config");
  return base;
}

timeval ceil_microseconds(Nanoseconds duration) noexcept {
  const auto whole = std::chrono::ceil<std::chrono::microseconds>(duration).count();
  timeval value{};
  value.tv_sec = static_cast<decltype(value.tv_sec)>(whole / 1'000'000);
  value.tv_usec = static_cast<decltype(value.tv_usec)>(whole % 1'000'000);
  return value;
}

class LibeventPoller final : public Poller {
 public:
  LibeventPoller() : base_(make_base()), timer_(event_new(base_.get(), -1, 0, &on_timeout, nullptr)) {
    if (timer_ == nullptr) throw std::bad_alloc();
  }

  std::error_code add(int fd, Token token, Interest interest) override {
    assert(interest.any());
    if (const auto error = sys::check_open(fd)) return error;
    const auto number = static_cast<std::size_t>(fd);
    if (number >= watched_.size()) watched_.resize(number + 1);
    if (watched_[number].handle != nullptr) return sys::make_error(EEXIST);
    return watch(number, token, interest);
  }

  std::error_code modify(int fd, Token token, Interest interest) override {
    assert(interest.any());
    const auto number = static_cast<std::size_t>(fd);
    if (number >= watched_.size() || watched_[number].handle == nullptr) {
      return sys::make_error(ENOENT);
    }
    watched_[number].handle.reset();  // an event's interest cannot be changed while it is pending
    return watch(number, token, interest);
  }

  void remove(int fd) override {
    const auto number = static_cast<std::size_t>(fd);
    if (number < watched_.size()) watched_[number].handle.reset();
  }

  std::span<const Event> wait(Timeout timeout) override {
    events_.clear();
    int flags = EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY;
    if (timeout && *timeout <= Nanoseconds::zero()) flags |= EVLOOP_NONBLOCK;
    if (timeout && *timeout > Nanoseconds::zero()) {
      const timeval limit = ceil_microseconds(*timeout);
      event_add(timer_.get(), &limit);  // a timer needs no system call, so nothing can fail but memory
    }
    const int outcome = event_base_loop(base_.get(), flags);
    event_del(timer_.get());
    if (outcome < 0) return nothing_or_throw(errno, "event_base_loop");
    return events_;
  }

 private:
  struct Watched {
    EventHandle handle;  // null where nothing is watched
    Token token;
  };

  std::error_code watch(std::size_t number, Token token, Interest interest) {
    const auto wanted = static_cast<short>(EV_PERSIST | (interest.readable ? EV_READ : 0) |
                                           (interest.writable ? EV_WRITE : 0));
    EventHandle handle{event_new(base_.get(), static_cast<evutil_socket_t>(number), wanted, &on_event,
                                 this)};
    if (handle == nullptr) return sys::make_error(ENOMEM);
    errno = 0;
    if (event_add(handle.get(), nullptr) != 0) return sys::make_error(errno != 0 ? errno : EINVAL);
    watched_[number] = {std::move(handle), token};
    return {};
  }

  static void on_event(evutil_socket_t fd, short what, void* self) {
    auto& poller = *static_cast<LibeventPoller*>(self);
    // libevent reports an error or a hang-up as readable and writable, whichever was asked for.
    poller.events_.push_back({poller.watched_[static_cast<std::size_t>(fd)].token,
                              {.readable = (what & EV_READ) != 0,
                               .writable = (what & EV_WRITE) != 0,
                               .hangup = false}});
  }

  static void on_timeout(evutil_socket_t, short, void*) {}

  std::unique_ptr<event_base, FreeBase> base_;
  EventHandle timer_;
  std::vector<Watched> watched_;  // by descriptor; freed before the base
  std::vector<Event> events_;
};

}  // namespace

std::unique_ptr<Poller> make_libevent_poller() {
  return std::make_unique<LibeventPoller>();
}

}  // namespace switchboard

#endif
