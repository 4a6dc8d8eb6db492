// Counts of durations, kept so that percentiles can be told without keeping every duration.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace switchboard::load {

// Log-linear: each power of two is cut into 64 equal buckets, so a percentile is told at most 1/64
// (1.6 %) above the true sample and never below it; values under 128 ns are exact. Values are
// nanoseconds up to 2^40 (18 minutes); longer ones count as the longest. Adding is two shifts and
// an increment, with no allocation.
class Histogram {
 public:
  static constexpr int precision_bits = 6;
  static constexpr int highest_bit = 40;

  void add(std::uint64_t nanoseconds, std::uint64_t times = 1) noexcept {
    counts_[bucket_of(std::min(nanoseconds, longest))] += times;
    total_ += times;
    highest_ = std::max(highest_, nanoseconds);
  }

  std::uint64_t total() const noexcept { return total_; }
  std::uint64_t highest_ns() const noexcept { return highest_; }

  // The smallest recorded value (rounded up to its bucket's end) that `fraction` of all samples do
  // not exceed; 0 when there are no samples. 0 < fraction <= 1.
  std::uint64_t percentile_ns(double fraction) const noexcept {
    if (total_ == 0) return 0;
    const double exact_rank = std::ceil(fraction * static_cast<double>(total_));
    const auto rank = std::clamp(static_cast<std::uint64_t>(exact_rank), std::uint64_t{1}, total_);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen >= rank) return std::min(end_of(i), highest_);
    }
    return highest_;
  }

  void clear() noexcept { *this = Histogram{}; }

 private:
  static constexpr std::uint64_t longest = (std::uint64_t{1} << highest_bit) - 1;
  static constexpr std::size_t per_octave = std::size_t{1} << precision_bits;

  // The octave is how far a value must be shifted to fit in precision_bits + 1 bits; what is left
  // of it (64..127, or 0..127 in the first octave) says which bucket in there.
  static std::size_t bucket_of(std::uint64_t value) noexcept {
    const int width = static_cast<int>(std::bit_width(value));
    const int octave = std::max(width - (precision_bits + 1), 0);
    return static_cast<std::size_t>(octave) * per_octave +
           static_cast<std::size_t>(value >> octave);
  }

  static std::uint64_t end_of(std::size_t bucket) noexcept {
    if (bucket < 2 * per_octave) return bucket;
    const std::size_t octave = bucket / per_octave - 1;
    const std::uint64_t mantissa = bucket - octave * per_octave;
    return ((mantissa + 1) << octave) - 1;
  }

  std::array<std::uint64_t, (highest_bit - precision_bits + 1) * per_octave> counts_{};
  std::uint64_t total_ = 0;
  std::uint64_t highest_ = 0;
};

}  // namespace switchboard::load
