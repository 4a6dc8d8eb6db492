// The listeners of a server: all of them, or none.
#pragma once

#include <list>
#include <string_view>
#include <vector>

#include "switchboard/net/connection_table.hpp"
#include "switchboard/net/endpoint.hpp"
#include "switchboard/net/listener.hpp"

#include "server/connection_log.hpp"
#include "server/log.hpp"

namespace switchboard::server {

class Listeners {
 public:
  // Listens at once on every endpoint; throws what Listener throws. Everything given but the
  // endpoints must outlive it, or close().
  Listeners(Reactor& reactor, ConnectionTable& table, const std::vector<Endpoint>& endpoints,
            ConnectionLog& connection_log);

  // A line for each address on standard output, for whoever waits for the server to be ready, and
  // in the log. Where standard output is broken the log says so, and the server goes on.
  void announce(std::string_view backend, Log& log) const;

  // Stops listening and removes socket files.
  void close() { listeners_.clear(); }

 private:
  std::list<Listener> listeners_;  // a list: a Listener does not move
};

}  // namespace switchboard::server
