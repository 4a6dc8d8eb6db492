// One stream socket, either end, and what is still to be sent on it.
//
// Made by a ConnectionTable, which owns it. A Connection& is good for the length of a callback; who
// keeps one longer keeps its id and looks it up in the table. Everything it does happens on its
// reactor's thread, and none of its calls blocks or calls its handler back before it returns.
//
// Life: on_open, then on_data as bytes arrive, on_end once when the peer has finished sending, and
// on_closed exactly once and last. Each direction ends by itself: a peer that has finished sending
// still gets everything that is written to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>

#include "switchboard/net/endpoint.hpp"
#include "switchboard/net/output_queue.hpp"
#include "switchboard/reactor/reactor.hpp"

namespace switchboard {

class Connection;
class ConnectionTable;

// A connection's name: never reused while anybody could hold it. packed() makes a map's key of it.
using ConnectionId = Token;

enum class CloseReason : std::uint8_t {
  peer_closed,     // both sides had finished sending
  reset,           // the peer or the network broke it off: ECONNRESET, EPIPE
  timed_out,       // keepalive or retransmission gave up: ETIMEDOUT, EHOSTUNREACH
  idle,            // nothing moved for idle_timeout
  output_limit,    // the peer reads too slowly for what is written to it
  protocol_error,  // the service could make nothing of what came, or input_limit bytes of it
  local,           // the service was done with it
  shutdown,        // the program is ending
  refused,         // the poller had no room to watch it
};
std::string_view to_string(CloseReason reason) noexcept;

// Why a connection ended; `error` where the kernel said so.
struct Closed {
  CloseReason reason;
  std::error_code error;
};

// A service's side of its connections. Owned by the service; must outlive the table.
//
// What a callback throws comes out of Reactor::run(), which may be called again; the connection
// that it was about is closed (local).
class ConnectionHandler {
 public:
  virtual void on_open(Connection&) {}

  // `input` is what has arrived and was not consumed before, in one piece, never empty. Gives how
  // much was consumed; the rest comes again, with more behind it, unless this call has closed or
  // drained the connection. A copy of the slice keeps its bytes alive; to write it costs no copy.
  virtual std::size_t on_data(Connection& connection, const Slice& input) = 0;

  // The peer has finished sending, and nothing will arrive any more; `unconsumed` bytes were left.
  // Unless overridden, drains the connection.
  virtual void on_end(Connection& connection, std::span<const std::byte> unconsumed);

  // The output queue, which had reached high_water, is down to low_water again.
  virtual void on_drained(Connection&) {}

  // No byte has moved for idle_timeout. Unless overridden, closes the connection (idle). One that
  // is left open has as long again; one that drains by then is closed.
  virtual void on_idle(Connection& connection);

  // What somebody is told for whom there is no room: no descriptor, no place in the poller. There
  // never is a Connection for them; the bytes go to the kernel in one send, and are lost where it
  // does not take them.
  virtual std::string_view last_words() { return {}; }

  // The last word about this connection. It takes no more writes. Comes at the end of the turn in
  // which it was closed; until this returns, the slot of its id is nobody else's.
  virtual void on_closed(Connection&, const Closed&) {}

 protected:
  ~ConnectionHandler() = default;
};

class Connection final : private EventHandler {
 public:
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  ConnectionId id() const noexcept { return id_; }
  // Asks the kernel, so that an idle connection need not remember; none where it is gone already.
  std::optional<Endpoint> peer() const;

  // --- Sending. Bytes leave at the end of the turn, in order. What the kernel does not take stays
  // queued until it does. Past output_limit the connection is closed. All give false, and do
  // nothing, once the connection is closed or has been told to finish sending.

