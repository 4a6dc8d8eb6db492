#include "switchboard/net/backoff.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace switchboard {
namespace {

using namespace std::chrono_literals;
using sys::Nanoseconds;

TEST(Backoff, every_delay_is_within_its_bounds_whatever_the_seed) {
  const std::vector<Nanoseconds> bounds{100ms, 200ms, 400ms, 800ms, 1s, 1s, 1s};
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    Backoff backoff{100ms, 1s, seed};
    for (const Nanoseconds bound : bounds) {
      const Nanoseconds delay = backoff.next();
      ASSERT_GE(delay, bound / 2) << seed;
      ASSERT_LE(delay, bound) << seed;
    }
  }
}

TEST(Backoff, clients_of_different_seeds_are_spread_over_the_bounds) {
  std::vector<int> quarters(4);
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const Nanoseconds delay = Backoff{100ms, 1s, seed}.next();
    ++quarters[static_cast<std::size_t>(std::min<std::int64_t>((delay - 50ms) / 12500us, 3))];
  }
  for (const int quarter : quarters) EXPECT_GT(quarter, 150);
}

TEST(Backoff, a_seed_gives_the_same_delays_on_every_system) {
  Backoff backoff{100ms, 1s, 42};
  EXPECT_EQ(backoff.next(), Nanoseconds{95'091'067});
  EXPECT_EQ(backoff.next(), Nanoseconds{176'989'772});
}

TEST(Backoff, begins_anew_after_a_reset) {
  Backoff backoff{100ms, 1h, 1};
  for (int i = 0; i < 20; ++i) backoff.next();
  EXPECT_GE(backoff.next(), 30min);
  backoff.reset();
  EXPECT_LE(backoff.next(), 100ms);
  EXPECT_LE(backoff.next(), 200ms);
}

TEST(Backoff, the_longest_delay_may_be_as_long_as_it_likes) {
  Backoff backoff{1ns, Nanoseconds::max(), 1};
  for (int i = 0; i < 100; ++i) ASSERT_GE(backoff.next(), Nanoseconds::zero());
  EXPECT_GE(backoff.next(), Nanoseconds::max() / 2);
}

TEST(Backoff, refuses_bounds_that_contradict_each_other) {
  EXPECT_THROW((Backoff{0ms, 1s, 1}), std::invalid_argument);
  EXPECT_THROW((Backoff{2s, 1s, 1}), std::invalid_argument);
  EXPECT_NO_THROW((Backoff{1s, 1s, 1}));
}

}  // namespace
}  // namespace switchboard
