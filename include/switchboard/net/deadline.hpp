// By when a call that blocks must be done.
#pragma once

#include <algorithm>
#include <chrono>

#include "switchboard/sys/clock.hpp"
#include "switchboard/sys/waiting.hpp"

namespace switchboard {

// A moment, so that several calls in a row may share one: `const Deadline deadline{seconds{5}}`.
// A duration will do where a Deadline is asked for: it is counted from there. One below zero is
// over already, and the longest of any unit is never over.
class Deadline {
 public:
  template <typename Rep, typename Period>
  Deadline(std::chrono::duration<Rep, Period> from_now)  // NOLINT(google-explicit-constructor)
      : moment_(sys::later(sys::monotonic_now(), saturated(from_now))) {}
  static Deadline never() noexcept { return Deadline{}; }

  // What a wait may still take: none is for ever, and zero where the moment has passed.
  sys::Timeout left() const noexcept {
    if (moment_ == sys::Instant::max()) return std::nullopt;
    return std::max(moment_ - sys::monotonic_now(), sys::Nanoseconds::zero());
  }

 private:
  Deadline() noexcept = default;

  // seconds::max(), as some write "never", is more than nanoseconds can count.
  template <typename Rep, typename Period>
  static sys::Nanoseconds saturated(std::chrono::duration<Rep, Period> from_now) noexcept {
    using Seconds = std::chrono::duration<double>;
    if (from_now <= from_now.zero()) return sys::Nanoseconds::zero();
    if (Seconds{from_now} >= Seconds{sys::Nanoseconds::max()}) return sys::Nanoseconds::max();
    return std::chrono::duration_cast<sys::Nanoseconds>(from_now);
  }

  sys::Instant moment_ = sys::Instant::max();
};

}  // namespace switchboard
