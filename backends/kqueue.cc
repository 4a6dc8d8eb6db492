// kqueue(2) of macOS and the BSDs. A queue holds filters, not descriptors: reading and writing are
// two filters of one descriptor (and exceptional conditions a third), each added and deleted by
// itself, level-triggered as long as EV_CLEAR is not set. A table here remembers which of the two
// stand, since EV_ADD of one that is there already and EV_DELETE of a wrong one do not answer as
// the contract of Poller wants. What the two say in one wait becomes one event.
//
// The token stays in that table too. udata, where it might travel, is a pointer (an intptr_t on
// NetBSD before 10), and so too short for a token on 32-bit machines.
#include "switchboard/sys/waiting.hpp"

#ifdef SWITCHBOARD_HAS_KQUEUE
#include <array>
#include <cassert>

#include "pollers.hpp"

namespace switchboard {

namespace {

struct Watched {
  Token token;
  Interest interest;      // neither where the descriptor is not watched
  std::size_t event = 0;  // the index of its latest event: good only while that one names it
};

// Exceptional conditions: macOS and OpenBSD have a filter for them, the others have not.
#if defined(EVFILT_EXCEPT) && defined(NOTE_OOB)
constexpr bool tells_priority = true;
constexpr int priority_filter = EVFILT_EXCEPT;
constexpr unsigned priority_flags = NOTE_OOB;
#else
constexpr bool tells_priority = false;
constexpr int priority_filter = 0;
constexpr unsigned priority_flags = 0;
#endif

struct kevent change_of(int fd, int filter, int action) noexcept {
  struct kevent change {};  // without EV_SET, whose casts differ from system to system
  change.ident = static_cast<decltype(change.ident)>(fd);
  change.filter = static_cast<decltype(change.filter)>(filter);
  change.flags = static_cast<decltype(change.flags)>(action);
  if (filter == priority_filter) change.fflags = priority_flags;
  return change;
}

class KqueuePoller final : public Poller {
 public:
  KqueuePoller() : queue_(take_or_throw(sys::kqueue_create(), "kqueue")) {}

  std::error_code add(int fd, Token token, Interest interest) override {
    assert(interest.any());
    if (interest.priority && !tells_priority) return sys::make_error(EOPNOTSUPP);
    if (const auto error = sys::check_open(fd)) return error;
    Watched& watched = table_.reach(fd);
    if (watched.interest.any()) return sys::make_error(EEXIST);
    watched.token = token;
    const auto error = change(fd, watched, interest);
    if (error) remove(fd);
    return error;
  }

  std::error_code modify(int fd, Token token, Interest interest) override {
    assert(interest.any());
    if (interest.priority && !tells_priority) return sys::make_error(EOPNOTSUPP);
    Watched* watched = table_.find(fd);
    if (watched == nullptr || !watched->interest.any()) return sys::make_error(ENOENT);
    watched->token = token;
    return change(fd, *watched, interest);
  }

  void remove(int fd) noexcept override {
    Watched* watched = table_.find(fd);
    if (watched == nullptr) return;
    // ENOENT and EBADF mean that the filter is gone already, with its descriptor.
    (void)change(fd, *watched, {});
    watched->interest = {};
  }

  std::span<const Event> wait(Timeout timeout) override {
    const auto count = sys::kevent_call(queue_.get(), {}, ready_, timeout);
    if (!count) return nothing_or_throw(count.errno_value(), "kevent");
    std::size_t reported = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(*count); ++i) {
      reported = report(ready_[i], reported);
    }
    return {events_.data(), reported};
  }

 private:
  // Brings the filters from what stands to `wanted`, with a call for each, so that there is no
  // doubt which of them an error was about. After one `watched` tells what stands now.
  std::error_code change(int fd, Watched& watched, Interest wanted) noexcept {
    const auto set = [&](int filter, bool& stands, bool ought) -> std::error_code {
      if (stands == ought) return {};
      const struct kevent change = change_of(fd, filter, ought ? EV_ADD : EV_DELETE);
      const auto applied = sys::kevent_call(queue_.get(), {&change, 1}, {}, Nanoseconds::zero());
      if (!applied) return applied.error();
      stands = ought;
      return {};
    };
    const auto read_error = set(EVFILT_READ, watched.interest.readable, wanted.readable);
    const auto write_error = set(EVFILT_WRITE, watched.interest.writable, wanted.writable);
    const auto priority_error = set(priority_filter, watched.interest.priority, wanted.priority);
    return read_error ? read_error : write_error ? write_error : priority_error;
  }

  // Adds to the event that this batch holds for the descriptor already, or makes one. Gives how
  // many events there are now.
  std::size_t report(const struct kevent& ready, std::size_t reported) noexcept {
    const auto fd = static_cast<int>(ready.ident);
    Watched* watched = table_.find(fd);
    assert(watched != nullptr);
    if (watched->event >= reported || owners_[watched->event] != fd) {
      watched->event = reported;
      owners_[reported] = fd;
      events_[reported++] = {watched->token, {}};
    }
    Readiness& readiness = events_[watched->event].readiness;
    if (tells_priority && ready.filter == priority_filter) {
      readiness.priority = true;
    } else {
      (ready.filter == EVFILT_READ ? readiness.readable : readiness.writable) = true;
    }
    if ((ready.flags & EV_EOF) != 0) readiness.hangup = true;
    return reported;
  }

  sys::Descriptor queue_;
  DescriptorTable<Watched> table_;
  std::array<struct kevent, max_events_per_wait> ready_;
  std::array<Event, max_events_per_wait> events_;
  std::array<int, max_events_per_wait> owners_;  // the descriptor that each of events_ is about
};

}  // namespace

std::unique_ptr<Poller> make_kqueue_poller() {
  return std::make_unique<KqueuePoller>();
}

}  // namespace switchboard
#endif
