#include "switchboard/net/backoff.hpp"

#include <stdexcept>
#include <vector>

#include "support/testing.hpp"

namespace switchboard {
namespace {

using namespace std::chrono_literals;
using sys::Nanoseconds;

TEST_CASE("backoff: every delay is within its bounds whatever the seed") {
  const std::vector<Nanoseconds> bounds{100ms, 200ms, 400ms, 800ms, 1s, 1s, 1s};
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    Backoff backoff{100ms, 1s, seed};
    for (const Nanoseconds bound : bounds) {
      const Nanoseconds delay = backoff.next();
      REQUIRE_MESSAGE(delay >= bound / 2, seed);
      REQUIRE_MESSAGE(delay <= bound, seed);
    }
  }
}

TEST_CASE("backoff: clients of different seeds are spread over the bounds") {
  std::vector<int> quarters(4);
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const Nanoseconds delay = Backoff{100ms, 1s, seed}.next();
    ++quarters[static_cast<std::size_t>(std::min<std::int64_t>((delay - 50ms) / 12500us, 3))];
  }
  for (const int quarter : quarters) CHECK_GT(quarter, 150);
}

TEST_CASE("backoff: a seed gives the same delays on every system") {
  Backoff backoff{100ms, 1s, 42};
  CHECK_EQ(backoff.next(), Nanoseconds{95'091'067});
  CHECK_EQ(backoff.next(), Nanoseconds{176'989'772});
}

TEST_CASE("backoff: the delays begin anew after a reset") {
  Backoff backoff{100ms, 1h, 1};
  for (int i = 0; i < 20; ++i) backoff.next();
  CHECK_GE(backoff.next(), 30min);
  backoff.reset();
  CHECK_LE(backoff.next(), 100ms);
  CHECK_LE(backoff.next(), 200ms);
}

TEST_CASE("backoff: the longest delay may be as long as it likes") {
  Backoff backoff{1ns, Nanoseconds::max(), 1};
  for (int i = 0; i < 100; ++i) REQUIRE_GE(backoff.next(), Nanoseconds::zero());
  CHECK_GE(backoff.next(), Nanoseconds::max() / 2);
}

TEST_CASE("backoff: bounds that contradict each other are refused") {
  CHECK_THROWS_AS((Backoff{0ms, 1s, 1}), std::invalid_argument);
  CHECK_THROWS_AS((Backoff{2s, 1s, 1}), std::invalid_argument);
  CHECK_NOTHROW((Backoff{1s, 1s, 1}));
}

}  // namespace
}  // namespace switchboard
