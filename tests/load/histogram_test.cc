#include "load/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <vector>

#include "support/testing.hpp"

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
  CHECK_EQ(histogram->total(), samples.size());
  CHECK_EQ(histogram->highest_ns(), std::ranges::max(samples));
  for (const double fraction : {0.001, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0}) {
    const std::uint64_t exact = exact_percentile(samples, fraction);
    const std::uint64_t told = histogram->percentile_ns(fraction);
    CHECK_MESSAGE(told >= exact, fraction);
    CHECK_MESSAGE(told <= exact + exact / 64, fraction);
  }
}

TEST_CASE("histogram: without samples, it gives zero") {
  CHECK_EQ(std::make_unique<Histogram>()->percentile_ns(0.5), 0U);
}

TEST_CASE("histogram: many equal samples are as good as each by itself") {
  const auto histogram = std::make_unique<Histogram>();
  histogram->add(50, 99);
  histogram->add(100);
  CHECK_EQ(histogram->total(), 100U);
  CHECK_EQ(histogram->percentile_ns(0.99), 50U);
  CHECK_EQ(histogram->percentile_ns(1.0), 100U);
}

TEST_CASE("histogram: values below 128 are exact") {
  const auto histogram = std::make_unique<Histogram>();
  for (std::uint64_t value = 0; value < 128; ++value) histogram->add(value);
  for (std::uint64_t value = 0; value < 128; ++value) {
    CHECK_EQ(histogram->percentile_ns(static_cast<double>(value + 1) / 128.0), value);
  }
}

TEST_CASE("histogram: both sides of every power of two are within the precision") {
  for (int bit = 1; bit < Histogram::highest_bit; ++bit) {
    for (const int step : {-1, 0, 1}) {
      expect_close_to_sorting({(std::uint64_t{1} << bit) + static_cast<std::uint64_t>(step)});
    }
  }
}

TEST_CASE("histogram: a sample that is too long counts as the longest") {
  const auto histogram = std::make_unique<Histogram>();
  histogram->add(UINT64_MAX);
  CHECK_EQ(histogram->highest_ns(), UINT64_MAX);
  CHECK_GE(histogram->percentile_ns(0.5), (std::uint64_t{1} << Histogram::highest_bit) - 1);
}

// Any mixture of samples, of any size: within a 64th above what sorting them gives.
TEST_CASE("histogram: random samples are told as sorting tells them") {
  const char* given = std::getenv("SWITCHBOARD_SEED");
  const unsigned long seed =
      given != nullptr ? std::strtoul(given, nullptr, 10) : std::random_device{}();
  INFO("SWITCHBOARD_SEED=", seed);
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
