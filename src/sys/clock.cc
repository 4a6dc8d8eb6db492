#include "switchboard/sys/clock.hpp"

#include <time.h>

#include <cassert>

namespace switchboard::sys {

namespace {

Nanoseconds read_clock(clockid_t clock) noexcept {
  timespec value{};
  // Fails only for an unknown clock or a bad address: neither can happen here.
  [[maybe_unused]] const int outcome = ::clock_gettime(clock, &value);
  assert(outcome == 0);
  return std::chrono::seconds{value.tv_sec} + Nanoseconds{value.tv_nsec};
}

}  // namespace

Instant monotonic_now() noexcept {
  return Instant{read_clock(CLOCK_MONOTONIC)};
}

std::chrono::system_clock::time_point wall_now() noexcept {
  using Wall = std::chrono::system_clock;
  return Wall::time_point{std::chrono::duration_cast<Wall::duration>(read_clock(CLOCK_REALTIME))};
}

}  // namespace switchboard::sys
