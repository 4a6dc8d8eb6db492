#include "load/process_account.hpp"

#include <sched.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace switchboard::load {

namespace {

std::uint64_t nanoseconds(clockid_t clock) {
  timespec now{};
  if (clock_gettime(clock, &now) != 0) {
    throw std::runtime_error("the process to be measured has gone");
  }
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(now.tv_nsec);
}

// The process's CPU clock is brought up to date when it is read and covers all threads, dead ones
// too. schedstat lags by up to a tick and has one thread; stat is rounded to ticks.
std::uint64_t cpu_nanoseconds(pid_t pid) {
  clockid_t clock{};
  if (const int error = clock_getcpuclockid(pid, &clock); error != 0) {
    throw std::runtime_error("process " + std::to_string(pid) + ": " + std::strerror(error));
  }
  return nanoseconds(clock);
}

std::string proc_path(pid_t pid, const char* file) {
  return "/proc/" + std::to_string(pid) + "/" + file;
}

void read_ticks(pid_t pid, ProcessAccount& account) {
  std::ifstream file(proc_path(pid, "stat"));
  std::string line;
  std::getline(file, line);
  // The command's name is in parentheses and may itself hold spaces and parentheses.
  std::istringstream fields(line.substr(line.rfind(')') + 2));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  fields >> account.user_ticks >> account.system_ticks;
}

ThreadAccount account_of_thread(const std::filesystem::path& task) {
  ThreadAccount account;
  std::uint64_t ran = 0;
  std::ifstream(task / "schedstat") >> ran >> account.waited_ns;
  std::ifstream status(task / "status");
  for (std::string key; status >> key;) {
    if (key == "voluntary_ctxt_switches:") status >> account.voluntary_switches;
    if (key == "nonvoluntary_ctxt_switches:") status >> account.involuntary_switches;
  }
  return account;
}

// -1 when the process may run on more than one.
int only_core_of(pid_t pid) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (sched_getaffinity(pid, sizeof cores, &cores) != 0 || CPU_COUNT(&cores) != 1) return -1;
  int core = 0;
  while (!CPU_ISSET(static_cast<std::size_t>(core), &cores)) ++core;
  return core;
}

// The thread that does a core's network work when there is too much to be done in passing; 0 when
// it cannot be found.
pid_t ksoftirqd_of(int core) {
  const std::string wanted = "ksoftirqd/" + std::to_string(core);
  std::error_code ignored;
  for (const auto& process : std::filesystem::directory_iterator("/proc", ignored)) {
    std::string name;
    if (std::getline(std::ifstream(process.path() / "comm"), name) && name == wanted) {
      return static_cast<pid_t>(std::stol(process.path().filename()));
    }
  }
  return 0;
}

std::uint64_t ksoftirqd_nanoseconds(int core) {
  static std::map<int, pid_t> known;  // looking through /proc takes a while
  const auto [found, is_new] = known.try_emplace(core, 0);
  if (is_new) found->second = ksoftirqd_of(core);
  std::uint64_t ran = 0;
  if (found->second != 0) std::ifstream(proc_path(found->second, "schedstat")) >> ran;
  return ran;
}

void read_core(int core, ProcessAccount& account) {
  std::ifstream file("/proc/stat");
  const std::string wanted = "cpu" + std::to_string(core) + " ";
  std::string line;
  while (std::getline(file, line) && !line.starts_with(wanted)) {
  }
  std::istringstream fields(line.substr(std::min(wanted.size(), line.size())));
  // user nice system idle iowait irq softirq steal; what follows is part of user already.
  std::uint64_t ticks = 0;
  for (int field = 0; field < 8 && fields >> ticks; ++field) {
    account.core_total_ticks += ticks;
    if (field != 3 && field != 4) account.core_busy_ticks += ticks;
  }
}

// One of the sizes of /proc/PID/status, in bytes.
std::uint64_t status_bytes(pid_t pid, std::string_view key) {
  std::ifstream file(proc_path(pid, "status"));
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key)) return std::stoull(line.substr(key.size())) * 1024;
  }
  throw std::runtime_error("cannot read " + proc_path(pid, "status"));
}

// The kernel keeps the highest resident size; where it may not be set back, that of its whole life
// stands for it, which is no less.
void forget_highest_resident_size(pid_t pid) {
  std::ofstream(proc_path(pid, "clear_refs")) << "5";
}

void read_clocks(pid_t pid, ProcessAccount& account) {
  account.cpu_ns = cpu_nanoseconds(pid);
  account.taken_at_ns = nanoseconds(CLOCK_MONOTONIC);
}

