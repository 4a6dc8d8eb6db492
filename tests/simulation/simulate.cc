#include <array>
#include <exception>
#include <new>

#include "simulation/workload.hpp"
#include "support/counted_memory.hpp"

namespace switchboard::simulation {

namespace {

// Far more than any seed has needed: what comes here never ends.
constexpr std::uint64_t most_turns = 1'000'000;
// Of what is to be run ten million times, nine runs in ten are done in a thousand turns. Those
// behind them, byte by byte through links of one, would take three quarters of the time.
constexpr std::uint64_t narrow_turns_of_least = 1'000;

constexpr std::array rows{
    WorkloadRow{"timers", make_timers_workload},
    WorkloadRow{"echo", make_echo_workload},
    WorkloadRow{"piecewise", make_piecewise_workload},
    WorkloadRow{"chat", make_chat_workload},
    WorkloadRow{"irc", make_irc_workload},
};

// A program may go on where a turn threw for want of memory.
void take_a_turn(World& world) {
  try {
    world.reactor.turn();
  } catch (const std::bad_alloc&) {
    if (!world.fails_an_allocation) throw;
  }
}

void run_world(const WorkloadRow& row, std::uint64_t seed, const Options& options,
               Outcome& outcome) {
  World world{seed, options};
  const std::size_t descriptors = world.kernel.open_descriptors();
  {
    const auto workload = row.make(world);
    outcome.did_start = true;
    while (!workload->is_over() && world.kernel.violation().empty()) {
      if (++outcome.turns > most_turns) world.kernel.violate("it never ends");
      if (world.scale == Scale::least && outcome.turns == narrow_turns_of_least) {
        world.kernel.widen_links();
      }
      take_a_turn(world);
      const test::Unfailing unfailing;
      workload->check();
    }
  }
  world.expect(world.kernel.open_descriptors() == descriptors, "a descriptor was left open");
  outcome.fallible_calls = world.kernel.fallible_calls();
  outcome.failure = world.kernel.violation();
}

Kernel& prepared(Kernel& kernel, const Options& options) {
  kernel.keep_trace(options.trace);
  kernel.fail_call(options.failing_call);
  kernel.random().decide(options.decisions);
  test::fail_allocation(options.failing_allocation);
  return kernel;
}

}  // namespace

// Faults begin once the reactor stands: where that cannot be had it throws, and all is over.
World::World(std::uint64_t seed, const Options& options)
    : scale(options.scale),
      is_decided(!options.decisions.empty()),
      fails_an_allocation(options.failing_allocation != 0),
      kernel(seed),
      reactor(std::make_unique<SimulatedPoller>(prepared(kernel, options))) {
  if (options.faults) kernel.set_faults(Faults::draw(kernel.random()));
}

std::span<const WorkloadRow> workloads() {
  return rows;
}

Outcome simulate(const WorkloadRow& row, std::uint64_t seed, const Options& options) {
  const auto before = test::memory_in_use();
  Outcome outcome;
  try {
    run_world(row, seed, options, outcome);
  } catch (const std::exception& failure) {
    outcome.failure = failure.what();
  }
  outcome.allocations = test::allocations();
  test::fail_allocation(0);
  if (outcome.failure.empty() && test::memory_in_use().blocks != before.blocks) {
    outcome.failure = "memory was left in use";
  }
  return outcome;
}

}  // namespace switchboard::simulation
