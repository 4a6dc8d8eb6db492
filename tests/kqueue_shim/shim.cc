// kqueue(2) over epoll(7), so that backends/kqueue.cc, unchanged, runs where the kernel has no
// kqueue.
//
// What running on it proves: that the backend makes the calls that the man pages of macOS and
// FreeBSD describe, keeps its table in step with the queue's filters, and reads events and errors
// as they are documented. What it does not: how the real kernels behave, be it against their
// documentation, in their order of events, or in speed.
//
// As there: filters of one descriptor stand by themselves; changes are made in order, and all of
// them before any event is read; EV_ADD of a filter that stands replaces its udata; close(2) takes
// the filters away; a change that fails becomes an event with EV_ERROR while there is room for one,
// and the errno of the call where there is none.
//
// Unlike there: flags that the backend does not use are refused (EINVAL), so that it cannot begin
// to use one unnoticed. `data` (bytes to read, room to write) and `fflags` (the socket's error) are
// left 0; SO_ERROR would tell the latter, and take it away from the socket's owner. Descriptors
// that epoll does not take (files) are refused. A closed descriptor whose duplicate lives on may
// keep its filters.
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/event.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <cerrno>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace {

struct Filters {
  std::optional<void*> read;  // udata
  std::optional<void*> write;
  std::optional<void*> except;

  std::optional<void*>& of(int filter) noexcept {
    return filter == EVFILT_READ ? read : filter == EVFILT_WRITE ? write : except;
  }
  bool any() const noexcept { return read || write || except; }
  std::uint32_t epoll_events() const noexcept {
    return (read ? std::uint32_t{EPOLLIN | EPOLLRDHUP} : 0U) |
           (write ? std::uint32_t{EPOLLOUT} : 0U) | (except ? std::uint32_t{EPOLLPRI} : 0U);
  }
};

using Queue = std::unordered_map<int, Filters>;  // by ident

// A queue's descriptor is the epoll's. One that was closed leaves its entry here until the number
// is given out again.
std::mutex queues_mutex;
std::atomic<bool> asks_for_exceptions{false};  // anybody, ever
std::map<int, Queue> queues;

Queue* find_queue(int queue_fd) {
  const std::lock_guard lock{queues_mutex};
  const auto found = queues.find(queue_fd);
  return found == queues.end() ? nullptr : &found->second;
}

int control(int queue_fd, int operation, int fd, const Filters& filters) noexcept {
  epoll_event event{};
  event.events = filters.epoll_events();
  event.data.fd = fd;
  return ::epoll_ctl(queue_fd, operation, fd, &event) == 0 ? 0 : errno;
}

// 0, or the errno.
int apply(int queue_fd, Queue& queue, const struct kevent& change) {
  const auto fd = static_cast<int>(change.ident);
  const bool adds = (change.flags & EV_ADD) != 0;
  const bool deletes = (change.flags & EV_DELETE) != 0;
  if (adds == deletes || (change.flags & ~(EV_ADD | EV_DELETE | EV_RECEIPT)) != 0) return EINVAL;
  const bool excepts = change.filter == EVFILT_EXCEPT && change.fflags == NOTE_OOB;
  if (change.filter != EVFILT_READ && change.filter != EVFILT_WRITE && !excepts) return EINVAL;

  const auto found = queue.find(fd);
  Filters filters = found == queue.end() ? Filters{} : found->second;
  // epoll forgets a closed descriptor as kqueue does, and so tells us of it.
  if (filters.any() && control(queue_fd, EPOLL_CTL_MOD, fd, filters) != 0) {
    queue.erase(found);
    filters = {};
  }
  if (::fcntl(fd, F_GETFD) < 0) return EBADF;

  if (excepts) asks_for_exceptions = true;
  const bool was_watched = filters.any();
  std::optional<void*>& filter = filters.of(change.filter);
  if (deletes && !filter) return ENOENT;
  filter = adds ? std::optional{change.udata} : std::nullopt;
  const int operation = !was_watched    ? EPOLL_CTL_ADD
                        : filters.any() ? EPOLL_CTL_MOD
                                        : EPOLL_CTL_DEL;
  if (const int error = control(queue_fd, operation, fd, filters)) return error;
  if (filters.any()) {
    queue[fd] = filters;
  } else {
    queue.erase(fd);
  }
  return 0;
}

struct kevent event_of(int fd, int filter, void* udata, bool end) noexcept {
  struct kevent event {};
  event.ident = static_cast<uintptr_t>(fd);
  event.filter = static_cast<int16_t>(filter);
  event.flags = end ? EV_EOF : 0;
  event.udata = udata;
  return event;
}

// One to three events for what epoll says of one descriptor; gives the end of those written.
struct kevent* report(Queue& queue, const epoll_event& ready, struct kevent* events) {
  const int fd = ready.data.fd;
  const auto found = queue.find(fd);
  if (found == queue.end()) return events;
  const Filters& filters = found->second;
  const bool failed = (ready.events & (EPOLLERR | EPOLLHUP)) != 0;
  if (filters.read && (failed || (ready.events & (EPOLLIN | EPOLLRDHUP)) != 0)) {
    const bool end = failed || (ready.events & EPOLLRDHUP) != 0;
    *events++ = event_of(fd, EVFILT_READ, *filters.read, end);
  }
  if (filters.write && (failed || (ready.events & EPOLLOUT) != 0)) {
    *events++ = event_of(fd, EVFILT_WRITE, *filters.write, failed);
  }
  if (filters.except && (ready.events & EPOLLPRI) != 0) {
    *events++ = event_of(fd, EVFILT_EXCEPT, *filters.except, false);
  }
  return events;
}

int wait(int queue_fd, Queue& queue, struct kevent* events, int event_count,
         const struct timespec* timeout) {
  const int most_events = asks_for_exceptions ? 3 : 2;  // of one descriptor
  assert(event_count >= most_events && "a descriptor needs room for all of its events");
  if (timeout != nullptr && (timeout->tv_sec != 0 || timeout->tv_nsec != 0)) {
    // epoll_wait counts in milliseconds; ppoll takes the very timespec, and rounds up. (A timerfd
    // would do it too, but be one more descriptor in suites that count and limit them.)
    pollfd entry{.fd = queue_fd, .events = POLLIN, .revents = 0};
    const int outcome = ::ppoll(&entry, 1, timeout, nullptr);
    if (outcome <= 0) return outcome;
  }
  std::array<epoll_event, 256> ready;
  const int room = std::min(event_count / most_events, static_cast<int>(ready.size()));
  const int count = ::epoll_wait(queue_fd, ready.data(), room, timeout == nullptr ? -1 : 0);
  if (count < 0) return -1;
  struct kevent* end = events;
  for (int i = 0; i < count; ++i) end = report(queue, ready[static_cast<std::size_t>(i)], end);
  return static_cast<int>(end - events);
}

}  // namespace

int kqueue() {
  const int queue_fd = ::epoll_create1(0);
  if (queue_fd < 0) return -1;
  const std::lock_guard lock{queues_mutex};
  queues[queue_fd].clear();
  return queue_fd;
}

int kevent(int queue_fd, const struct kevent* changes, int change_count, struct kevent* events,
           int event_count, const struct timespec* timeout) {
  Queue* queue = find_queue(queue_fd);
  if (queue == nullptr) {
    errno = EBADF;
    return -1;
  }
  int answers = 0;
  for (int i = 0; i < change_count; ++i) {
    const struct kevent change = changes[i];  // a copy: both lists may be the same array
    const int error = apply(queue_fd, *queue, change);
    if (error == 0 && (change.flags & EV_RECEIPT) == 0) continue;
    if (answers == event_count) {
      errno = error;
      return error == 0 ? 0 : -1;
    }
    events[answers] = change;
    events[answers].flags = EV_ERROR;
    events[answers].data = error;
    ++answers;
  }
  if (answers > 0 || event_count == 0) return answers;
  return wait(queue_fd, *queue, events, event_count, timeout);
}
