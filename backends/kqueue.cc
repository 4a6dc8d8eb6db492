// kqueue(2), level-triggered (no EV_CLEAR). The kernel keeps a filter for each direction of a
// descriptor; the token travels in udata. A descriptor that is readable and writable at once is
// reported in two events, which the kernel does not promise to put side by side.
#include "switchboard/sys/waiting.hpp"

#ifdef SWITCHBOARD_HAS_KQUEUE

#include <array>
#include <bit>
#include <cassert>
#include <vector>

#include "pollers.hpp"

namespace switchboard {

namespace {

using Change = struct kevent;

static_assert(sizeof(void*) == sizeof(std::uint64_t), "a token must fit into udata");

Change make_change(int fd, int filter, int action, Token token) noexcept {
  Change change{};
  EV_SET(&change, static_cast<uintptr_t>(fd), static_cast<decltype(change.filter)>(filter),
         static_cast<decltype(change.flags)>(action), 0, 0,
         std::bit_cast<decltype(change.udata)>(token.packed()));
  return change;
}

class KqueuePoller final : public Poller {
 public:
  KqueuePoller() : queue_(take_or_throw(sys::kqueue_create(), "kqueue")) {}

  std::error_code add(int fd, Token token, Interest interest) override {
    assert(interest.any());
    if (fd < 0) return sys::make_error(EBADF);
    if (interest_of(fd).any()) {
      // Watched, unless it was closed without remove(): then the kernel has forgotten it.
      if (const auto error = sys::check_open(fd)) return error;
      return sys::make_error(EEXIST);
    }
    return change(fd, token, {}, interest);
  }

  std::error_code modify(int fd, Token token, Interest interest) override {
    assert(interest.any());
    const Interest present = interest_of(fd);
    if (!present.any()) return sys::make_error(ENOENT);
    return change(fd, token, present, interest);
  }

  void remove(int fd) override {
    const Interest present = interest_of(fd);
    if (present.any()) (void)change(fd, {}, present, {});  // what is gone already is as good as deleted
  }

  std::span<const Event> wait(Timeout timeout) override {
    const auto count = sys::kevent_call(queue_.get(), {}, ready_, timeout);
    if (!count) return nothing_or_throw(count.errno_value(), "kevent");
    for (std::size_t i = 0; i < static_cast<std::size_t>(*count); ++i) {
      const Change& ready = ready_[i];
      events_[i] = {Token::unpacked(std::bit_cast<std::uint64_t>(ready.udata)),
                    {.readable = ready.filter == EVFILT_READ,
                     .writable = ready.filter == EVFILT_WRITE,
                     .hangup = (ready.flags & EV_EOF) != 0}};
    }
    return {events_.data(), static_cast<std::size_t>(*count)};
  }

 private:
  Interest interest_of(int fd) const noexcept {
    const auto number = static_cast<std::size_t>(fd);  // a negative one becomes too large
    return number < interests_.size() ? interests_[number] : Interest{};
  }

  // One call a filter: with several changes in one call, the first that fails would leave it open
  // which of the others were made. EV_ADD also replaces the udata of a filter that stands.
  std::error_code change(int fd, Token token, Interest present, Interest wanted) {
    const auto number = static_cast<std::size_t>(fd);
    if (number >= interests_.size()) interests_.resize(number + 1);
    std::error_code error = set(fd, EVFILT_READ, token, present.readable, wanted.readable);
    if (!error) error = set(fd, EVFILT_WRITE, token, present.writable, wanted.writable);
    if (error) {
      (void)set(fd, EVFILT_READ, token, true, false);
      (void)set(fd, EVFILT_WRITE, token, true, false);
    }
    interests_[number] = error ? Interest{} : wanted;
    return error;
  }

  std::error_code set(int fd, int filter, Token token, bool present, bool wanted) {
    if (!present && !wanted) return {};
    const Change change = make_change(fd, filter, wanted ? EV_ADD : EV_DELETE, token);
    const auto outcome = sys::kevent_call(queue_.get(), {&change, 1}, {}, Nanoseconds::zero());
    if (outcome || !wanted) return {};  // ENOENT, EBADF: close(2) has deleted it
    return outcome.error();
  }

  sys::Descriptor queue_;
  std::vector<Interest> interests_;  // by descriptor
  std::array<Change, max_events_per_wait> ready_;
  std::array<Event, max_events_per_wait> events_;
};

}  // namespace

std::unique_ptr<Poller> make_kqueue_poller() {
  return std::make_unique<KqueuePoller>();
}

}  // namespace switchboard

#endif
