// The connections of one service: owns them, limits them, ends them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "switchboard/net/connection.hpp"
#include "switchboard/reactor/reactor.hpp"
#include "switchboard/sys/socket.hpp"

namespace switchboard {

// Limits of each connection of a table. Sizes in bytes.
struct ConnectionLimits {
  // A connection with this much output queued is not read from until it is down to low_water;
  // before that, no read takes more than would fill it.
  std::size_t high_water_bytes = 256 * 1024;
  std::size_t low_water_bytes = 64 * 1024;
  // Whether it is read from all the same, as a client wants it: what a client has queued is its own
  // doing, and a server that waits for its answers to be taken would otherwise wait for ever.
  bool reads_above_high_water = false;
  // Whether it is kept where it is paused and sending has failed, until it is read from again: who
  // shows what has come as slowly as it may be taken loses nothing of it. Else that closes it, as
  // nobody may ever come back to it.
  bool keeps_rest_while_paused = false;
  // A connection with more output than this queued is closed.
  std::size_t output_limit_bytes = 1024 * 1024;
  // A connection whose service leaves this much unconsumed is closed.
  std::size_t input_limit_bytes = 64 * 1024;
  // No byte in either direction for this long closes a connection: never early, but that bytes
  // count from the beginning of their turn, and late by at most a sixteenth, or 10 ms where that is
  // more. Zero: never.
  Nanoseconds idle_timeout{0};
  // While draining: how long a peer may take nothing, and how long it may keep its own side open.
  Nanoseconds drain_timeout = std::chrono::seconds{10};
  Nanoseconds linger_timeout = std::chrono::seconds{2};
  sys::KeepAlive keepalive{};
  // Of the table; a listener leaves further ones in the backlog until there is room.
  std::size_t max_connections = SIZE_MAX;
};

class ConnectionTable {
 public:
  // Both must outlive the table. Throws std::invalid_argument for limits that contradict each
  // other.
  ConnectionTable(Reactor& reactor, ConnectionHandler& handler, ConnectionLimits limits = {});
  ConnectionTable(const ConnectionTable&) = delete;
  ConnectionTable& operator=(const ConnectionTable&) = delete;
  // Closes what is left without a word to the handler. Not inside a callback of the handler.
  ~ConnectionTable();

  // Takes over a connected, non-blocking stream socket and reports on_open. Null, and the socket
  // closed, where the poller cannot watch it; `error` says why.
  Connection* adopt(sys::Descriptor socket, std::error_code& error);

  // Before a socket is closed for which there is no room: ConnectionHandler::last_words().
  void say_last_words(int fd);

  // Null once it is closed, and for another table's.
  Connection* find(ConnectionId id) noexcept;

  std::size_t size() const noexcept { return size_; }
  bool full() const noexcept { return size_ >= limits_.max_connections || shutting_down_; }
  const ConnectionLimits& limits() const noexcept { return limits_; }
  // For what happens from now on; nobody is closed at once. Who is idle has been so all the while,
  // where idleness was measured until now. Keepalive is for a Listener that is made after this.
  // Throws as the constructor does, and then nothing has changed.
  void set_limits(const ConnectionLimits& limits);
  Reactor& reactor() const noexcept { return reactor_; }

  // Each connection that is not closed. `visit` may close any of them.
  void for_each(const std::function<void(Connection&)>& visit);

  // Drains all, closes those left after `drain_timeout`, takes no more (whom a Listener still hears
  // waits in the backlog); calls `done` once none is left, or at once. Called again, replaces both.
  void shut_down(Nanoseconds drain_timeout, std::function<void()> done);

  // Whoever waits for a full table to have room again (a Listener); not owned.
  class RoomWaiter {
   public:
    virtual void on_room() = 0;

   protected:
    ~RoomWaiter() = default;
  };
  void add_room_waiter(RoomWaiter& waiter) { room_waiters_.push_back(&waiter); }
  void remove_room_waiter(RoomWaiter& waiter) noexcept { std::erase(room_waiters_, &waiter); }

 private:
  friend class Connection;

  void link_last(Connection& connection) noexcept;
  void unlink(Connection& connection) noexcept;
  void note_activity(Connection& connection) noexcept;
  std::uint32_t tick(Instant when) const noexcept;
  Instant idle_deadline(const Connection& connection) const noexcept;
  void set_idle_timer(Nanoseconds delay);
  void set_idle_timer_for(const Connection& next);
  void close_idle();
  void end_idle(Connection& connection);
  void tell_idle(Connection& connection);
  void release(Connection& connection);
  void report_empty();

  Reactor& reactor_;
  ConnectionHandler& handler_;
  ConnectionLimits limits_;
  Nanoseconds tick_length_;  // how precisely idleness is known
  const Instant start_;
  Connection* first_ = nullptr;
  Connection* last_ = nullptr;
  std::size_t size_ = 0;  // closed ones count until they are released
  TimerId idle_timer_;
  TimerId shutdown_timer_;
  bool shutting_down_ = false;
  std::function<void()> on_empty_;
  std::vector<RoomWaiter*> room_waiters_;
};

}  // namespace switchboard
