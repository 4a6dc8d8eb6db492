// Microbenchmarks: what the parts of Switchboard cost by themselves, in one thread and without a
// network, next to the same parts of other libraries. Options are Google Benchmark's (--help).
#include <algorithm>
#include <iostream>

#include "switchboard/sys/process.hpp"

#include "benchmarks.hpp"
#include "contenders.hpp"

int main(int argc, char** argv) {
  using namespace switchboard;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  for (const std::string& name : bench::missing_libraries()) {
    std::cerr << "left out: " << name << ", which was missing when this was built\n";
  }
  // Some are for the loops themselves and for whatever is open already.
  constexpr std::uint64_t spare = 64;
  const std::uint64_t limit = std::max(sys::raise_descriptor_limit(), spare);
  bench::register_poller_benchmarks(static_cast<std::size_t>(limit - spare));
  bench::register_timer_benchmarks();
  const bool ran_any = benchmark::RunSpecifiedBenchmarks() > 0;
  benchmark::Shutdown();
  return ran_any ? 0 : 1;
}
