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

TimeOfDay local_time_of_day(std::chrono::system_clock::time_point moment) noexcept {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(moment);
  tm local{};
  // Fails only for years that do not fit an int.
  if (::localtime_r(&seconds, &local) == nullptr) return {};
  return {.hour = local.tm_hour, .minute = local.tm_min};
}

}  // namespace switchboard::sys
