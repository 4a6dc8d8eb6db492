// The seam between the reactor and the kernel's way of waiting.
//
// A Poller watches descriptors that others own and tells, level-triggered, which are ready: as long
// as there is something to read (or room to write), every wait says so again. It calls nobody back;
// it only reports. Everything above this header is the same whatever stands below it.
#pragma once

#include <cstdint>
#include <span>
#include <system_error>

#include "switchboard/sys/waiting.hpp"

namespace switchboard {

using sys::Instant;
using sys::Nanoseconds;
using sys::Timeout;

// Names one registration: the slot it sits in and the how-manieth tenant of that slot it is. An
// event for a descriptor that has since been closed and reused carries a generation that is no
// longer current, and so finds nobody.
struct Token {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;

  bool operator==(const Token&) const = default;
  std::uint64_t packed() const noexcept { return std::uint64_t{generation} << 32U | slot; }
  static Token unpacked(std::uint64_t value) noexcept {
    return {static_cast<std::uint32_t>(value), static_cast<std::uint32_t>(value >> 32U)};
  }
};

// What a watcher wants to hear of. At least one of the first two must be set when it is given to a
// Poller.
//
// `priority` is for exceptional conditions, the third set of select(2): for a TCP socket, that the
// peer has sent urgent ("out-of-band") data, one byte that sys::receive_urgent() gets past all that
// comes before it. New programs have no use for that (RFC 6093 section 5): it is here for protocols
// that do, such as telnet and FTP. Not every poller can tell: where one cannot, add() and modify()
// refuse it (EOPNOTSUPP). epoll, poll and select can, and kqueue on macOS and OpenBSD; libevent
// cannot. Who does not ask pays nothing.
struct Interest {
  bool readable = false;
  bool writable = false;
  bool priority = false;

  bool any() const noexcept { return readable || writable; }
  bool operator==(const Interest&) const = default;
};

// What a descriptor can do now without blocking, of that which was asked for. A failure or the end
// of a stream makes it ready as well, since a read or a write would return at once; where epoll
// shows a failure and nothing else (the other end of a pipe is gone), both are set. `hangup` is a
// hint, given by some pollers only; reading tells what really happened. `priority` is set as long
// as the urgent byte is neither taken nor read past; that byte alone does not make readable.
struct Readiness {
  bool readable = false;
  bool writable = false;
  bool hangup = false;
  bool priority = false;

  bool operator==(const Readiness&) const = default;
};

struct Event {
  Token token;
  Readiness readiness;
};

// How many events one wait reports at most, where the kernel lets us say so. Few enough that what
// the kernel touched of each socket is still in the cache when it is read: with 1,000 busy
// connections 512 cost 6 % more CPU a message, 64 as much as this.
inline constexpr std::size_t max_events_per_wait = 128;

class Poller {
 public:
  virtual ~Poller() = default;

  // Starts watching. The descriptor stays its owner's, who calls remove() before closing it.
  // Errors: EBADF where `fd` is not open, EEXIST where it is watched already, and whatever the
  // kernel or the table has (EMFILE, ENOMEM, ENOSPC, EPERM; EOPNOTSUPP where it cannot tell what
  // `interest` asks for). After an error `fd` is not watched.
  virtual std::error_code add(int fd, Token token, Interest interest) = 0;

  // Replaces token and interest. ENOENT where `fd` is not watched; after any other error the old
  // registration may or may not stand, and the caller should remove() it.
  virtual std::error_code modify(int fd, Token token, Interest interest) = 0;

  // Stops watching at once; for that no memory is needed. A descriptor that is not watched is left
  // alone.
  virtual void remove(int fd) noexcept = 0;

  // Waits until something is ready or `timeout` has passed (rounded up: a wait never ends early but
  // for an event or a signal). A descriptor has at most one event in a wait. The events are good
  // until the next wait, whatever is added or removed meanwhile. An interrupted wait, and one for
  // which the kernel had no memory, reports nothing; any other failure is a mistake of ours and
  // throws std::system_error.
  virtual std::span<const Event> wait(Timeout timeout) = 0;
};

}  // namespace switchboard
