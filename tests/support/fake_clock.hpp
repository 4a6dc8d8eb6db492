// A clock that only the test moves, linked in the place of src/sys/clock.cc: include this in one
// file of a program. Timers become due when it is moved; waits still last as long as they last, so
// a test that moves it turns its reactor with a timeout.
#pragma once

#include "switchboard/sys/clock.hpp"

namespace switchboard::test {

inline sys::Instant& fake_now() noexcept {
  static sys::Instant now{std::chrono::hours{1}};
  return now;
}

}  // namespace switchboard::test

namespace switchboard::sys {

Instant monotonic_now() noexcept {
  return test::fake_now();
}

std::chrono::system_clock::time_point wall_now() noexcept {
  return std::chrono::system_clock::now();
}

}  // namespace switchboard::sys
