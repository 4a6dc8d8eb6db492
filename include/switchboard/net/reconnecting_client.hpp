// A connection to one server that comes back by itself.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <system_error>

#include "switchboard/net/backoff.hpp"
#include "switchboard/net/connection_table.hpp"
#include "switchboard/net/dialer.hpp"
#include "switchboard/net/endpoint.hpp"
#include "switchboard/net/resolver.hpp"
#include "switchboard/reactor/reactor.hpp"

namespace switchboard {

struct ReconnectOptions {
  DialOptions dial{};
  // Bounds of the delays between attempts: see Backoff.
  Nanoseconds first_delay = std::chrono::milliseconds{100};
  Nanoseconds longest_delay = std::chrono::seconds{30};
  // A connection that has lasted so long was a success, after which the delays begin anew. One that
  // the server took and closed at once was none, or its clients would hammer a server that is ill.
  Nanoseconds success_after = std::chrono::seconds{5};
  // Of the jitter; none: another one each time.
  std::optional<std::uint64_t> seed = std::nullopt;
  ConnectionLimits limits{};
};

// Connects, and connects again whenever the connection has ended or an attempt has failed, for
// whatever reason, until it is stopped. The service is told of each connection as of any other;
// what it had written to one that ended is not sent again, since nobody knows how much of it
// arrived.
class ReconnectingClient final : private ConnectionHandler {
 public:
  // Why there is no connection, and how long it will wait before it tries again.
  struct Interruption {
    // Of the attempt, as a Dialer tells it, or of the connection, as Closed does: none where it
    // ended in good order.
    std::error_code error;
    bool was_connected = false;
    Nanoseconds delay{};
  };
  // After on_closed(). May stop the client, and must not destroy it.
  using InterruptionCallback = std::function<void(const Interruption&)>;

  // Begins at once; nothing is called back before the constructor has returned. Reactor, resolver
  // and service must outlive it. Throws std::invalid_argument for options that contradict each
  // other.
  ReconnectingClient(Reactor& reactor, Resolver& resolver, Endpoint server,
                     ConnectionHandler& service, const ReconnectOptions& options = {},
                     InterruptionCallback on_interruption = {});
  ReconnectingClient(const ReconnectingClient&) = delete;
  ReconnectingClient& operator=(const ReconnectingClient&) = delete;
  // Gives up whatever is under way without a word, and closes the connection without a word to the
  // service. Not inside a callback of the service: stop(), and post it.
  ~ReconnectingClient();

  // Null while there is none. Good for the length of the callback in which it was asked for.
  Connection* connection() noexcept;

  // Connects no more, and drains the connection there is; calls `done` once it is closed, at once
  // where there is none. At any time, in any callback. Called again, it replaces both.
  void stop(Nanoseconds drain_timeout = std::chrono::seconds{5}, std::function<void()> done = {});
  bool is_stopped() const noexcept { return stopped_; }

 private:
  void on_open(Connection& connection) override;
  std::size_t on_data(Connection& connection, const Slice& input) override;
  void on_end(Connection& connection, std::span<const std::byte> unconsumed) override;
  void on_drained(Connection& connection) override;
  void on_closed(Connection& connection, const Closed& closed) override;

  void dial();
  Nanoseconds dial_later();
  void report(const Interruption& interruption);

  Reactor& reactor_;
  Resolver& resolver_;
  const Endpoint server_;
  ConnectionHandler& service_;
  const ReconnectOptions options_;
  InterruptionCallback on_interruption_;
  Backoff backoff_;
  std::unique_ptr<Dialer> dialer_;
  TimerId next_attempt_;
  ConnectionId connection_;
  Instant connected_at_{};
  bool stopped_ = false;
  ConnectionTable table_;  // last: its connection calls back into what stands above
};

}  // namespace switchboard
