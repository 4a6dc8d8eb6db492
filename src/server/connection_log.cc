#include "server/connection_log.hpp"

#include <fmt/core.h>

#include <string>
#include <vector>

namespace switchboard::server {

namespace {

bool is_for_a_limit(CloseReason reason) noexcept {
  return reason == CloseReason::output_limit || reason == CloseReason::protocol_error ||
         reason == CloseReason::refused;
}

std::string name_of(const Connection& connection) {
  return fmt::format("{}.{}", connection.id().slot, connection.id().generation);
}

}  // namespace

std::string peer_of(const Connection& connection) {
  const auto peer = connection.peer();
  return peer ? peer->to_string() : "gone";
}

void ConnectionLog::opened(const Connection& connection) {
  if (!log_.writes(LogLevel::debug)) return;
  log_.write(LogLevel::debug, "connection opened",
             {{"connection", name_of(connection)}, {"peer", peer_of(connection)}});
}

void ConnectionLog::closed(const Connection& connection, const Closed& closed) {
  const bool warn = is_for_a_limit(closed.reason);
  const LogLevel level = warn ? LogLevel::warn : LogLevel::debug;
  if (!log_.writes(level)) return;
  if (warn && !warnings_.admit(sys::monotonic_now())) return;
  std::vector<LogField> fields{{"connection", name_of(connection)},
                               {"peer", peer_of(connection)},
                               {"reason", to_string(closed.reason)}};
  if (closed.error) fields.emplace_back("error", closed.error.message());
  const std::uint64_t suppressed = warn ? warnings_.take_suppressed() : 0;
  if (suppressed > 0) fields.emplace_back("suppressed", suppressed);
  log_.write(level, "connection closed", fields);
}

void ConnectionLog::not_accepted(const AcceptProblem& problem) {
  log_.write(LogLevel::warn, "cannot accept connections",
             {{"endpoint", problem.endpoint.to_string()},
              {"error", problem.error.message()},
              {"occurrences", problem.occurrences},
              {"turned_away", problem.turned_away}});
}

}  // namespace switchboard::server
