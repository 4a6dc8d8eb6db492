// When to send, and how long to wait for what was sent: the same for every load.
#pragma once

#include <cstdint>

#include "switchboard/reactor/reactor.hpp"

namespace switchboard::load {

using sys::Instant;
using sys::Nanoseconds;

// Longer than any server takes, unless it has lost what it was sent.
inline constexpr Nanoseconds patience = std::chrono::seconds{10};

// The budget of a load that goes on until it is told to end.
inline constexpr std::uint64_t no_limit = UINT64_MAX;

inline std::uint64_t since_epoch(Instant moment) noexcept {
  return static_cast<std::uint64_t>(moment.time_since_epoch().count());
}

// When the messages of an open loop fall due: so many a second, evenly, from its beginning.
class Schedule {
 public:
  void begin(std::uint64_t rate) {
    start_ = sys::monotonic_now();
    interval_ns_ = 1e9 / static_cast<double>(rate);
    number_ = 0;
  }
  Instant due() const noexcept {
    return start_ +
           Nanoseconds{static_cast<Nanoseconds::rep>(static_cast<double>(number_) * interval_ns_)};
  }
  // Which message is due next; and goes on to the one after it.
  std::uint64_t take() noexcept { return number_++; }

  // Calls send(number, due) for what has fallen due while `may_go_on`, then turns the reactor until
  // shortly before the next. Keeps a core busy to be punctual.
  template <typename MayGoOn, typename Send>
  void turn(Reactor& reactor, MayGoOn may_go_on, Send send);

 private:
  // An epoll_wait() may oversleep its time by a millisecond; from there on punctuality needs the
  // core.
  static constexpr Nanoseconds too_short_to_sleep = std::chrono::milliseconds{2};

  Instant start_{};
  double interval_ns_ = 0;
  std::uint64_t number_ = 0;
};

template <typename MayGoOn, typename Send>
void Schedule::turn(Reactor& reactor, MayGoOn may_go_on, Send send) {
  const Instant now = sys::monotonic_now();
  while (may_go_on()) {
    const Instant next = due();
    if (next > now) {
      const Nanoseconds left = next - now;
      reactor.turn(left > too_short_to_sleep ? left - too_short_to_sleep : Nanoseconds::zero());
      return;
    }
    send(take(), next);
    // A schedule that cannot be kept must not keep us from reading.
    if (number_ % 64 == 0) reactor.turn(Nanoseconds::zero());
  }
}

// Turns until `progress()`, a number, has changed; false where it has not for so long.
template <typename ProgressMade>
bool turn_until_moved(Reactor& reactor, ProgressMade progress, Nanoseconds longest = patience) {
  const Instant deadline = sys::monotonic_now() + longest;
  for (const auto before = progress(); progress() == before;) {
    const Nanoseconds left = deadline - sys::monotonic_now();
    if (left <= Nanoseconds::zero()) return false;
    reactor.turn(left);
  }
  return true;
}

}  // namespace switchboard::load
