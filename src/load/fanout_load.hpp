// Publishers and members of one room of a chat, in plain lines: what a message to many costs.
//
// Everybody connects, says a name in a first line, and is in a room; from then on a publisher's
// lines reach every member, whatever the server puts in front of them. A published line is
//
//   [load PUBLISHER NUMBER MOMENT] PADDING
//
// with the moment in nanoseconds and a padding that depends on the number, so that every member can
// check that it got every message of every publisher once, in order, and whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "switchboard/net/connection_table.hpp"
#include "switchboard/reactor/reactor.hpp"

#include "load/histogram.hpp"
#include "load/opener.hpp"
#include "load/pace.hpp"
#include "load/progress.hpp"
#include "load/settings.hpp"

namespace switchboard::load {

class FanoutLoad final : private ConnectionHandler {
 public:
  // Both must outlive it.
  FanoutLoad(Reactor& reactor, const Settings& settings, Progress& progress);

  // Connects everybody, and publishes lines that do not count until each member has seen one.
  void open();

  // In a closed loop each publisher has `depth` messages under way that some member has not got
  // yet; in an open loop `rate` messages a second fall due, to the publishers in turn.
  void run_for(Nanoseconds duration);
  void run_count(std::uint64_t messages);
  // Waits for every delivery. One that does not come, while nothing moves for `patience`, is a
  // failure of its member.
  void drain();

  // Deliveries: messages times members.
  void start_counting();
  void stop_counting() noexcept { counting_ = false; }
  std::uint64_t messages() const noexcept { return times_.total(); }
  const Histogram& times() const noexcept { return times_; }

  // Since the beginning: of messages published, and of messages delivered (not of what the server
  // puts in front of them).
  std::uint64_t bytes_sent() const noexcept { return published_bytes_; }
  std::uint64_t bytes_received() const noexcept { return delivered_bytes_; }
  const Failures& failures() const noexcept { return failures_; }

 private:
  struct Publisher {
    ConnectionId id;
    std::uint64_t next_number = 0;
    // How many members have still to get each message, by its number, the oldest first.
    std::vector<std::uint32_t> missing;
    std::size_t oldest = 0;           // where in `missing` it stands
    std::uint64_t oldest_number = 0;  // all before it have reached everybody
  };
  struct Member {
    ConnectionId id;
    bool is_ready = false;
    std::vector<std::uint64_t> next_number;  // of each publisher
  };
  struct Message {
    std::uint64_t publisher = 0;
    std::uint64_t number = 0;
    std::uint64_t moment_ns = 0;
    std::string_view padding;
    std::size_t size_bytes = 0;  // of all of it
  };

  static constexpr std::size_t opening_at_once = 100;
  static constexpr std::size_t no_member = SIZE_MAX;

  std::size_t on_data(Connection& connection, const Slice& input) override;
  void on_end(Connection& connection, std::span<const std::byte> unconsumed) override;
  void on_closed(Connection& connection, const Closed& closed) override;

  bool is_open_loop() const noexcept { return settings_.rate > 0; }
  std::size_t people() const noexcept { return settings_.publishers + settings_.connections; }
  void greet(Connection& connection);
  void connect_everybody();
  void await_members();
  void take_line(Connection& connection, Member& member, std::string_view line);
  static bool parse(std::string_view line, Message& message);
  bool is_whole(const Message& message) const noexcept;
  void take_message(Connection& connection, Member& member, const Message& message);
  void note_delivery(std::uint64_t publisher, std::uint64_t number);
  void fill_up(Publisher& publisher);
  // False where the publisher's connection has gone.
  bool publish(std::size_t publisher, std::uint64_t moment_ns);
  const std::string& compose(std::size_t publisher, std::uint64_t number, std::uint64_t moment_ns);
  void begin_sending(std::uint64_t budget);
  void turn();
  void fail(Connection& connection, const std::string& what);

  Reactor& reactor_;
  const Settings& settings_;
  Progress& progress_;
  const std::string padding_;  // any number's is a run of it
  std::vector<Publisher> publishers_;
  std::vector<Member> members_;
  std::vector<std::size_t> member_of_slot_;
  std::size_t ready_ = 0;
  std::uint64_t published_ = 0;
  std::uint64_t published_bytes_ = 0;
  std::uint64_t delivered_ = 0;
  std::uint64_t delivered_bytes_ = 0;
  std::uint64_t budget_ = 0;  // messages that may still be published
  Schedule schedule_;
  bool counting_ = false;
  std::uint64_t counted_from_ns_ = 0;
  std::string line_;
  Histogram times_;
  Failures failures_;
  ConnectionTable table_;
  Opener opener_;
};

}  // namespace switchboard::load
