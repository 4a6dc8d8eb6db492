// How many lines somebody may send, and how fast.
//
// A token bucket, kept as the one moment at which it would be full again (the "virtual scheduling"
// form of ITU-T I.371, appendix A), so that it costs 8 bytes a person and no timer.
#pragma once

#include <algorithm>
#include <chrono>

#include "switchboard/sys/clock.hpp"

namespace switchboard::chat {

struct BucketSize {
  unsigned burst = 0;            // lines at once; 0: no limit
  sys::Nanoseconds interval{0};  // in which one more may follow
  bool is_limit() const noexcept { return burst > 0; }
};

class TokenBucket {
 public:
  // How long to wait until one may be taken; zero: at once. The size may be another than before:
  // what was taken at the old one leaves the bucket empty at worst, and no emptier.
  sys::Nanoseconds wait(const BucketSize& size, sys::Instant now) noexcept {
    if (!size.is_limit()) return sys::Nanoseconds::zero();
    full_at_ = std::min(full_at_, sys::later(now, size.interval * size.burst));
    return std::max(full_at_ - now - size.interval * (size.burst - 1), sys::Nanoseconds::zero());
  }
  void take(const BucketSize& size, sys::Instant now) noexcept {
    if (size.is_limit()) full_at_ = std::max(full_at_, now) + size.interval;
  }

 private:
  sys::Instant full_at_{};
};

}  // namespace switchboard::chat
