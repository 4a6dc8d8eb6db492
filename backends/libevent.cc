// libevent 2.x behind the same seam, as a reference: an event_base, one struct event a descriptor
// and no bufferevents. libevent calls back; what it says is collected and handed out when its loop
// has made one turn. http://www.wangafu.net/~nickm/libevent-book/
//
// libevent tells of errors twice, by a return value and on stderr. The first one is passed on; the
// second is turned off, for the whole process, when the first of these pollers is made.
#ifdef SWITCHBOARD_HAS_LIBEVENT
#include <event2/event.h>

#include <cassert>
#include <vector>

#include "switchboard/sys/waiting.hpp"

#include "pollers.hpp"

namespace switchboard {

namespace {

struct Free {
  void operator()(event_config* config) const noexcept { event_config_free(config); }
  void operator()(event_base* base) const noexcept { event_base_free(base); }
  void operator()(event* watch) const noexcept { event_free(watch); }  // out of its base, too
};

using Base = std::unique_ptr<event_base, Free>;
using Watch = std::unique_ptr<event, Free>;

struct Watched {
  Watch watch;  // null where the descriptor is not watched
  Token token;
};

template <typename T>
T* made_or_throw(T* made, const char* call) {
  if (made == nullptr) throw std::system_error(sys::make_error(ENOMEM), call);
  return made;
}

Base make_base() {
  event_set_log_callback([](int, const char*) {});
  const std::unique_ptr<event_config, Free> config{
      made_or_throw(event_config_new(), "event_config_new")};
  // The clock that libevent would read otherwise is up to 4 ms slow, and its timers as much early.
  event_config_set_flag(config.get(), EVENT_BASE_FLAG_PRECISE_TIMER | EVENT_BASE_FLAG_NOLOCK);
  return Base{
      made_or_throw(event_base_new_with_config(config.get()), "event_base_new_with_config")};
}

short to_libevent(Interest interest) noexcept {
  assert(interest.any());
  return static_cast<short>(EV_PERSIST | (interest.readable ? EV_READ : 0) |
                            (interest.writable ? EV_WRITE : 0));
}

timeval ceil_microseconds(Nanoseconds duration) noexcept {
  // One more, because libevent drops the nanoseconds of the clock when it reckons the end.
  const auto whole = std::chrono::ceil<std::chrono::microseconds>(duration).count() + 1;
  timeval value{};
  value.tv_sec = static_cast<decltype(value.tv_sec)>(whole / 1'000'000);
  value.tv_usec = static_cast<decltype(value.tv_usec)>(whole % 1'000'000);
  return value;
}

class LibeventPoller final : public Poller {
 public:
  LibeventPoller()
      : base_(make_base()),
        timer_(made_or_throw(event_new(
                                 base_.get(), -1, 0, [](int, short, void*) {}, nullptr),
                             "event_new")) {}

  std::error_code add(int fd, Token token, Interest interest) override {
    if (interest.priority) return sys::make_error(EOPNOTSUPP);  // it knows of no such event
    // libevent takes a negative number without a word, and over poll or select a closed one too.
    if (const auto error = sys::check_open(fd)) return error;
    Watched& watched = table_.reach(fd);
    if (watched.watch) return sys::make_error(EEXIST);
    const auto error = watch(fd, watched, interest);
    if (error) return error;
    watched.token = token;
    ++count_;
    return {};
  }

  std::error_code modify(int fd, Token token, Interest interest) override {
    if (interest.priority) return sys::make_error(EOPNOTSUPP);
    Watched* watched = table_.find(fd);
    if (watched == nullptr || !watched->watch) return sys::make_error(ENOENT);
    watched->token = token;
    if (event_get_events(watched->watch.get()) == to_libevent(interest)) return {};
    return watch(fd, *watched, interest);
  }

  void remove(int fd) noexcept override {
    Watched* watched = table_.find(fd);
    if (watched == nullptr || !watched->watch) return;
    watched->watch.reset();
    --count_;
  }

  std::span<const Event> wait(Timeout timeout) override {
    events_.clear();
    events_.reserve(count_);  // so that the callback, which C calls, has nothing to throw
    int flags = EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY;
    if (timeout && *timeout <= Nanoseconds::zero()) {
      flags |= EVLOOP_NONBLOCK;
    } else if (timeout) {
      const timeval limit = ceil_microseconds(*timeout);
      if (event_add(timer_.get(), &limit) != 0) return nothing_or_throw(ENOMEM, "event_add");
    }
    // An interrupted wait goes on inside libevent until its end.
    errno = 0;
    const int outcome = event_base_loop(base_.get(), flags);
    const int failure = errno;
    event_del(timer_.get());
    if (outcome < 0) return nothing_or_throw(failure, "event_base_loop");
    return events_;
  }

 private:
  // Replaces the watch, if there is one; after an error that one stands. The new event comes before
  // the old one goes, so that libevent changes what the kernel watches instead of taking it out and
  // putting it in again: one epoll_ctl, not two.
  std::error_code watch(int fd, Watched& watched, Interest interest) {
    Watch fresh{event_new(base_.get(), fd, to_libevent(interest), &LibeventPoller::note, this)};
    if (!fresh) return sys::make_error(ENOMEM);
    errno = 0;
    if (event_add(fresh.get(), nullptr) != 0) return sys::make_error(errno != 0 ? errno : ENOMEM);
    watched.watch = std::move(fresh);
    return {};
  }

  static void note(int fd, short ready, void* self) noexcept {
    auto& poller = *static_cast<LibeventPoller*>(self);
    const Readiness readiness{.readable = (ready & EV_READ) != 0,
                              .writable = (ready & EV_WRITE) != 0};
    poller.events_.push_back({poller.table_.find(fd)->token, readiness});
  }

  // The base last: the events leave it when they are freed.
  Base base_;
  Watch timer_;
  DescriptorTable<Watched> table_;
  std::size_t count_ = 0;  // of descriptors watched
  std::vector<Event> events_;
};

}  // namespace

std::unique_ptr<Poller> make_libevent_poller() {
  return std::make_unique<LibeventPoller>();
}

}  // namespace switchboard
#endif
