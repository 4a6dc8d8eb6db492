// The Echo Protocol, RFC 862: everything that a client sends comes back to it.
#pragma once

#include <cstdint>
#include <functional>

#include "switchboard/net/connection_table.hpp"

namespace switchboard {

// What the service has done so far.
struct EchoCounts {
  std::uint64_t opened = 0;
  std::uint64_t closed = 0;
  std::uint64_t bytes = 0;
};

// Bytes are handed back where they lie, without a copy. A client that sends and does not read stops
// being read at the high-water mark; one that shuts down its sending side still gets everything
// back, then the end.
class EchoService final : private ConnectionHandler {
 public:
  using OpenedCallback = std::function<void(const Connection&)>;
  using ClosedCallback = std::function<void(const Connection&, const Closed&)>;

  // The reactor must outlive it. The callbacks, if any, are told of each connection's beginning and
  // end.
  explicit EchoService(Reactor& reactor, ConnectionLimits limits = {},
                       OpenedCallback on_opened = {}, ClosedCallback on_closed = {});

  // Give this to a Listener.
  ConnectionTable& connections() noexcept { return connections_; }
  const EchoCounts& counts() const noexcept { return counts_; }

 private:
  void on_open(Connection& connection) override;
  std::size_t on_data(Connection& connection, const Slice& input) override;
  void on_closed(Connection& connection, const Closed& closed) override;

  EchoCounts counts_;
  OpenedCallback opened_callback_;
  ClosedCallback closed_callback_;
  ConnectionTable connections_;  // last: its connections call back into what stands above
};

}  // namespace switchboard
