#include <fmt/core.h>

#include <csignal>
#include <exception>

#include "switchboard/echo/echo_service.hpp"
#include "switchboard/reactor/reactor.hpp"
#include "switchboard/sys/process.hpp"

#include "command_line/quantity.hpp"
#include "server/commands.hpp"
#include "server/connection_log.hpp"
#include "server/listeners.hpp"
#include "server/log.hpp"
#include "server/shutdown.hpp"

namespace switchboard::server {

namespace {

// What a server needs beside its connections: standard streams, poller, wake-up pipe, listeners.
constexpr std::uint64_t spare_descriptors = 16;

void log_start(Log& log, const EchoOptions& options, std::uint64_t descriptors) {
  log.write(LogLevel::info, "starting",
            {{"service", "echo"}, {"version", SWITCHBOARD_VERSION}, {"descriptors", descriptors}});
  const std::size_t wanted = options.limits.max_connections;
  if (wanted == SIZE_MAX ||
      (descriptors > spare_descriptors && wanted <= descriptors - spare_descriptors))
    return;
  log.write(LogLevel::warn, "--max-connections is more than the descriptor limit allows",
            {{"max_connections", wanted}, {"descriptors", descriptors}});
}

// An exception that comes out of the loop is logged: nobody may be reading standard error, and a
// plain write to it could block.
int serve(Reactor& reactor, Log& log) {
  try {
    reactor.run();
    return 0;
  } catch (const std::exception& failure) {
    log.write(LogLevel::error, "stopping after a failure", {{"error", failure.what()}});
    return 1;
  }
}

}  // namespace

int run_echo(const EchoOptions& options) {
  if (const auto error = sys::ignore_signal(SIGPIPE)) throw std::system_error(error, "SIGPIPE");
  const std::uint64_t descriptors = sys::raise_descriptor_limit();
  LogWriter log_writer{sys::standard_error};
  Log log{options.log_level, log_writer};
  ConnectionLog connection_log{log};
  Reactor reactor{options.backend->make()};
  EchoService service{reactor, options.limits,
                      [&](const Connection& connection) { connection_log.opened(connection); },
                      [&](const Connection& connection, const Closed& closed) {
                        connection_log.closed(connection, closed);
                      }};
  Listeners listeners{reactor, service.connections(), options.listen, connection_log};
  const Shutdown shutdown{
      reactor, log, [&](std::string_view signal) {
        log.write(LogLevel::info, "shutting down",
                  {{"signal", signal},
                   {"connections", service.connections().size()},
                   {"drain_timeout", command_line::format_duration(options.drain_timeout)}});
        listeners.close();
        service.connections().shut_down(options.drain_timeout, [&] { reactor.stop(); });
      }};
  log_start(log, options, descriptors);
  listeners.announce(options.backend->name, log);
  const int status = serve(reactor, log);
  log.write(LogLevel::info, "stopped",
            {{"connections_served", service.counts().closed}, {"bytes", service.counts().bytes}});
  return status;
}

}  // namespace switchboard::server
