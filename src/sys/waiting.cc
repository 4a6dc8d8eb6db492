#include "switchboard/sys/waiting.hpp"

#include <fcntl.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <climits>

#include "descriptor_flags.hpp"

namespace switchboard::sys {

namespace {

Result<int> counted(int returned) noexcept {
  if (returned < 0) return Errno{errno};
  return returned;
}

// -1 waits for ever. A wait of more than 24 days is cut short: the caller just waits again.
int ceil_milliseconds(Timeout timeout) noexcept {
  if (!timeout) return -1;
  const auto whole = std::chrono::ceil<std::chrono::milliseconds>(*timeout).count();
  return static_cast<int>(std::clamp<decltype(whole)>(whole, 0, INT_MAX));
}

}  // namespace

std::error_code check_open(int fd) noexcept {
  return ::fcntl(fd, F_GETFD) < 0 ? make_error(errno) : std::error_code{};
}

Result<int> select(int descriptors, BitmapWord* readable, BitmapWord* writable,
                   BitmapWord* exceptional, Timeout timeout) noexcept {
  timeval limit{};
  if (timeout) {
    // Some kernels refuse more than 100,000,000 seconds; a day is long enough for one wait.
    const auto whole =
        std::clamp(std::chrono::ceil<std::chrono::microseconds>(*timeout),
                   std::chrono::microseconds{0}, std::chrono::microseconds{std::chrono::hours{24}});
    limit.tv_sec = static_cast<decltype(limit.tv_sec)>(whole.count() / 1'000'000);
    limit.tv_usec = static_cast<decltype(limit.tv_usec)>(whole.count() % 1'000'000);
  }
  return counted(::select(descriptors, reinterpret_cast<fd_set*>(readable),
                          reinterpret_cast<fd_set*>(writable),
                          reinterpret_cast<fd_set*>(exceptional), timeout ? &limit : nullptr));
}

int select_capacity() noexcept {
#ifdef __linux__
  return INT_MAX;  // the kernel reads as many bits as it is told; only glibc's fd_set ends at 1,024
#else
  return FD_SETSIZE;
#endif
}

Result<int> poll(std::span<pollfd> entries, Timeout timeout) noexcept {
  return counted(
      ::poll(entries.data(), static_cast<nfds_t>(entries.size()), ceil_milliseconds(timeout)));
}

#ifdef SWITCHBOARD_HAS_EPOLL
Result<Descriptor> epoll_create() noexcept {
  Descriptor epoll{::epoll_create1(EPOLL_CLOEXEC)};
  if (!epoll) return Errno{errno};
  return epoll;
}

std::error_code epoll_control(int epoll_fd, int operation, int fd, std::uint32_t events,
                              std::uint64_t data) noexcept {
  epoll_event event{};
  event.events = events;
  event.data.u64 = data;
  return ::epoll_ctl(epoll_fd, operation, fd, &event) == 0 ? std::error_code{} : make_error(errno);
}

Result<int> epoll_wait(int epoll_fd, std::span<epoll_event> into, Timeout timeout) noexcept {
  assert(!into.empty());
  return counted(::epoll_wait(epoll_fd, into.data(), static_cast<int>(into.size()),
                              ceil_milliseconds(timeout)));
}
#endif

#ifdef SWITCHBOARD_HAS_KQUEUE
Result<Descriptor> kqueue_create() noexcept {
  Descriptor queue{::kqueue()};
  if (!queue) return Errno{errno};
  if (::fcntl(queue.get(), F_SETFD, FD_CLOEXEC) < 0) return Errno{errno};
  return queue;
}

Result<int> kevent_call(int kqueue_fd, std::span<const struct kevent> changes,
                        std::span<struct kevent> into, Timeout timeout) noexcept {
  timespec limit{};
  if (timeout) {
    // EINVAL above this on some kernels; a day is long enough for one wait.
    const auto capped = std::clamp<Nanoseconds>(*timeout, Nanoseconds{0}, std::chrono::hours{24});
    limit.tv_sec = static_cast<decltype(limit.tv_sec)>(capped.count() / 1'000'000'000);
    limit.tv_nsec = static_cast<decltype(limit.tv_nsec)>(capped.count() % 1'000'000'000);
  }
  return counted(::kevent(kqueue_fd, changes.data(), static_cast<int>(changes.size()), into.data(),
                          static_cast<int>(into.size()), timeout ? &limit : nullptr));
}
#endif

}  // namespace switchboard::sys
