// Connects to a server by its name, over whichever of its addresses answers first.
//
// Happy Eyeballs (RFC 8305): the families take turns, beginning with that of the first address;
// each address has a head start of `attempt_delay` before the next is tried beside it, and one that
// fails hands over to the next at once. The first to connect wins, and the others are given up.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <system_error>
#include <vector>

#include "switchboard/net/connector.hpp"
#include "switchboard/net/endpoint.hpp"
#include "switchboard/net/resolver.hpp"

namespace switchboard {

struct DialOptions {
  // For all of it, the lookup and every attempt; ETIMEDOUT after that.
  Nanoseconds timeout = std::chrono::seconds{10};
  // Connection Attempt Delay, RFC 8305 section 5, which recommends 250 ms and allows no less than
  // 10.
  Nanoseconds attempt_delay = std::chrono::milliseconds{250};
  // Where to connect from, with port 0 unless there is a reason. Only addresses of its family are
  // tried.
  std::optional<sys::SocketAddress> source = std::nullopt;
};

// The order in which addresses are tried (RFC 8305 section 4, First Address Family Count 1): each
// once, and the families in turn for as long as there are several.
std::vector<sys::SocketAddress> interleaved(const std::vector<sys::SocketAddress>& addresses);

class Dialer {
 public:
  // Called once, on a later turn and never from within the constructor: with the connection, whose
  // on_open has been told before, or with null and the error. May destroy the Dialer.
  //
  // ECONNREFUSED: an address was reached, and nobody listens there. ETIMEDOUT: the time was over
  // before any address answered. ENETUNREACH, EHOSTUNREACH: there is no way to any of them. Of
  // several addresses' errors the first in this order counts, and what else there may be (see
  // Connector) stands before the last two. EAFNOSUPPORT: no address of the source's family. Of
  // sys::resolver_category(): there is no such name, or no answer about it.
  using Callback = Connector::Callback;

  // Begins at once. Table and resolver must outlive it. Destroying it gives up, without a word; in
  // the service's on_open() of its very connection too, which then stays. Where that on_open()
  // throws, the connection is closed, and it comes down to the other addresses, or to the timeout.
  Dialer(ConnectionTable& table, Resolver& resolver, const Endpoint& server, Callback callback,
         const DialOptions& options = {});
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;
  ~Dialer();

 private:
  Dialer(ConnectionTable& table, Resolver& resolver, Callback callback, const DialOptions& options);

  void begin(const sys::Resolution& resolution);
  void attempt_next();
  void on_outcome(std::size_t attempt, Connection* connection, std::error_code error);
  void finish(Connection* connection, std::error_code error);

  ConnectionTable& table_;
  Resolver& resolver_;
  Reactor& reactor_;
  const DialOptions options_;
  Callback callback_;
  Resolver::LookupId lookup_{};
  std::vector<sys::SocketAddress> addresses_;
  std::vector<std::unique_ptr<Connector>> attempts_;  // of the first addresses; null: failed
  std::size_t under_way_ = 0;
  std::error_code failure_;  // the most telling so far
  TimerId deadline_;
  TimerId head_start_;
};

}  // namespace switchboard
