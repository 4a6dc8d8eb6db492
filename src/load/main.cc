// switchboard-load: puts a server under load, verifies what comes back, and reports what it cost.
#include <fmt/core.h>

#include <csignal>
#include <exception>
#include <iostream>
#include <optional>
#include <string>

#include "switchboard/reactor/reactor.hpp"
#include "switchboard/sys/process.hpp"

#include "command_line/output.hpp"
#include "load/churn_load.hpp"
#include "load/crowd_load.hpp"
#include "load/echo_load.hpp"
#include "load/fanout_load.hpp"
#include "load/process_account.hpp"
#include "load/progress.hpp"
#include "load/report.hpp"
#include "load/settings.hpp"
#include "load/stopped_members.hpp"

namespace switchboard::load {

namespace {

constexpr int failed = 1;
constexpr int misused = 2;

void print(int fd, std::string_view text) {
  if (const auto error = command_line::write_all(fd, text)) {
    throw std::system_error(error, "cannot print");
  }
}

// Standard streams, poller, wake-up pipe, and what is looked at in /proc.
constexpr std::uint64_t spare_descriptors = 24;

void raise_descriptor_limit(const Settings& settings) {
  const std::uint64_t limit = sys::raise_descriptor_limit();
  const std::uint64_t others =
      spare_descriptors + (settings.mode == Mode::fanout ? settings.publishers : 0);
  if (settings.connections + others <= limit) return;
  throw std::runtime_error(
      fmt::format("--connections {} needs {} descriptors, and this process may have {}; write at "
                  "most {}, or raise the limit (ulimit -Hn)",
                  settings.connections, settings.connections + others, limit,
                  limit > others ? limit - others : 0));
}

// Warm-up, measurement, and the end of what is under way: the same for every load that runs.
template <typename Load>
void measure(Load& load, const Settings& settings, Progress& progress) {
  if (settings.warm_up > Nanoseconds::zero()) load.run_for(settings.warm_up);
  if (settings.count) load.drain();  // an exact count knows no leftovers
  Accounting accounting{settings.server_pid};
  load.start_counting();
  settings.count ? load.run_count(*settings.count) : load.run_for(settings.duration);
  // What was to be sent is waited for, and its time counts; what merely comes back late in a closed
  // loop belongs to no measurement.
  if (settings.count || settings.rate > 0) load.drain();
  load.stop_counting();
  accounting.end();
  load.drain();
  progress.erase();
  print(sys::standard_output,
        to_text(RunReport{settings, load.messages(), load.times(), load.bytes_sent(),
                          load.bytes_received(), accounting.client(), accounting.server(),
                          accounting.server_memory(), load.failures()}));
}

template <typename Load>
const Failures& run_connected(Load& load, const Settings& settings, Progress& progress) {
  load.open();
  if (!settings.on_demand) {
    measure(load, settings, progress);
  } else {
    for (std::string line; std::getline(std::cin, line);) measure(load, settings, progress);
  }
  return load.failures();
}

void pass(Reactor& reactor, Nanoseconds duration) {
  bool over = false;
  reactor.call_after(duration, [&] { over = true; });
  while (!over) reactor.turn();
}

const Failures& run_idle(EchoLoad& load, const Settings& settings, Reactor& reactor,
                         Progress& progress) {
  const std::uint64_t before = anonymous_bytes(settings.server_pid);
  load.open();
  const std::uint64_t after = anonymous_bytes(settings.server_pid);
  // The last echoes are back, but the server may still be on its way to its next wait.
  pass(reactor, settings.warm_up);
  Accounting accounting{settings.server_pid};
  pass(reactor, settings.duration);
  accounting.end();
  progress.erase();
  print(sys::standard_output,
        to_text(IdleReport{settings, before, after, *accounting.server(), load.failures()}));
  return load.failures();
}

std::uint64_t server_memory(const Settings& settings) {
  return settings.server_pid == 0 ? 0 : anonymous_bytes(settings.server_pid);
}

const Failures& run_crowd(CrowdLoad& load, const Settings& settings, Reactor& reactor,
                          Progress& progress) {
  const std::uint64_t before = server_memory(settings);
  Accounting joining{settings.server_pid};
  load.open();
  joining.end();
  load.hear_out();
  pass(reactor, settings.warm_up);
  const std::uint64_t after = server_memory(settings);
  Accounting leaving{settings.server_pid};
  load.part();
  leaving.end();
  load.hear_out();  // what was told beyond what was due
  progress.erase();
  print(sys::standard_output, to_text(CrowdReport{settings, before, after, joining, leaving,
                                                  load.told(), load.failures()}));
  return load.failures();
}

int run(const Settings& settings) {
  raise_descriptor_limit(settings);
  if (const auto error = sys::ignore_signal(SIGPIPE)) throw std::system_error(error, "SIGPIPE");
  std::optional<StoppedMembers> stopped;  // before anything that a child would share
  if (settings.stopped > 0) stopped.emplace(settings);
  Progress progress;
  Reactor reactor{settings.backend->make()};
  if (settings.mode == Mode::churn) {
    ChurnLoad load{reactor, settings, progress};
    measure(load, settings, progress);
    return load.failures().empty() ? 0 : failed;
  }
  if (settings.mode == Mode::fanout) {
    FanoutLoad load{reactor, settings, progress};
    return run_connected(load, settings, progress).empty() ? 0 : failed;
  }
  if (settings.mode == Mode::crowd) {
    CrowdLoad load{reactor, settings, progress};
    return run_crowd(load, settings, reactor, progress).empty() ? 0 : failed;
  }
  EchoLoad load{reactor, settings, progress};
  const Failures& failures = settings.mode == Mode::idle
                                 ? run_idle(load, settings, reactor, progress)
                                 : run_connected(load, settings, progress);
  return failures.empty() ? 0 : failed;
}

int start(int argc, char** argv) {
  const Parsed parsed = parse_settings(argc, argv);
  if (const auto* information = std::get_if<command_line::Information>(&parsed)) {
    print(sys::standard_output, information->text);
    return 0;
  }
  if (const auto* usage = std::get_if<command_line::Usage>(&parsed)) {
    print(sys::standard_error, usage->text);
    return misused;
  }
  return run(std::get<Settings>(parsed));
}

}  // namespace

}  // namespace switchboard::load

int main(int argc, char** argv) {
  using namespace switchboard;
  int status = load::failed;
  std::string problem;
  try {
    if (const auto error = sys::occupy_standard_descriptors()) {
      throw std::system_error(error, "cannot open /dev/null");
    }
    return load::start(argc, argv);
  } catch (const command_line::UsageError& mistake) {
    status = load::misused;
    problem = mistake.what();
  } catch (const std::exception& failure) {
    problem = failure.what();
  }
  (void)command_line::write_all(sys::standard_error,
                                fmt::format("switchboard-load: {}\n", problem));
  return status;
}
