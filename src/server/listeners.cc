#include "server/listeners.hpp"

#include <fmt/core.h>

#include <string>

#include "switchboard/sys/process.hpp"

#include "command_line/output.hpp"

namespace switchboard::server {

Listeners::Listeners(Reactor& reactor, ConnectionTable& table,
                     const std::vector<Endpoint>& endpoints, ConnectionLog& connection_log) {
  for (const Endpoint& endpoint : endpoints) {
    listeners_.emplace_back(
        reactor, endpoint, table,
        [&connection_log](const AcceptProblem& problem) { connection_log.not_accepted(problem); });
  }
}

void Listeners::announce(std::string_view backend, Log& log) const {
  std::string ready;
  for (const Listener& listener : listeners_) {
    for (const Endpoint& endpoint : listener.endpoints()) {
      log.write(LogLevel::info, "listening",
                {{"endpoint", endpoint.to_string()}, {"backend", backend}});
      ready += fmt::format("listening on {} ({})\n", printable(endpoint.to_string()), backend);
    }
  }
  if (const auto error = command_line::write_all(sys::standard_output, ready)) {
    log.write(LogLevel::warn, "cannot write to standard output", {{"error", error.message()}});
  }
}

}  // namespace switchboard::server
