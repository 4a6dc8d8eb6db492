// Time as the kernel tells it.
#pragma once

#include <chrono>

namespace switchboard::sys {

using Nanoseconds = std::chrono::nanoseconds;

// A point on a clock that no wall-clock step moves.
using Instant = std::chrono::time_point<std::chrono::steady_clock, Nanoseconds>;

// CLOCK_MONOTONIC, clock_gettime(2). On Linux read through the vDSO, so no system call is made.
Instant monotonic_now() noexcept;

// The end of the clock where it comes before `delay` is over: "never" may be added to any moment.
constexpr Instant later(Instant moment, Nanoseconds delay) noexcept {
  return delay > Instant::max() - moment ? Instant::max() : moment + delay;
}

// CLOCK_REALTIME: for people who read logs, never for timers.
std::chrono::system_clock::time_point wall_now() noexcept;

// What clocks on the wall show where the process runs (localtime_r(3), TZ).
struct TimeOfDay {
  int hour = 0;
  int minute = 0;
};
TimeOfDay local_time_of_day(std::chrono::system_clock::time_point moment) noexcept;

}  // namespace switchboard::sys
