// One attempt to connect to one address, without blocking; what comes of it is a table's
// Connection.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <system_error>

#include "switchboard/net/connection_table.hpp"
#include "switchboard/reactor/reactor.hpp"
#include "switchboard/sys/socket.hpp"

namespace switchboard {

struct ConnectOptions {
  // How long the attempt may take; ETIMEDOUT after that.
  Nanoseconds timeout = std::chrono::seconds{10};
  // Where to connect from; with port 0 the kernel picks one that is free towards this server.
  std::optional<sys::SocketAddress> source = std::nullopt;
  // TCP_CONGESTION (tcp(7)), such as "reno"; null leaves the system's.
  const char* congestion_control = nullptr;
};

class Connector final : private EventHandler {
 public:
  // Called once, on a later turn and never from within the constructor: with the connection, whose
  // on_open has been told before, or with null and the error. May destroy the Connector.
  //
  // ECONNREFUSED: nobody listens. ETIMEDOUT: no answer. ENETUNREACH, EHOSTUNREACH: no way there.
  // ECANCELED: the table is full or shutting down. EADDRNOTAVAIL, EADDRINUSE: no such source, or no
  // free port of it. ENOENT, EACCES: no such socket file, or not for us. EMFILE, ENFILE, ENOMEM: no
  // descriptor or memory. Whatever else connect(2) and the poller may say.
  using Callback = std::function<void(Connection*, std::error_code)>;

  // Begins at once. The table must outlive it. Destroying it gives the attempt up, without a word;
  // in the service's on_open() of this very connection too, which then stays.
  Connector(ConnectionTable& table, const sys::SocketAddress& server, Callback callback,
            const ConnectOptions& options = {});
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;
  ~Connector();

 private:
  Connector(Callback callback, ConnectionTable& table, const sys::SocketAddress& server);

  std::error_code prepare(const ConnectOptions& options);
  void attempt();
  void on_ready(Readiness readiness) override;
  void await_writable();
  void finish_later(std::error_code error);
  void finish(std::error_code error);
  bool hand_over(sys::Descriptor socket, Connection*& connection, std::error_code& error);

  ConnectionTable& table_;
  Reactor& reactor_;
  const sys::SocketAddress server_;
  Callback callback_;
  sys::Descriptor socket_;
  Token token_;
  TimerId deadline_;
  TimerId next_step_;
  bool* destroyed_ = nullptr;  // to be told, while a callback runs that may destroy this
};

}  // namespace switchboard
