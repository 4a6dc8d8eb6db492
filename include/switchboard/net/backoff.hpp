// How long to wait before the next attempt: longer each time, and never all at once.
#pragma once

#include <cstdint>
#include <random>

#include "switchboard/sys/clock.hpp"

namespace switchboard {

// Exponential back-off with jitter. The Nth delay since the last reset() lies between half of
// d(N) and d(N), evenly spread, where d(N) = min(first * 2^(N-1), longest): so thousands of clients
// that lost their server at the same moment do not come back at the same moment, and nobody comes
// back at once.
//
// The same seed gives the same delays, on every system. Pure: it waits for nothing.
class Backoff {
 public:
  // Throws std::invalid_argument unless 0 < first <= longest.
  Backoff(sys::Nanoseconds first, sys::Nanoseconds longest, std::uint64_t seed);

  sys::Nanoseconds next() noexcept;
  // The next delay is the first again.
  void reset() noexcept { bound_ = first_; }

 private:
  sys::Nanoseconds first_;
  sys::Nanoseconds longest_;
  sys::Nanoseconds bound_;
  std::mt19937_64 random_;
};

}  // namespace switchboard
