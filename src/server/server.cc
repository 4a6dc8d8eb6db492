#include "server/server.hpp"

#include <csignal>
#include <exception>
#include <new>
#include <system_error>
#include <utility>

#include "switchboard/sys/process.hpp"

#include "command_line/quantity.hpp"

namespace switchboard::server {

namespace {

// What a server needs beside its connections: standard streams, poller, wake-up pipe, listeners.
constexpr std::uint64_t spare_descriptors = 16;

std::unique_ptr<Poller> make_poller(const ServerOptions& options) {
  if (const auto error = sys::ignore_signal(SIGPIPE)) throw std::system_error(error, "SIGPIPE");
  return options.backend->make();
}

}  // namespace

Server::Server(const ServerOptions& options, std::string_view service)
    : options_(options),
      service_(service),
      log_writer_(sys::standard_error),
      log_(options.log_level, log_writer_),
      reactor_(make_poller(options)),
      descriptors_(sys::raise_descriptor_limit()) {}

void Server::announce(const Listeners& listeners) {
  log_start();
  listeners.announce(options_.backend->name, log_);
}

void Server::log_start() {
  log_.write(
      LogLevel::info, "starting",
      {{"service", service_}, {"version", SWITCHBOARD_VERSION}, {"descriptors", descriptors_}});
  const std::size_t wanted = options_.limits.max_connections;
  if (wanted == SIZE_MAX ||
      (descriptors_ > spare_descriptors && wanted <= descriptors_ - spare_descriptors))
    return;
  log_.write(LogLevel::warn, "--max-connections is more than the descriptor limit allows",
             {{"max_connections", wanted}, {"descriptors", descriptors_}});
}

std::function<void(const Connection&)> Server::on_opened() {
  return [this](const Connection& connection) { connection_log_.opened(connection); };
}

std::function<void(const Connection&, const Closed&)> Server::on_closed() {
  return [this](const Connection& connection, const Closed& closed) {
    connection_log_.closed(connection, closed);
  };
}

void Server::end_with(Ending ending) {
  shutdown_.emplace(reactor_, log_, [this, ending = std::move(ending)](std::string_view signal) {
    log_.write(LogLevel::info, "shutting down",
               {{"signal", signal},
                {"connections", ending.count_connections()},
                {"drain_timeout", command_line::format_duration(options_.drain_timeout)}});
    ending.begin(options_.drain_timeout, [this] { reactor_.stop(); });
  });
}

void Server::report_no_memory() noexcept {
  if (!memory_warnings_.admit(sys::monotonic_now())) return;
  try {
    log_.write(LogLevel::warn, "out of memory, what was being done was given up");
  } catch (const std::bad_alloc&) {
    // Nor is there any to say so.
  }
}

// Where memory has run out, whoever it was needed for has been closed, and all others go on; unless
// it fails so often that nobody can.
void Server::serve() {
  RateLimit failures{most_allocation_failures_per_second};
  for (;;) {
    try {
      return reactor_.run();
    } catch (const std::bad_alloc&) {
      if (!failures.admit(sys::monotonic_now())) throw;
      report_no_memory();
    }
  }
}

// An exception that comes out of the loop is logged: nobody may be reading standard error, and a
// plain write to it could block.
int Server::run(const std::function<std::vector<LogField>()>& figures) {
  int status = 0;
  try {
    serve();
  } catch (const std::exception& failure) {
    log_.write(LogLevel::error, "stopping after a failure", {{"error", failure.what()}});
    status = 1;
  }
  log_.write(LogLevel::info, "stopped", figures());
  return status;
}

}  // namespace switchboard::server
