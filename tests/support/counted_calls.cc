#include "support/counted_calls.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct event_base;
struct kevent;

namespace switchboard::test {

namespace {

thread_local CountedCalls::Counts counts{};
thread_local int depth = 0;  // the shim's kevent is made of other calls, which are not ours
thread_local long wait_timeout = 0;

// Counts one call, unless it is made inside another.
class Counted {
 public:
  explicit Counted(CountedCalls::Kind kind) {
    if (depth++ == 0) ++counts[kind];
  }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --depth; }
};

}  // namespace

CountedCalls::Counts CountedCalls::so_far() {
  return counts;
}

long last_wait_timeout() {
  return wait_timeout;
}

}  // namespace switchboard::test

using switchboard::test::Counted;
using switchboard::test::CountedCalls;

// NOLINTBEGIN(bugprone-reserved-identifier): these names are the linker's.
#define COUNT(kind, result, name, parameters, arguments) \
  extern "C" result __real_##name parameters;            \
  extern "C" result __wrap_##name parameters {           \
    const Counted counted{CountedCalls::kind};           \
    return __real_##name arguments;                      \
  }

#define COUNT_WAIT(result, name, parameters, arguments, timeout)                  \
  extern "C" result __real_##name parameters;                                     \
  extern "C" result __wrap_##name parameters {                                    \
    const Counted counted{CountedCalls::wait};                                    \
    if (switchboard::test::depth == 1) switchboard::test::wait_timeout = timeout; \
    return __real_##name arguments;                                               \
  }

COUNT(receive, ssize_t, recv, (int fd, void* into, std::size_t size, int flags),
      (fd, into, size, flags))
COUNT(send, ssize_t, send, (int fd, const void* from, std::size_t size, int flags),
      (fd, from, size, flags))
COUNT(send, ssize_t, sendmsg, (int fd, const msghdr* message, int flags), (fd, message, flags))
COUNT(accept, int, accept4, (int fd, sockaddr* address, socklen_t* length, int flags),
      (fd, address, length, flags))
COUNT(control, int, epoll_ctl, (int epoll, int operation, int fd, epoll_event* event),
      (epoll, operation, fd, event))
COUNT(other, int, close, (int fd), (fd))
COUNT(other, int, shutdown, (int fd, int how), (fd, how))
COUNT(other, ssize_t, read, (int fd, void* into, std::size_t size), (fd, into, size))
COUNT(other, ssize_t, write, (int fd, const void* from, std::size_t size), (fd, from, size))
COUNT(other, int, getsockopt, (int fd, int level, int name, void* value, socklen_t* length),
      (fd, level, name, value, length))
COUNT(other, int, setsockopt, (int fd, int level, int name, const void* value, socklen_t length),
      (fd, level, name, value, length))
COUNT(clock, int, clock_gettime, (clockid_t clock, timespec* time), (clock, time))

COUNT_WAIT(int, epoll_wait, (int epoll, epoll_event* into, int size, int timeout),
           (epoll, into, size, timeout), timeout)
COUNT_WAIT(int, poll, (pollfd * entries, nfds_t count, int timeout), (entries, count, timeout),
           timeout)
COUNT_WAIT(int, select,
           (int count, fd_set* readable, fd_set* writable, fd_set* odd, timeval* timeout),
           (count, readable, writable, odd, timeout), timeout == nullptr ? -1 : timeout->tv_usec)
COUNT_WAIT(int, kevent,
           (int queue, const struct kevent* changes, int change_count, struct kevent* into,
            int size, const timespec* timeout),
           (queue, changes, change_count, into, size, timeout),
           timeout == nullptr ? -1 : timeout->tv_nsec)
COUNT_WAIT(int, event_base_loop, (event_base * base, int flags), (base, flags), 0)
// NOLINTEND(bugprone-reserved-identifier)