void read_details(pid_t pid, ProcessAccount& account) {
  read_ticks(pid, account);
  std::error_code ignored;  // a thread that ends while we look has nothing more to tell
  for (const auto& task : std::filesystem::directory_iterator(proc_path(pid, "task"), ignored)) {
    const auto thread = static_cast<pid_t>(std::stol(task.path().filename()));
    account.threads[thread] = account_of_thread(task.path());
  }
  if (const int core = only_core_of(pid); core >= 0) {
    read_core(core, account);
    account.ksoftirqd_ns = ksoftirqd_nanoseconds(core);
  }
}

// Of the threads that are there at the end; one that has come since begins with nothing.
ThreadAccount sum_of_threads(const ProcessAccount& start, const ProcessAccount& end) {
  ThreadAccount sum;
  for (const auto& [thread, now] : end.threads) {
    const auto found = start.threads.find(thread);
    const ThreadAccount before = found == start.threads.end() ? ThreadAccount{} : found->second;
    sum.waited_ns += now.waited_ns - before.waited_ns;
    sum.voluntary_switches += now.voluntary_switches - before.voluntary_switches;
    sum.involuntary_switches += now.involuntary_switches - before.involuntary_switches;
  }
  return sum;
}

}  // namespace

Accounting::Accounting(pid_t server) : server_(server) {
  if (server_ != 0) {
    read_details(server_, server_start_);
    forget_highest_resident_size(server_);
    server_memory_.before = status_bytes(server_, "RssAnon:");
    server_resident_ = status_bytes(server_, "VmRSS:");
  }
  read_details(::getpid(), client_start_);
  if (server_ != 0) read_clocks(server_, server_start_);
  read_clocks(::getpid(), client_start_);
}

void Accounting::end() {
  if (server_ != 0) read_clocks(server_, server_end_);
  read_clocks(::getpid(), client_end_);
  if (server_ != 0) {
    read_details(server_, server_end_);
    const std::uint64_t highest = status_bytes(server_, "VmHWM:");
    server_memory_.most =
        server_memory_.before + (highest > server_resident_ ? highest - server_resident_ : 0);
  }
  read_details(::getpid(), client_end_);
}

std::optional<Expense> Accounting::server() const {
  if (server_ == 0) return std::nullopt;
  return expense_between(server_start_, server_end_);
}

std::optional<MemoryUse> Accounting::server_memory() const {
  if (server_ == 0) return std::nullopt;
  return server_memory_;
}

std::uint64_t anonymous_bytes(pid_t pid) {
  std::ifstream file(proc_path(pid, "smaps_rollup"));
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("Anonymous:")) continue;
    return std::stoull(line.substr(std::strlen("Anonymous:"))) * 1024;
  }
  throw std::runtime_error("cannot read " + proc_path(pid, "smaps_rollup"));
}

Expense expense_between(const ProcessAccount& start, const ProcessAccount& end) {
  const auto difference = [&](std::uint64_t ProcessAccount::*field) {
    return end.*field >= start.*field ? static_cast<double>(end.*field - start.*field) : 0.0;
  };
  const double elapsed_ns = difference(&ProcessAccount::taken_at_ns);
  const double core_total = difference(&ProcessAccount::core_total_ticks);
  const ThreadAccount threads = sum_of_threads(start, end);
  const double ksoftirqd_ns = difference(&ProcessAccount::ksoftirqd_ns);
  Expense expense;
  expense.seconds = elapsed_ns / 1e9;
  expense.cpu_ns = difference(&ProcessAccount::cpu_ns);
  double kept_waiting = static_cast<double>(threads.waited_ns) - ksoftirqd_ns;
  // On its one core nobody else can have had what the process itself had.
  if (core_total > 0) {
    kept_waiting = std::min(kept_waiting, elapsed_ns - expense.cpu_ns - ksoftirqd_ns);
  }
  kept_waiting = std::max(kept_waiting, 0.0);
  expense.user_ticks = end.user_ticks - start.user_ticks;
  expense.system_ticks = end.system_ticks - start.system_ticks;
  expense.busy = elapsed_ns > 0 ? expense.cpu_ns / elapsed_ns : 0;
  expense.intruded = elapsed_ns > 0 ? kept_waiting / elapsed_ns : 0;
  expense.core_busy =
      core_total > 0 ? difference(&ProcessAccount::core_busy_ticks) / core_total : 0;
  expense.voluntary_switches = threads.voluntary_switches;
  expense.involuntary_switches = threads.involuntary_switches;
  return expense;
}

}  // namespace switchboard::load
