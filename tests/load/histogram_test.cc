#include "load/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <vector>

namespace switchboard::load {
namespace {

// The sample of that rank when all are sorted: what the histogram is to tell, a little rounded up.
std::uint64_t exact_percentile(std::vector<std::uint64_t> samples, double fraction) {
  std::ranges::sort(samples);
  const double rank = std::ceil(fraction * static_cast<double>(samples.size()));
  return samples[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

void expect_close_to_sorting(const std::vector<std::uint64_t>& samples) {
  const auto histogram = std::make_unique<Histogram>();
  for (const std::uint64_t sample : samples) histogram->add(sample);
  EXPECT_EQ(histogram->total(), samples.size());
  EXPECT_EQ(histogram->highest_ns(), std::ranges::max(samples));
  for (const double fraction : {0.001, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0}) {
    const std::uint64_t exact = exact_percentile(samples, fraction);
    const std::uint64_t told = histogram->percentile_ns(fraction);
    EXPECT_GE(told, exact) << fraction;
    EXPECT_LE(told, exact + exact / 64) << fraction;
  }
}

TEST(Histogram, without_samples_tells_nought) {
  EXPECT_EQ(std::make_unique<Histogram>()->percentile_ns(0.5), 0U);
}

TEST(Histogram, many_equal_samples_are_as_good_as_each_by_itself) {
  const auto histogram = std::make_unique<Histogram>();
  histogram->add(50, 99);
  histogram->add(100);
  EXPECT_EQ(histogram->total(), 100U);
  EXPECT_EQ(histogram->percentile_ns(0.99), 50U);
  EXPECT_EQ(histogram->percentile_ns(1.0), 100U);
}

TEST(Histogram, values_below_128_are_exact) {
  const auto histogram = std::make_unique<Histogram>();
  for (std::uint64_t value = 0; value < 128; ++value) histogram->add(value);
  for (std::uint64_t value = 0; value < 128; ++value) {
    EXPECT_EQ(histogram->percentile_ns(static_cast<double>(value + 1) / 128.0), value);
  }
}

TEST(Histogram, both_sides_of_every_power_of_two_are_within_the_precision) {
  for (int bit = 1; bit < Histogram::highest_bit; ++bit) {
    for (const int step : {-1, 0, 1}) {
      expect_close_to_sorting({(std::uint64_t{1} << bit) + static_cast<std::uint64_t>(step)});
    }
  }
}

TEST(Histogram, what_is_too_long_counts_as_the_longest) {
  const auto histogram = std::make_unique<Histogram>();
  histogram->add(UINT64_MAX);
  EXPECT_EQ(histogram->highest_ns(), UINT64_MAX);
  EXPECT_GE(histogram->percentile_ns(0.5), (std::uint64_t{1} << Histogram::highest_bit) - 1);
}

// Any mixture of samples, of any size: within a 64th above what sorting them gives.
TEST(Histogram, agrees_with_sorting_for_random_samples) {
  const char* given = std::getenv("SWITCHBOARD_SEED");
  const unsigned long seed =
      given != nullptr ? std::strtoul(given, nullptr, 10) : std::random_device{}();
  SCOPED_TRACE("SWITCHBOARD_SEED=" + std::to_string(seed));
  std::mt19937_64 random{seed};
  for (int round = 0; round < 200; ++round) {
    std::vector<std::uint64_t> samples(1 + random() % 3000);
    const int lowest_bit = static_cast<int>(random() % 30);
    const int spread = 1 + static_cast<int>(random() % 10);
    for (std::uint64_t& sample : samples) {
      const int bits = lowest_bit + static_cast<int>(random() % static_cast<unsigned>(spread));
      sample = random() >> (64 - bits - 1);
    }
    expect_close_to_sorting(samples);
  }
}

}  // namespace
}  // namespace switchboard::load
