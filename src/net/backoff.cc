#include "switchboard/net/backoff.hpp"

#include <algorithm>
#include <stdexcept>

namespace switchboard {

Backoff::Backoff(sys::Nanoseconds first, sys::Nanoseconds longest, std::uint64_t seed)
    : first_(first), longest_(longest), bound_(first), random_(seed) {
  if (first <= sys::Nanoseconds::zero() || first > longest) {
    throw std::invalid_argument("the first delay is more than zero, and no more than the longest");
  }
}

sys::Nanoseconds Backoff::next() noexcept {
  const sys::Nanoseconds bound = bound_;
  bound_ = bound > longest_ / 2 ? longest_ : bound * 2;
  // Not std::uniform_int_distribution, which may give other numbers on another system. That the
  // remainder favours small ones by a trillionth does not matter here.
  const auto half = static_cast<std::uint64_t>(bound.count() / 2);
  return bound - sys::Nanoseconds{static_cast<std::int64_t>(random_() % (half + 1))};
}

}  // namespace switchboard
