// What a process cost between two moments, as Linux keeps its accounts: proc(5).
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace switchboard::load {

// Everything counts from the process's birth, but for the core's ticks (from boot) and memory.
struct ProcessAccount {
  std::uint64_t taken_at_ns = 0;  // CLOCK_MONOTONIC
  std::uint64_t cpu_ns = 0;       // user and system, all threads, exact to the nanosecond
  std::uint64_t user_ticks = 0;   // sampled by the kernel: good for a proportion, not for a sum
  std::uint64_t system_ticks = 0;
  std::uint64_t waited_ns = 0;  // runnable, but another process had the core (all live threads)
  std::uint64_t ksoftirqd_ns =
      0;  // what the core's ksoftirqd ran; 0 when there may be several cores
  std::uint64_t voluntary_switches = 0;    // all live threads
  std::uint64_t involuntary_switches = 0;  // all live threads
  std::uint64_t core_busy_ticks =
      0;  // the one core the process is pinned to, whoever kept it busy;
  std::uint64_t core_total_ticks = 0;  // both 0 when it may run on several
};

// Throws std::runtime_error when there is no such process.
ProcessAccount take_account(pid_t pid);

// Anonymous memory (heap, stacks, written data) of the process, from smaps_rollup.
std::uint64_t anonymous_bytes(pid_t pid);

// The difference of two accounts, as a reader wants it.
struct Expense {
  double seconds = 0;
  double cpu_ns = 0;
  std::uint64_t user_ticks = 0;  // tells which share of cpu_ns was spent where, given a few dozen
  std::uint64_t system_ticks = 0;
  double busy = 0;       // share of the time that the process ran
  double intruded = 0;   // share of the time that other processes kept it from its core; ksoftirqd,
                         // which only does the kernel's half of this very work, is not one of them
  double core_busy = 0;  // share of the time that its core was not idle; 0 when not pinned to one
  std::uint64_t voluntary_switches = 0;
  std::uint64_t involuntary_switches = 0;
};

Expense expense_between(const ProcessAccount& start, const ProcessAccount& end);

}  // namespace switchboard::load
