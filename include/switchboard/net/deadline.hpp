// By when a call that blocks must be done.
#pragma once

#include <algorithm>
#include <chrono>

#include "switchboard/sys/clock.hpp"
#include "switchboard/sys/waiting.hpp"

namespace switchboard {

// A moment, so that several calls in a row may share one: `const Deadline deadline{seconds{5}}`.
// A duration will do where a Deadline is asked for: it is counted from there.
class Deadline {
 public:
  template <typename Rep, typename Period>
  Deadline(std::chrono::duration<Rep, Period> from_now)  // NOLINT(google-explicit-constructor)
      : moment_(sys::later(sys::monotonic_now(),
                           std::chrono::duration_cast<sys::Nanoseconds>(from_now))) {}
  static Deadline never() noexcept { return Deadline{}; }

  // What a wait may still take: none is for ever, and zero where the moment has passed.
  sys::Timeout left() const noexcept {
    if (moment_ == sys::Instant::max()) return std::nullopt;
    return std::max(moment_ - sys::monotonic_now(), sys::Nanoseconds::zero());
  }

 private:
  Deadline() noexcept = default;

  sys::Instant moment_ = sys::Instant::max();
};

}  // namespace switchboard
