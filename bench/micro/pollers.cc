// Pollers, next to the loops of other libraries: what it costs to find out which of the watched
// descriptors are ready, and to change what is watched.
//
//   wait        turns until as many events have been reported as descriptors are ready. `per_event`
//               is the column to compare by: a turn may report more than are asked for (libuv looks
//               again, up to 48 times, as long as the kernel fills its 1,024 events, and these
//               descriptors stay ready). Nobody reads: libraries call a function that counts.
//   change      of all watched descriptors, from reading to reading and writing or back, and one
//               turn, as libev and libuv tell the kernel only then. The descriptors are ready for
//               neither.
//   add_remove  of all of them, with a turn after each, none being ready. What belongs to a new
//               watch is in it: libevent and libuv allocate a handle.
//
// "epoll", "poll", "select" and "libevent" are bare pollers, whose events are only walked;
// "reactor" is a whole turn of a Reactor, which dispatches each to its handler, as the "bare_"
// libraries do. Not measured: reading and writing, a wait that really waits, and sockets of a
// network.
//
// epoll(7) hands ready descriptors out in turn when they do not all fit into one wait, so that the
// first `ready` events are those of `ready` different descriptors.
#include <cstdint>
#include <iostream>
#include <set>
#include <system_error>

#include "benchmarks.hpp"
#include "contenders.hpp"
#include "sockets.hpp"

namespace switchboard::bench {

namespace {

Sockets& sockets() {
  static Sockets shared;
  return shared;
}

std::size_t range(const benchmark::State& state, std::size_t index = 0) {
  return static_cast<std::size_t>(state.range(index));
}

void watch_all(Loop& loop, std::span<const int> watched) {
  for (const int fd : watched) loop.watch(fd);
  loop.turn();
}

void unwatch_all(Loop& loop, std::span<const int> watched) {
  for (const int fd : watched) loop.unwatch(fd);
  loop.turn();
}

void wait(benchmark::State& state, const LoopContender& contender) {
  const std::size_t ready = range(state, 1);
  const auto watched = sockets().partly_readable(range(state), ready);
  const auto loop = contender.make();
  watch_all(*loop, watched);
  std::size_t events = 0;
  for (auto _ : state) {
    std::size_t reported = 0;
    while (reported < ready) reported += loop->turn();
    events += reported;
  }
  report_time_per("per_event", state, events);
  unwatch_all(*loop, watched);
}

void change(benchmark::State& state, const LoopContender& contender) {
  const auto watched = sockets().full(range(state));
  const auto loop = contender.make();
  watch_all(*loop, watched);
  bool writable = false;
  for (auto _ : state) {
    writable = !writable;
    for (const int fd : watched) loop->change(fd, {.readable = true, .writable = writable});
    require(loop->turn() == 0, "a turn with full sockets");
  }
  report_time_per("per_change", state,
                  static_cast<std::size_t>(state.iterations()) * watched.size());
  unwatch_all(*loop, watched);
}

void add_remove(benchmark::State& state, const LoopContender& contender) {
  const auto watched = sockets().quiet(range(state));
  const auto loop = contender.make();
  for (auto _ : state) {
    watch_all(*loop, watched);
    unwatch_all(*loop, watched);
  }
  report_time_per("per_descriptor", state,
                  static_cast<std::size_t>(state.iterations()) * watched.size());
}

using Subject = void (*)(benchmark::State&, const LoopContender&);

void run_or_skip(benchmark::State& state, Subject subject, const LoopContender& contender) {
  try {
    subject(state, contender);
  } catch (const std::system_error& refused) {
    // select(2) on systems where it ends at FD_SETSIZE.
    if (refused.code() != std::errc::too_many_files_open) throw;
    state.SkipWithError(refused.what());
  }
}

// One contender after the other, so that those of one line of the comparison run close together.
void compare(const char* name, Subject subject, const std::vector<std::string>& argument_names,
             const std::vector<std::int64_t>& arguments) {
  for (const LoopContender& contender : loop_contenders()) {
    const std::string full_name = std::string(name) + "/" + contender.name;
    const auto run = [subject, contender](benchmark::State& state) {
      run_or_skip(state, subject, contender);
    };
    benchmark::RegisterBenchmark(full_name.c_str(), run)->ArgNames(argument_names)->Args(arguments);
  }
}

}  // namespace

void register_poller_benchmarks(std::size_t most_descriptors) {
  const auto within_limit = [most_descriptors](const char* name, std::int64_t watched,
                                               std::int64_t descriptors) {
    if (static_cast<std::size_t>(descriptors) <= most_descriptors) return true;
    std::cerr << "left out: " << name << " with watched:" << watched
              << ", which the limit of descriptors forbids\n";
    return false;
  };
  for (const std::int64_t watched : {10, 100, 1000, 10'000}) {
    if (!within_limit("wait", watched, watched)) continue;
    for (const std::int64_t ready : std::set<std::int64_t>{1, 100, watched}) {
      if (ready <= watched) compare("wait", &wait, {"watched", "ready"}, {watched, ready});
    }
  }
  for (const std::int64_t watched : {10, 1000}) {
    // Only one end of a pair can be full.
    if (within_limit("change", watched, 2 * watched))
      compare("change", &change, {"watched"}, {watched});
    if (within_limit("add_remove", watched, watched))
      compare("add_remove", &add_remove, {"watched"}, {watched});
  }
}

}  // namespace switchboard::bench
