// Connects to the server under load, again and again, from addresses that have ports left.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <system_error>

#include "switchboard/net/connection_table.hpp"
#include "switchboard/net/connector.hpp"
#include "switchboard/net/endpoint.hpp"

namespace switchboard::load {

// How many times each thing went wrong, by name.
using Failures = std::map<std::string, std::uint64_t>;

// What a closed connection is counted as.
std::string describe(const Closed& closed);

class Opener {
 public:
  // One address has some 28,000 ports to connect from (ip(7), ip_local_port_range). Connections
  // that stay move on to the next 127.0.0.x before they run out; those that are closed at once
  // leave a port that must rest (TIME-WAIT, RFC 9293 section 3.6.1), so each comes from another
  // address.
  enum class Stay : bool { no, yes };

  // As for a Connector, and when that connection was begun.
  using Callback = std::function<void(Connection*, std::error_code, Instant began)>;

  // The table must outlive it. Throws where the server has no address.
  Opener(ConnectionTable& table, const Endpoint& server, Stay stay, Callback done);

  void begin();
  std::size_t under_way() const noexcept { return under_way_.size(); }

 private:
  ConnectOptions options_for(std::size_t number) const;

  ConnectionTable& table_;
  sys::SocketAddress server_;
  const Stay stay_;
  Callback done_;
  std::size_t begun_ = 0;
  std::map<std::size_t, std::unique_ptr<Connector>> under_way_;
};

}  // namespace switchboard::load
