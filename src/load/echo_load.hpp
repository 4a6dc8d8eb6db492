// Many echo connections driven by one reactor, at as little cost a message as may be: it has to
// keep a server's core busy and still look at every byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "switchboard/net/connection_table.hpp"
#include "switchboard/reactor/reactor.hpp"

#include "load/histogram.hpp"
#include "load/opener.hpp"
#include "load/pace.hpp"
#include "load/pattern.hpp"
#include "load/progress.hpp"
#include "load/settings.hpp"

namespace switchboard::load {

// The moments from which messages under way are timed, oldest first. The first costs no allocation.
class Moments {
 public:
  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }
  void push(std::uint64_t moment_ns);
  std::uint64_t pop() noexcept;

 private:
  std::uint64_t* data() noexcept { return more_ == nullptr ? &only_ : more_.get(); }

  std::uint64_t only_ = 0;
  std::unique_ptr<std::uint64_t[]> more_;
  std::uint32_t capacity_ = 1;  // a power of two
  std::uint32_t head_ = 0;
  std::uint32_t size_ = 0;
};

class EchoLoad final : private ConnectionHandler {
 public:
  // Both must outlive it.
  EchoLoad(Reactor& reactor, const Settings& settings, Progress& progress);

  // Opens every connection and has each echo one message. Only so many are under way at once that
  // no server's backlog overflows.
  void open();

  // Sends for that long, or until every connection has failed: in a closed loop `depth` messages
  // are under way on each connection, in an open loop `rate` messages a second fall due.
  void run_for(Nanoseconds duration);
  // Sends so many messages, likewise.
  void run_count(std::uint64_t messages);
  // Waits for everything under way to come back; what does not, while nothing moves for `patience`,
  // is a failure of its connection.
  void drain();

  // From here on messages are counted and timed, until stop_counting(): those that come back (in a
  // closed loop), or those that fall due (in an open loop, where they are waited for by drain()).
  void start_counting();
  void stop_counting() noexcept;
  std::uint64_t messages() const noexcept { return times_.total(); }
  const Histogram& times() const noexcept { return times_; }

  // Since the beginning.
  std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }
  std::uint64_t bytes_received() const noexcept { return bytes_received_; }
  const Failures& failures() const noexcept { return failures_; }

 private:
  // A cache line each: with thousands of them every turn brings them in from afar.
  struct alignas(64) Peer {
    std::uint64_t sent_to = 0;      // positions in the pattern's stream
    std::uint64_t received_to = 0;  //
    std::uint64_t partial = 0;      // bytes of the oldest message that are back already
    Moments moments;                // one for each message under way
  };

  static constexpr std::size_t opening_at_once = 100;

  std::size_t on_data(Connection& connection, const Slice& input) override;
  void on_end(Connection& connection, std::span<const std::byte> unconsumed) override;
  void on_closed(Connection& connection, const Closed& closed) override;

  void greet(Connection& connection);
  bool is_open_loop() const noexcept { return settings_.rate > 0; }
  bool is_alive() const noexcept { return table_.size() > 0; }
  std::uint64_t take_back(Peer& peer, std::size_t bytes, std::uint64_t now_ns);
  void offer(Connection& connection, std::uint64_t messages, std::uint64_t moment_ns);
  void send(Connection& connection, std::uint64_t messages, std::uint64_t moment_ns);
  void begin_sending(std::uint64_t budget);
  void fill_up();
  void turn();
  bool turn_patiently();
  void fail(Connection& connection, const std::string& what);

  Reactor& reactor_;
  const Settings& settings_;
  Progress& progress_;
  Pattern pattern_;
  std::vector<Peer> peers_;        // by the connection's slot
  std::vector<ConnectionId> ids_;  // in the order of their opening
  std::size_t under_way_ = 0;      // messages, on all connections
  std::uint64_t budget_ = 0;       // messages that may still be offered
  Schedule schedule_;              // of the open loop
  bool counting_ = false;
  std::uint64_t counted_from_ns_ = 0;
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t bytes_received_ = 0;
  Histogram times_;
  Failures failures_;
  ConnectionTable table_;
  Opener opener_;
};

// What a load client's connections are like: nothing ends them but the server and this program, and
// a message of `message_bytes` fits, whatever a server puts around it.
ConnectionLimits limits_of_a_load(std::size_t message_bytes);

}  // namespace switchboard::load