  // Queues the slice itself, without a copy.
  bool write(const Slice& slice);
  // Queues a copy.
  bool write(std::span<const std::byte> bytes);
  bool write(std::string_view text) { return write(std::as_bytes(std::span{text})); }
  // What the kernel has not taken yet.
  std::size_t queued_bytes() const noexcept { return output_.size_bytes(); }
  // Whether the last send left bytes behind: the kernel holds as much for this peer as it will.
  bool is_stalled() const noexcept { return stalled_; }
  // Drops what is queued behind the first `end`, with which messages end: the one that may be half
  // sent stays whole, and a last word to a slow reader can follow. Drops nothing where there is no
  // such byte.
  void drop_queued_behind(std::byte end) noexcept { output_.drop_behind(end); }

  // --- Receiving. While its own output stands at high_water a connection is not read from either.
  // What was left unconsumed comes again, at the end of a turn, when reading goes on. Where sending
  // has failed, and only what the peer had sent before is left, a pause closes the connection,
  // unless ConnectionLimits::keeps_rest_while_paused.

  void pause_reading();
  void resume_reading();
  // What has arrived and was not consumed, as it stands between two callbacks.
  std::size_t unconsumed_bytes() const noexcept { return kept_.size(); }

  // --- Ending. Calls after the first of the same kind change nothing.

  // Half-close: the peer sees the end of the stream behind all that was written. Reading goes on.
  void finish_sending();
  // Finishes sending, reads and drops what still comes until the peer ends too (lest a reset
  // destroys the last bytes on their way, RFC 1122 section 4.2.2.13), then closes. A peer that
  // takes nothing for drain_timeout, or does not end within linger_timeout, is closed all the same.
  void drain(CloseReason reason = CloseReason::local);
  // At once; what is queued is dropped.
  void close(CloseReason reason = CloseReason::local) noexcept;
  bool is_closed() const noexcept { return closed_; }

 private:
  friend class ConnectionTable;

  Connection(ConnectionTable& table, sys::Descriptor socket) noexcept;
  ~Connection();

  void on_ready(Readiness readiness) override;
  void on_flush() override;
  void on_release() override;

  template <typename Step>
  void closing_if_thrown(Step step);
  void mark_dirty();
  void look_at_high_water() noexcept;
  bool wants_to_read() const noexcept;
  void read();
  std::size_t most_to_read() const noexcept;
  sys::Result<std::size_t> receive_into_arena(Slice& input);
  sys::Result<std::size_t> receive_behind_kept(Slice& input);
  void deliver(const Slice& input, bool in_arena);
  void reach_end();
  void send_queued();
  void go_on_below_low_water();
  void finish_when_sent();
  void update_interest();
  void stop_sending(int errno_value);
  void close_with(CloseReason reason, int errno_value) noexcept;
  void arm_drain_timer(Nanoseconds delay);
  void on_drain_timer();

  ConnectionTable& table_;
  ConnectionId id_;
  Connection* previous_ = nullptr;  // all connections of the table, least lately active first
  Connection* next_ = nullptr;
  OutputQueue output_;
  Slice kept_;  // received, not consumed; a block of this connection's alone
  TimerId drain_timer_;
  sys::Descriptor socket_;
  std::uint32_t activity_tick_ = 0;  // when bytes last moved, in the table's ticks
  std::uint16_t errno_ = 0;
  CloseReason reason_ = CloseReason::peer_closed;
  bool paused_ : 1 = false;  // by the service
  bool over_high_water_ : 1 = false;
  bool peer_ended_ : 1 = false;     // its end of stream was read
  bool finishing_ : 1 = false;      // end our stream behind what is queued
  bool finished_ : 1 = false;       // did so
  bool draining_ : 1 = false;       // nothing is delivered any more
  bool output_failed_ : 1 = false;  // sending is over; what the peer had sent may still be read
  bool progressed_ : 1 = false;     // sent something since the drain timer was armed
  bool stalled_ : 1 = false;        // the last send left something
  bool redeliver_ : 1 = false;      // offer what was kept again, if reading goes on
  bool dirty_ : 1 = false;
  bool closed_ : 1 = false;
  bool released_ : 1 = false;  // the reactor has let go of it
};

}  // namespace switchboard
