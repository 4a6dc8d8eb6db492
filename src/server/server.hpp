// What every server of ours has around its service: log, signals, the loop, and how it ends.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "switchboard/net/connection.hpp"
#include "switchboard/reactor/reactor.hpp"

#include "server/connection_log.hpp"
#include "server/listeners.hpp"
#include "server/log.hpp"
#include "server/log_writer.hpp"
#include "server/server_options.hpp"
#include "server/shutdown.hpp"

namespace switchboard::server {

class Server {
 public:
  // `options` must outlive it. Throws std::system_error where the kernel refuses something that no
  // server can be without.
  Server(const ServerOptions& options, std::string_view service);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  Reactor& reactor() noexcept { return reactor_; }
  Log& log() noexcept { return log_; }
  ConnectionLog& connection_log() noexcept { return connection_log_; }
  // For a service, which tells them of each connection's beginning and end.
  std::function<void(const Connection&)> on_opened();
  std::function<void(const Connection&, const Closed&)> on_closed();

  // What is to happen on a signal: `begin` gets what to call when all is done. To be said before
  // anybody is told that the server is ready.
  struct Ending {
    std::function<std::size_t()> count_connections;
    std::function<void(Nanoseconds drain_timeout, std::function<void()> done)> begin;
  };
  void end_with(Ending ending);

  // Tells the log, and whoever waits for it, that it listens.
  void announce(const Listeners& listeners);

  // Serves until it has ended, then logs that with `figures`. The process's exit status. Goes on
  // where an allocation fails, ends where anything else comes out of the loop.
  int run(const std::function<std::vector<LogField>()>& figures);

 private:
  static constexpr unsigned most_allocation_failures_per_second = 1000;

  void log_start();
  void serve();
  void report_no_memory() noexcept;

  const ServerOptions& options_;
  const std::string service_;
  LogWriter log_writer_;
  Log log_;
  ConnectionLog connection_log_{log_};
  RateLimit memory_warnings_{1};
  Reactor reactor_;
  const std::uint64_t descriptors_;  // that it may have open
  std::optional<Shutdown> shutdown_;
};

}  // namespace switchboard::server
