// The listeners of a server: all of them, or none.
#pragma once

#include <list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "switchboard/net/connection_table.hpp"
#include "switchboard/net/endpoint.hpp"
#include "switchboard/net/listener.hpp"

#include "server/connection_log.hpp"
#include "server/log.hpp"

namespace switchboard::server {

class Listeners {
 public:
  // Both must outlive it, or close().
  Listeners(Reactor& reactor, ConnectionLog& connection_log) noexcept
      : reactor_(reactor), connection_log_(connection_log) {}

  // Listens at once on every endpoint, for `table`, which must outlive it, or close(); throws what
  // Listener throws. `dialect` is what the operator wrote in front of the endpoints, "plain+".
  void add(ConnectionTable& table, const std::vector<Endpoint>& endpoints,
           std::string_view dialect = "");

  // A line for each address on standard output, for whoever waits for the server to be ready, and
  // in the log. Where standard output is broken the log says so, and the server goes on.
  void announce(std::string_view backend, Log& log) const;

  // Stops listening and removes socket files.
  void close() { entries_.clear(); }

 private:
  struct Entry {
    Entry(std::string_view spoken, Reactor& reactor, const Endpoint& endpoint,
          ConnectionTable& table, Listener::ProblemCallback on_problem)
        : dialect(spoken), listener(reactor, endpoint, table, std::move(on_problem)) {}

    std::string dialect;
    Listener listener;
  };

  Reactor& reactor_;
  ConnectionLog& connection_log_;
  std::list<Entry> entries_;  // a list: a Listener does not move
};

}  // namespace switchboard::server
