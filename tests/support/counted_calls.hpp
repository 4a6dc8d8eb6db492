// Counts the system calls that the library makes on this thread.
//
// The linker's --wrap puts a counter below the unchanged src/sys: see counted_calls_dep in
// meson.build. Calls of the test's own count too, so a test looks at a stretch in which only the
// reactor runs. What a shared library does inside is not seen: a wait of libevent counts as one.
#pragma once

#include <array>
#include <cstddef>

namespace switchboard::test {

class CountedCalls {
 public:
  enum Kind : std::size_t { wait, receive, send, accept, control, other, clock, kinds };
  using Counts = std::array<std::size_t, kinds>;

  // Counts from here on.
  CountedCalls() : start_(so_far()) {}

  std::size_t waits() const { return since_start(wait); }  // epoll_wait, poll, select, kevent, ...
  std::size_t receives() const { return since_start(receive); }
  std::size_t sends() const { return since_start(send); }  // send, sendmsg
  std::size_t accepts() const { return since_start(accept); }
  std::size_t controls() const { return since_start(control); }  // epoll_ctl
  // Not system calls on Linux, and so not among all().
  std::size_t clock_reads() const { return since_start(clock); }
  std::size_t all() const {
    std::size_t sum = 0;
    for (std::size_t kind = 0; kind < clock; ++kind) sum += since_start(static_cast<Kind>(kind));
    return sum;
  }

 private:
  static Counts so_far();
  std::size_t since_start(Kind kind) const { return so_far()[kind] - start_[kind]; }

  Counts start_;
};

// How long the last wait was told to last, in its call's own unit; negative for ever. Not for
// libevent.
long last_wait_timeout();

}  // namespace switchboard::test
