// Connections that come, have one message echoed, and go: what a server's accepting costs.
#pragma once

#include <cstddef>
#include <cstdint>
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

// One after the other on each of `connections` places. A cycle is timed from the beginning of its
// connecting until its message is back.
class ChurnLoad final : private ConnectionHandler {
 public:
  // Both must outlive it.
  ChurnLoad(Reactor& reactor, const Settings& settings, Progress& progress);

  void run_for(Nanoseconds duration);
  void run_count(std::uint64_t cycles);
  // Waits for the cycles that are under way to end. What does not, while nothing moves for
  // `patience`, is a failure.
  void drain();

  void start_counting();
  void stop_counting() noexcept { counting_ = false; }
  std::uint64_t messages() const noexcept { return times_.total(); }
  const Histogram& times() const noexcept { return times_; }

  // Since the beginning.
  std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }
  std::uint64_t bytes_received() const noexcept { return bytes_received_; }
  const Failures& failures() const noexcept { return failures_; }

 private:
  struct Peer {
    std::uint64_t position = 0;  // in the pattern's stream
    std::size_t received = 0;
    Instant began{};
  };

  std::size_t on_data(Connection& connection, const Slice& input) override;
  void on_end(Connection& connection, std::span<const std::byte> unconsumed) override;
  void on_closed(Connection& connection, const Closed& closed) override;

  void send_message(Connection& connection, Instant began);
  void turn();
  void fail(Connection& connection, const char* what);

  Reactor& reactor_;
  const Settings& settings_;
  Progress& progress_;
  Pattern pattern_;
  std::vector<Peer> peers_;  // by the connection's slot
  std::uint64_t begun_ = 0;
  std::uint64_t sent_ = 0;  // messages
  std::uint64_t ended_ = 0;
  std::uint64_t budget_ = 0;  // cycles that may still be begun
  bool counting_ = false;
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t bytes_received_ = 0;
  Histogram times_;
  Failures failures_;
  ConnectionTable table_;
  Opener opener_;
};

}  // namespace switchboard::load
