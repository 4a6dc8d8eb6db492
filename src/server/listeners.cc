#include "server/listeners.hpp"

#include <fmt/core.h>

#include "switchboard/sys/process.hpp"

#include "command_line/output.hpp"

namespace switchboard::server {

void Listeners::add(ConnectionTable& table, const std::vector<Endpoint>& endpoints,
                    std::string_view dialect) {
  for (const Endpoint& endpoint : endpoints) {
    entries_.emplace_back(
        dialect, reactor_, endpoint, table,
        [&log = connection_log_](const AcceptProblem& problem) { log.not_accepted(problem); });
  }
}

void Listeners::announce(std::string_view backend, Log& log) const {
  std::string ready;
  for (const Entry& entry : entries_) {
    for (const Endpoint& endpoint : entry.listener.endpoints()) {
      const std::string address = entry.dialect + endpoint.to_string();
      log.write(LogLevel::info, "listening", {{"endpoint", address}, {"backend", backend}});
      ready += fmt::format("listening on {} ({})\n", printable(address), backend);
    }
  }
  if (const auto error = command_line::write_all(sys::standard_output, ready)) {
    log.write(LogLevel::warn, "cannot write to standard output", {{"error", error.message()}});
  }
}

}  // namespace switchboard::server
