// What runs on the simulated kernel: a service and its scripted clients, with the invariants that
// must hold all the time. A new service adds one file and one row in workloads().
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "switchboard/reactor/reactor.hpp"

#include "simulation/kernel.hpp"
#include "simulation/poller.hpp"

namespace switchboard::simulation {

enum class Scale : std::uint8_t {
  full,
  brief,  // a few clients, a few bytes: to be run for each call that may fail
  least,  // two clients at most, some tens of bytes: to be run ten million times
};

struct Options {
  bool trace = false;
  bool faults = true;
  Scale scale = Scale::full;
  std::uint64_t failing_call = 0;        // the Nth fallible call fails; 0: none
  std::uint64_t failing_allocation = 0;  // the Nth of reactor, net and service; 0: none
  // What chance is to say first; good for as long as the run lasts.
  std::span<const std::uint8_t> decisions = {};
};

// One seed's world.
struct World {
  World(std::uint64_t seed, const Options& options);

  Random& random() noexcept { return kernel.random(); }
  // A broken invariant; the first is what the run reports.
  void expect(bool holds, const char* what) {
    if (!holds) kernel.violate(what);
  }

  // Some one call or allocation fails: whoever it meets may be closed.
  bool fails_once() const noexcept { return fails_an_allocation || kernel.fails_a_call(); }

  const Scale scale;
  // Not chance alone has its say: what is merely unlikely may happen a hundred times in a row.
  const bool is_decided;
  const bool fails_an_allocation;
  Kernel kernel;
  Reactor reactor;
};

class Workload {
 public:
  virtual ~Workload() = default;
  // Looked at after every turn.
  virtual void check() = 0;
  virtual bool is_over() const = 0;
};

struct WorkloadRow {
  const char* name;
  std::unique_ptr<Workload> (*make)(World& world);
};
std::span<const WorkloadRow> workloads();

std::unique_ptr<Workload> make_timers_workload(World& world);
std::unique_ptr<Workload> make_echo_workload(World& world);
std::unique_ptr<Workload> make_piecewise_workload(World& world);
std::unique_ptr<Workload> make_chat_workload(World& world);
std::unique_ptr<Workload> make_irc_workload(World& world);

// Runs a workload over a seed until it is over.
struct Outcome {
  std::string failure;     // empty, or what went wrong
  bool did_start = false;  // else it threw, as it may, where it could not even begin
  std::uint64_t turns = 0;
  std::uint64_t fallible_calls = 0;
  std::uint64_t allocations = 0;  // of reactor, net and service
};
Outcome simulate(const WorkloadRow& row, std::uint64_t seed, const Options& options = {});

}  // namespace switchboard::simulation
