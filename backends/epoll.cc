// epoll(7), level-triggered. The kernel keeps the set, so this file keeps nothing a descriptor: the
// token travels in the event's data.
#include "switchboard/sys/waiting.hpp"

#ifdef SWITCHBOARD_HAS_EPOLL
#include <array>
#include <cassert>

#include "pollers.hpp"

namespace switchboard {

namespace {

std::uint32_t to_epoll(Interest interest) noexcept {
  assert(interest.any());
  return (interest.readable ? std::uint32_t{EPOLLIN} : 0U) |
         (interest.writable ? std::uint32_t{EPOLLOUT} : 0U) |
         (interest.priority ? std::uint32_t{EPOLLPRI} : 0U);
}

Readiness from_epoll(std::uint32_t events) noexcept {
  // EPOLLERR and EPOLLHUP come unasked for. A socket that failed shows what was asked for as well;
  // a pipe whose other end is gone may show nothing else, and then either call would return at
  // once.
  const bool failed = (events & (EPOLLERR | EPOLLHUP)) != 0;
  const bool nothing_else = (events & (EPOLLIN | EPOLLOUT | EPOLLPRI)) == 0;
  return {.readable = (events & EPOLLIN) != 0 || nothing_else,
          .writable = (events & EPOLLOUT) != 0 || nothing_else,
          .hangup = failed,
          .priority = (events & EPOLLPRI) != 0};
}

class EpollPoller final : public Poller {
 public:
  EpollPoller() : epoll_(take_or_throw(sys::epoll_create(), "epoll_create1")) {}

  std::error_code add(int fd, Token token, Interest interest) override {
    return sys::epoll_control(epoll_.get(), EPOLL_CTL_ADD, fd, to_epoll(interest), token.packed());
  }

  std::error_code modify(int fd, Token token, Interest interest) override {
    return sys::epoll_control(epoll_.get(), EPOLL_CTL_MOD, fd, to_epoll(interest), token.packed());
  }

  void remove(int fd) noexcept override {
    // ENOENT and EBADF: not watched, so there is nothing to do.
    (void)sys::epoll_control(epoll_.get(), EPOLL_CTL_DEL, fd, 0, 0);
  }

  std::span<const Event> wait(Timeout timeout) override {
    const auto count = sys::epoll_wait(epoll_.get(), ready_, timeout);
    if (!count) return nothing_or_throw(count.errno_value(), "epoll_wait");
    for (std::size_t i = 0; i < static_cast<std::size_t>(*count); ++i) {
      events_[i] = {Token::unpacked(ready_[i].data.u64), from_epoll(ready_[i].events)};
    }
    return {events_.data(), static_cast<std::size_t>(*count)};
  }

 private:
  sys::Descriptor epoll_;
  std::array<epoll_event, max_events_per_wait> ready_;
  std::array<Event, max_events_per_wait> events_;
};

}  // namespace

std::unique_ptr<Poller> make_epoll_poller() {
  return std::make_unique<EpollPoller>();
}

}  // namespace switchboard
#endif
