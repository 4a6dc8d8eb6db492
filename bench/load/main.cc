// echo_load: drives an echo server from one thread, verifies what comes back, and reports what a
// message cost. See --help.
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <thread>

#include "load/echo_client.hpp"
#include "load/options.hpp"
#include "load/report.hpp"
#include "support/process_account.hpp"

namespace switchboard::bench {

namespace {

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  // Where it cannot be raised, the connection that does not fit says so.
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

void measure_echo(EchoClient& client, const Options& options) {
  std::optional<ProcessAccount> server_start;
  std::optional<Expense> server;
  client.run_for(options.warm_up);
  if (options.server_pid != 0) server_start = take_account(options.server_pid);
  const ProcessAccount client_start = take_account(getpid());
  client.start_counting();
  client.run_for(options.duration);
  const std::uint64_t messages = client.messages();
  const Histogram times = client.times();
  if (server_start) server = expense_between(*server_start, take_account(options.server_pid));
  const Expense spent = expense_between(client_start, take_account(getpid()));
  client.drain();
  print(EchoReport{options.echo, messages, times, spent, server, client.failures()}, options.json);
}

void run_echo(EchoClient& client, const Options& options) {
  client.open();
  if (!options.on_demand) return measure_echo(client, options);
  for (std::string line; std::getline(std::cin, line);) measure_echo(client, options);
}

void run_idle(EchoClient& client, const Options& options) {
  const std::uint64_t before = anonymous_bytes(options.server_pid);
  client.open();
  const std::uint64_t after = anonymous_bytes(options.server_pid);
  // The last echoes are back, but the server may still be on its way to its next wait.
  std::this_thread::sleep_for(options.warm_up);
  const ProcessAccount start = take_account(options.server_pid);
  std::this_thread::sleep_for(options.duration);
  const Expense idle = expense_between(start, take_account(options.server_pid));
  print(IdleReport{options.echo, before, after, idle, client.failures()}, options.json);
}

int run(const Options& options) {
  raise_descriptor_limit();
  EchoClient client(options.echo);
  if (options.mode == Options::Mode::echo) {
    run_echo(client, options);
  } else {
    run_idle(client, options);
  }
  return client.failures().empty() ? 0 : 1;
}

}  // namespace

}  // namespace switchboard::bench

int main(int argc, char** argv) {
  const auto options = switchboard::bench::parse_options(argc, argv);
  try {
    return switchboard::bench::run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "echo_load: %s\n", error.what());
    return 1;
  }
}
