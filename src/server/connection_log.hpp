// The log of a service's connections.
#pragma once

#include <cstdint>
#include <string>

#include "switchboard/net/connection.hpp"
#include "switchboard/net/listener.hpp"

#include "server/log.hpp"

namespace switchboard::server {

// After a reset the kernel no longer knows the peer; the line of the opening does.
std::string peer_of(const Connection& connection);

// Openings and usual ends at level debug. At warn what an operator may have to act on: a connection
// that was closed for a limit, at most ten lines a second, and clients that could not be accepted,
// which a Listener tells at most once a second.
class ConnectionLog {
 public:
  // `log` must outlive it.
  explicit ConnectionLog(Log& log) : log_(log) {}

  void opened(const Connection& connection);
  void closed(const Connection& connection, const Closed& closed);
  void not_accepted(const AcceptProblem& problem);

 private:
  static constexpr unsigned most_warnings_per_second = 10;

  Log& log_;
  RateLimit warnings_{most_warnings_per_second};
};

}  // namespace switchboard::server
