// What a process cost between two moments, as Linux keeps its accounts: proc(5).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>

namespace switchboard::load {

// One thread's, from its birth.
struct ThreadAccount {
  std::uint64_t waited_ns = 0;  // runnable, but somebody else had the core
  std::uint64_t voluntary_switches = 0;
  std::uint64_t involuntary_switches = 0;
};

// Everything counts from the process's birth, but for the core's ticks (from boot).
struct ProcessAccount {
  std::uint64_t taken_at_ns = 0;  // CLOCK_MONOTONIC
  std::uint64_t cpu_ns = 0;       // user and system, all threads, exact to the nanosecond
  std::uint64_t user_ticks = 0;   // sampled by the kernel: good for a proportion, not for a sum
  std::uint64_t system_ticks = 0;
  std::map<pid_t, ThreadAccount> threads;  // those alive
  // Of the one core that the process is pinned to; 0 when it may run on several.
  std::uint64_t ksoftirqd_ns = 0;
  std::uint64_t core_busy_ticks = 0;  // whoever kept it busy
  std::uint64_t core_total_ticks = 0;
};

// Anonymous memory (heap, stacks, written data) of a process: at first, and the most at any moment
// until the end.
struct MemoryUse {
  std::uint64_t before = 0;  // bytes
  std::uint64_t most = 0;
};

// Anonymous memory (heap, stacks, written data) of the process, from smaps_rollup.
std::uint64_t anonymous_bytes(pid_t pid);

// The difference of two accounts, as a reader wants it.
struct Expense {
  double seconds = 0;
  double cpu_ns = 0;
  std::uint64_t user_ticks = 0;  // tells which share of cpu_ns was spent where, given a few dozen
  std::uint64_t system_ticks = 0;
  double busy = 0;  // share of the time that the process ran
  // Share of the time that other processes kept it from its core, at most: with several threads on
  // one core, they keep each other waiting too. ksoftirqd, which only does the kernel's half of
  // this very work, is not one of them.
  double intruded = 0;
  double core_busy = 0;  // share of the time that its core was not idle; 0 when not pinned to one
  std::uint64_t voluntary_switches = 0;  // of the threads that were there at the end
  std::uint64_t involuntary_switches = 0;
};

Expense expense_between(const ProcessAccount& start, const ProcessAccount& end);

// What this process and a server spend from here to end(). The clocks of both are read one right
// after the other; what takes its time to look up (10,000 threads) is looked up outside of them.
// Throws std::runtime_error when there is no such process.
class Accounting {
 public:
  explicit Accounting(pid_t server);  // 0: nobody's but ours
  void end();

  // After end().
  Expense client() const { return expense_between(client_start_, client_end_); }
  std::optional<Expense> server() const;
  std::optional<MemoryUse> server_memory() const;

 private:
  pid_t server_;
  ProcessAccount server_start_;
  ProcessAccount server_end_;
  ProcessAccount client_start_;
  ProcessAccount client_end_;
  std::uint64_t server_resident_ = 0;
  MemoryUse server_memory_;
};

}  // namespace switchboard::load
