// The kernel's ways to wait for many descriptors at once: select(2), poll(2), epoll(7), kqueue(2).
// One thin function a call; what each means is for the backends to know.
#pragma once

#include <poll.h>

#include <cstddef>
#include <optional>
#include <span>
#include <system_error>

#include "switchboard/sys/clock.hpp"
#include "switchboard/sys/descriptor.hpp"
#include "switchboard/sys/result.hpp"

#if defined(__linux__)
#define SWITCHBOARD_HAS_EPOLL 1
#include <sys/epoll.h>
#endif

#if defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__) || \
    defined(__DragonFly__) || defined(SWITCHBOARD_KQUEUE_SHIM)
#define SWITCHBOARD_HAS_KQUEUE 1
#include <sys/event.h>
#endif

namespace switchboard::sys {

// How long a wait may last: none is for ever, zero is a look.
//
// Every wait below rounds a duration up to the unit of its call, never down: a wait that ends a
// little early would make its caller spin until the timer is really due.
using Timeout = std::optional<Nanoseconds>;

// EBADF where `fd` is not open: select(2) and poll(2) would only find out in the middle of a wait.
std::error_code check_open(int fd) noexcept;

// select(2). The words are bitmaps of `descriptors` bits each, in and out; where the kernel allows
// (Linux) they may be longer than FD_SETSIZE. `exceptional`, the third set, may be null. Gives how
// many bits are set. Unit: microseconds.
using BitmapWord = unsigned long;
Result<int> select(int descriptors, BitmapWord* readable, BitmapWord* writable,
                   BitmapWord* exceptional, Timeout timeout) noexcept;
// The highest number of descriptors that select(2) takes here: FD_SETSIZE, or no limit (INT_MAX).
int select_capacity() noexcept;

// poll(2). Gives how many entries have revents. Unit: milliseconds.
Result<int> poll(std::span<pollfd> entries, Timeout timeout) noexcept;

#ifdef SWITCHBOARD_HAS_EPOLL
Result<Descriptor> epoll_create() noexcept;
// EPOLL_CTL_ADD, _MOD or _DEL; `data` comes back with every event of this descriptor.
std::error_code epoll_control(int epoll_fd, int operation, int fd, std::uint32_t events,
                              std::uint64_t data) noexcept;
// epoll_wait(2). Unit: milliseconds. `into` must not be empty.
Result<int> epoll_wait(int epoll_fd, std::span<epoll_event> into, Timeout timeout) noexcept;
#endif

#ifdef SWITCHBOARD_HAS_KQUEUE
Result<Descriptor> kqueue_create() noexcept;
// kevent(2): applies `changes`, then waits for events, unless `into` is empty. Unit: nanoseconds.
Result<int> kevent_call(int kqueue_fd, std::span<const struct kevent> changes,
                        std::span<struct kevent> into, Timeout timeout) noexcept;
#endif

}  // namespace switchboard::sys
