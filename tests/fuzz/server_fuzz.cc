// The whole server on the simulated kernel, where the input decides what chance decides elsewhere:
// which bytes come and when, which calls fail, in what order events are reported. Behind its end,
// chance goes on from a seed made of it.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

#include "simulation/workload.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace switchboard::simulation;
  if (size < 1) return 0;
  const WorkloadRow& row = workloads()[data[0] % workloads().size()];
  const Outcome outcome = simulate(row, 1,
                                   {.trace = std::getenv("SWITCHBOARD_TRACE") != nullptr,
                                    .faults = true,
                                    .scale = Scale::least,
                                    .failing_call = 0,
                                    .decisions = std::span{data, size}.subspan(1)});
  if (outcome.failure.empty()) return 0;
  std::fprintf(stderr, "%s: %s\n", row.name, outcome.failure.c_str());
  std::abort();
}
