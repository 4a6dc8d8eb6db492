// Thousands of seeded bad days, and those that once found something.
//
//   SWITCHBOARD_SEEDS=FIRST..LAST   which seeds; 1..2000 of each workload unless told
//   SWITCHBOARD_TRACE=1             prints what the kernel saw
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "simulation/workload.hpp"

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

class Simulation : public testing::TestWithParam<WorkloadRow> {};

TEST_P(Simulation, no_bad_day_breaks_an_invariant) {
  const Seeds seeds = chosen_seeds();
  std::uint64_t turns = 0;
  for (std::uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
    const Outcome outcome = simulate(GetParam(), seed, {.trace = wants_trace()});
    turns += outcome.turns;
    ASSERT_EQ(outcome.failure, "")
        << "seed " << seed << "; replay it with: tools/simulate " << GetParam().name << " " << seed;
  }
  RecordProperty("turns", std::to_string(turns));
}

// A seed without faults, again and again: the first fallible call fails, then the second, until
// there is no Nth to fail. Where the world could not even begin, it said so by throwing.
TEST_P(Simulation, any_one_call_may_fail) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    std::uint64_t number = 1;
    for (bool failed = true; failed; ++number) {
      const Outcome outcome = simulate(
          GetParam(), seed,
          {.trace = wants_trace(), .faults = false, .scale = Scale::brief, .failing_call = number});
      failed = !outcome.did_start || outcome.fallible_calls >= number;
      if (!outcome.did_start) continue;
      ASSERT_EQ(outcome.failure, "") << "seed " << seed << ", call " << number;
    }
    RecordProperty("calls", std::to_string(number));
  }
}

// The same for every allocation of reactor, net and service.
TEST_P(Simulation, any_one_allocation_may_fail) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    std::uint64_t number = 1;
    for (bool failed = true; failed; ++number) {
      const Outcome outcome = simulate(GetParam(), seed,
                                       {.trace = wants_trace(),
                                        .faults = false,
                                        .scale = Scale::brief,
                                        .failing_allocation = number});
      failed = outcome.allocations >= number;
      if (!outcome.did_start) continue;
      ASSERT_EQ(outcome.failure, "") << "seed " << seed << ", allocation " << number;
    }
    RecordProperty("allocations", std::to_string(number));
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
    Regression{"a_line_waited_for_the_flood_control_when_all_was_taken_for_said", "chat", 10471},
    Regression{"a_date_for_which_there_was_no_memory_was_that_of_an_earlier_second", "irc", 65,
               526},
    Regression{"who_was_shown_out_heard_of_their_own_end_before_ERROR", "irc", 26530},
    Regression{"who_takes_a_byte_at_a_time_was_taken_for_forgotten", "irc", 41721},
    Regression{"who_reads_nothing_and_whose_end_was_not_read_was_taken_for_forgotten", "piecewise",
               85195},
};

class SimulationRegression : public testing::TestWithParam<Regression> {};

TEST_P(SimulationRegression, stays_mended) {
  const auto row = std::ranges::find(workloads(), std::string_view{GetParam().workload},
                                     [](const WorkloadRow& each) { return each.name; });
  ASSERT_NE(row, workloads().end());
  Options options{.trace = wants_trace()};
  if (GetParam().failing_allocation != 0) {
    options.faults = false;
    options.scale = Scale::brief;
    options.failing_allocation = GetParam().failing_allocation;
  }
  EXPECT_EQ(simulate(*row, GetParam().seed, options).failure, "");
}

INSTANTIATE_TEST_SUITE_P(Seeds, SimulationRegression, testing::ValuesIn(regressions),
                         [](const testing::TestParamInfo<Regression>& row) {
                           return std::string{row.param.name};
                         });

INSTANTIATE_TEST_SUITE_P(Workloads, Simulation, testing::ValuesIn(workloads()),
                         [](const testing::TestParamInfo<WorkloadRow>& row) {
                           return std::string{row.param.name};
                         });

}  // namespace
}  // namespace switchboard::simulation
