// Publishers and members of rooms: what a message to many costs, over any server whose dialect is
// known.
//
// Everybody connects and joins a room; from then on what a publisher says reaches every member of
// its room, whatever the server puts round it. A message is
//
//   [load PUBLISHER NUMBER MOMENT] PADDING
//
// with the moment in nanoseconds and a padding that depends on the number, so that it can be told
// of every member that it got every message of every publisher once, in order, and whole; and,
// where the server promises it, that all members of a room saw it in one order.
//
// How it is fast enough to keep a server's core busy: each message is parsed and verified once, as
// the member that is ahead gets it, and becomes a part of a RoomStream. All other members'
// bytes are compared with that. Only where they differ are they parsed: because the server said
// something to that member alone, or said the same in other words, or did wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "switchboard/net/connection_table.hpp"
#include "switchboard/reactor/reactor.hpp"

#include "load/dialect.hpp"
#include "load/echo_load.hpp"
#include "load/histogram.hpp"
#include "load/opener.hpp"
#include "load/pace.hpp"
#include "load/progress.hpp"
#include "load/room_stream.hpp"
#include "load/settings.hpp"

namespace switchboard::load {

class FanoutLoad final : private ConnectionHandler {
 public:
  // Both must outlive it.
  FanoutLoad(Reactor& reactor, const Settings& settings, Progress& progress);

  // Connects everybody, and publishes what does not count until each member has seen some of it.
  void open();

  // In a closed loop each publisher has `depth` messages under way that some member has not got
  // yet; in an open loop `rate` messages a second fall due, to the publishers in turn.
  void run_for(Nanoseconds duration);
  // Gives up where nothing moves for `patience`; drain() then tells whose fault it is.
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
  // puts round them, nor of what publishers are told).
  std::uint64_t bytes_sent() const noexcept { return published_ * settings_.message_bytes; }
  std::uint64_t bytes_received() const noexcept { return delivered_ * settings_.message_bytes; }
  const Failures& failures() const noexcept { return failures_; }

 private:
  struct Room {
    std::string name;
    std::vector<std::size_t> publishers;
    std::uint64_t members = 0;
    // One; or one for each of its publishers, where there is no order between them.
    std::vector<RoomStream> streams;
  };
  struct Publisher {
    ConnectionId id;
    std::size_t room;
    std::size_t stream;  // of its room's
    bool is_joined = false;
    std::uint64_t next_number = 0;
    std::uint64_t seen_to = 0;       // all before it are, or were, in the room's stream
    std::uint64_t delivered_to = 0;  // all before it have reached everybody
    Moments moments;                 // of those that nobody has seen yet
  };
  // A message that a member has not got, although it got later ones.
  struct Missing {
    std::uint64_t publisher;
    std::uint64_t number;
  };
  struct Member {
    ConnectionId id;
    std::size_t room;
    bool is_ready = false;
    std::size_t stream = 0;                       // of its room's: the one that it got last
    std::vector<RoomStream::Position> positions;  // in each of them
    std::optional<Missing> missing;
  };
  struct Message {
    std::uint64_t publisher = 0;
    std::uint64_t number = 0;
    std::uint64_t moment_ns = 0;
    std::string_view padding;
    std::size_t size_bytes = 0;  // of all of it
  };
  // Who has a connection.
  struct Holder {
    bool speaks;
    std::size_t index;  // in publishers_ or members_
  };

  static constexpr std::size_t opening_at_once = 100;
  // Where a server is known to welcome people it need not have more at its door than the smallest
  // backlog holds (ngircd's is 10); whom it has no room for may wait for ever. Unless it welcomes
  // only now and then (InspIRCd does, once a second).
  static constexpr std::size_t unwelcomed_at_once = 8;
  static constexpr Nanoseconds slow_to_welcome = std::chrono::milliseconds{50};

  std::size_t on_data(Connection& connection, const Slice& input) override;
  void on_end(Connection& connection, std::span<const std::byte> unconsumed) override;
  void on_closed(Connection& connection, const Closed& closed) override;

  bool is_open_loop() const noexcept { return settings_.rate > 0; }
  std::size_t at_the_door() const noexcept { return opener_.under_way() + unwelcomed_; }
  std::size_t people() const noexcept { return settings_.publishers + settings_.connections; }
  Person person(const Holder& holder) const noexcept;

  bool has_one_order() const noexcept { return dialect_.has_one_order; }
  RoomStream& stream_of(const Member& member) noexcept {
    return rooms_[member.room].streams[member.stream];
  }
  void make_rooms();
  void connect_everybody();
  void greet(Connection& connection);
  void join(Connection& connection, const Holder& holder);
  void await_members();
  void probe_rooms();

  void begin_sending(std::uint64_t budget);
  void fill_up(std::size_t publisher);
  // False where the publisher's connection has gone.
  bool publish(std::size_t publisher, std::uint64_t messages, std::uint64_t moment_ns);
  void compose(std::size_t publisher, std::uint64_t number, std::uint64_t moment_ns);
  void turn();

  std::string_view hear_as_member(Connection& connection, const Holder& holder,
                                  std::string_view input);
  std::string_view hear_as_publisher(Connection& connection, const Holder& holder,
                                     std::string_view input);
  void take_notice(Connection& connection, const Holder& holder, const Frame& frame);
  // False where it is to be compared with another stream than that which came last.
  bool take_message(Connection& connection, Member& member, std::string_view frame,
                    std::string_view text);
  void take_next(Connection& connection, Member& member, std::string_view frame,
                 const Message& message);
  static bool parse(std::string_view text, Message& message);
  bool is_whole(const Message& message) const noexcept;
  std::uint64_t next_number_for(const Member& member, std::uint64_t publisher) const noexcept;
  const char* fault_of(const Member& member, const Message& message) const noexcept;
  static const char* fault_of(const Missing& missing, const Message& message) noexcept;
  void deliver(Member& member, std::uint64_t messages);
  void fill_up_room(Room& room);
  void fail(Connection& connection, const std::string& what);

  Reactor& reactor_;
  const Settings& settings_;
  const Dialect& dialect_;
  Progress& progress_;
  const std::string padding_;  // any number's is a run of it
  std::vector<Room> rooms_;
  std::vector<Publisher> publishers_;
  std::vector<Member> members_;
  std::vector<Holder> holder_of_slot_;
  std::size_t unwelcomed_ = 0;  // connected, and waiting for their welcome
  std::size_t ready_ = 0;
  std::uint64_t published_ = 0;
  std::uint64_t owed_ = 0;  // deliveries, of what was published
  std::uint64_t delivered_ = 0;
  std::uint64_t budget_ = 0;  // messages that may still be published
  Schedule schedule_;
  bool counting_ = false;
  std::uint64_t counted_from_ns_ = 0;
  std::uint64_t heard_at_ns_ = 0;  // when what is looked at was received, while counting
  std::string message_;
  std::string line_;
  Histogram times_;
  Failures failures_;
  ConnectionTable table_;
  Opener opener_;
};

}  // namespace switchboard::load
