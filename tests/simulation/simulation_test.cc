// Thousands of seeded bad days, and those that once found something.
//
//   SWITCHBOARD_SEEDS=FIRST..LAST   which seeds; 1..2000 of each workload unless told
//   SWITCHBOARD_TRACE=1             prints what the kernel saw
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "simulation/workload.hpp"
#include "support/testing.hpp"

namespace switchboard::simulation {
namespace {

struct Seeds {
  std::uint64_t first = 1;
  std::uint64_t last = 2000;
};

Seeds chosen_seeds() {
  Seeds seeds;
  const char* given = std::getenv("SWITCHBOARD_SEEDS");
  if (given == nullptr) return seeds;
  char* rest = nullptr;
  seeds.first = seeds.last = std::strtoull(given, &rest, 10);
  if (rest[0] == '.' && rest[1] == '.') seeds.last = std::strtoull(rest + 2, nullptr, 10);
  return seeds;
}

bool wants_trace() {
  return std::getenv("SWITCHBOARD_TRACE") != nullptr;
}

CASES("simulation: no bad day breaks an invariant", workloads(), const WorkloadRow& workload) {
  const Seeds seeds = chosen_seeds();
  std::uint64_t turns = 0;
  for (std::uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
    const Outcome outcome = simulate(workload, seed, {.trace = wants_trace()});
    turns += outcome.turns;
    REQUIRE_MESSAGE(outcome.failure == "", "seed ", seed, "; replay it with: tools/simulate ",
                    workload.name, " ", seed);
  }
  MESSAGE("turns: ", turns);
}

// A seed without faults, again and again: the first fallible call fails, then the second, until
// there is no Nth to fail. Where the world could not even begin, it said so by throwing.
CASES("simulation: any one call may fail", workloads(), const WorkloadRow& workload) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    std::uint64_t number = 1;
    for (bool failed = true; failed; ++number) {
      const Outcome outcome = simulate(
          workload, seed,
          {.trace = wants_trace(), .faults = false, .scale = Scale::brief, .failing_call = number});
      failed = !outcome.did_start || outcome.fallible_calls >= number;
      if (!outcome.did_start) continue;
      REQUIRE_MESSAGE(outcome.failure == "", "seed ", seed, ", call ", number);
    }
    MESSAGE("calls: ", number);
  }
}

// The same for every allocation of reactor, net and service.
CASES("simulation: any one allocation may fail", workloads(), const WorkloadRow& workload) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    std::uint64_t number = 1;
    for (bool failed = true; failed; ++number) {
      const Outcome outcome = simulate(workload, seed,
                                       {.trace = wants_trace(),
                                        .faults = false,
                                        .scale = Scale::brief,
                                        .failing_allocation = number});
      failed = outcome.allocations >= number;
      if (!outcome.did_start) continue;
      REQUIRE_MESSAGE(outcome.failure == "", "seed ", seed, ", allocation ", number);
    }
    MESSAGE("allocations: ", number);
  }
}

// Seeds that once found something, under what it was. A seed means the same for as long as its
// workload draws the same.
struct Regression {
  const char* name;
  const char* workload;
  std::uint64_t seed;
  std::uint64_t failing_allocation = 0;  // of any_one_allocation_may_fail
};
constexpr std::array regressions{
    Regression{"a line waited for the flood control when all was taken for said", "chat", 10471},
    Regression{"a date without memory was that of an earlier second", "irc", 65, 526},
    Regression{"a client that was shown out heard of its own end before ERROR", "irc", 26530},
    Regression{"a client that takes a byte at a time was taken for forgotten", "irc", 41721},
    Regression{"a client that reads nothing, its end unread, was taken for forgotten", "piecewise",
               85195},
};

CASES("simulation: a fault that a seed once found stays mended", regressions,
      const Regression& regression) {
  const auto row = std::ranges::find(workloads(), std::string_view{regression.workload},
                                     [](const WorkloadRow& each) { return each.name; });
  REQUIRE_NE(row, workloads().end());
  Options options{.trace = wants_trace()};
  if (regression.failing_allocation != 0) {
    options.faults = false;
    options.scale = Scale::brief;
    options.failing_allocation = regression.failing_allocation;
  }
  CHECK_EQ(simulate(*row, regression.seed, options).failure, "");
}

}  // namespace
}  // namespace switchboard::simulation
