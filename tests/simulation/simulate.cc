#include <array>
#include <exception>

#include "simulation/workload.hpp"
#include "support/counted_memory.hpp"

namespace switchboard::simulation {

namespace {

// Far more than any seed has needed: what comes here never ends.
constexpr std::uint64_t most_turns = 1'000'000;

constexpr std::array rows{
    WorkloadRow{"timers", make_timers_workload},
    WorkloadRow{"echo", make_echo_workload},
    WorkloadRow{"piecewise", make_piecewise_workload},
};

Outcome run_world(const WorkloadRow& row, std::uint64_t seed, const Options& options) {
  Outcome outcome;
  Random dice{seed ^ 0x9E3779B97F4A7C15U};
  World world{seed, options.faults ? Faults::draw(dice) : Faults{}};
  world.kernel.keep_trace(options.trace);
  world.kernel.fail_call(options.failing_call);
  const std::size_t descriptors = world.kernel.open_descriptors();
  {
    const auto workload = row.make(world);
    while (!workload->is_over() && world.kernel.violation().empty()) {
      if (++outcome.turns > most_turns) world.kernel.violate("it never ends");
      world.reactor.turn();
      workload->check();
    }
  }
  world.expect(world.kernel.open_descriptors() == descriptors, "a descriptor was left open");
  outcome.fallible_calls = world.kernel.fallible_calls();
  outcome.failure = world.kernel.violation();
  return outcome;
}

}  // namespace

std::span<const WorkloadRow> workloads() {
  return rows;
}

Outcome simulate(const WorkloadRow& row, std::uint64_t seed, const Options& options) {
  const auto before = test::memory_in_use();
  Outcome outcome;
  try {
    outcome = run_world(row, seed, options);
  } catch (const std::exception& failure) {
    outcome.failure = failure.what();
  }
  if (outcome.failure.empty() && test::memory_in_use().blocks != before.blocks) {
    outcome.failure = "memory was left in use";
  }
  return outcome;
}

}  // namespace switchboard::simulation
