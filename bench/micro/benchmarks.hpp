// What main() registers once the limit of descriptors is known. The benchmarks of the other files
// register themselves.
#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>

namespace switchboard::bench {

// Those that need more descriptors than `most_descriptors` are left out, and named on standard
// error.
void register_poller_benchmarks(std::size_t most_descriptors);
void register_timer_benchmarks();

// The time a piece of work takes where there are several in an iteration: column `name`.
inline void report_time_per(const char* name, benchmark::State& state, std::size_t pieces) {
  state.counters[name] = benchmark::Counter(
      static_cast<double>(pieces), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

}  // namespace switchboard::bench
