// A crowd: many people in many rooms, who say nothing. What each costs a server, how long it takes
// until all are in, and what becomes of it when many go at once, as when a network splits: each of
// the others must be told of each who shared a room with them, once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "switchboard/net/connection_table.hpp"
#include "switchboard/reactor/reactor.hpp"

#include "load/departures.hpp"
#include "load/dialect.hpp"
#include "load/opener.hpp"
#include "load/pace.hpp"
#include "load/progress.hpp"
#include "load/settings.hpp"

namespace switchboard::load {

class CrowdLoad final : private ConnectionHandler {
 public:
  // All must outlive it. The dialect is one that can ask.
  CrowdLoad(Reactor& reactor, const Settings& settings, Progress& progress);

  // Everybody connects and joins; until the last has been told that they are in their rooms.
  void open();
  // Everybody asks the server for an answer, before which stands whatever they were told till then.
  void hear_out();
  // Those who are to go close their connections, all at once; until each of the others has been
  // told what is due.
  void part();

  std::uint64_t told() const noexcept { return departures_.told(); }
  const Failures& failures() const noexcept { return failures_; }

 private:
  struct Member {
    ConnectionId id;
    std::size_t rooms_joined = 0;
  };

  static constexpr std::size_t opening_at_once = 100;

  std::size_t on_data(Connection& connection, const Slice& input) override;
  void on_end(Connection& connection, std::span<const std::byte> unconsumed) override;
  void on_closed(Connection& connection, const Closed& closed) override;

  Person person(std::size_t member, std::size_t which_room) const noexcept;
  void greet(Connection& connection);
  void join(Connection& connection, std::size_t member);
  void take(Connection& connection, std::size_t member, const Frame& frame);
  void note_joined(std::size_t member, std::string_view room);
  void note_departure(Connection& connection, std::size_t member, std::string_view name);
  // Turns until count() is `wanted`; what is missing while nothing moves is a failure.
  template <typename Count>
  void await(Count count, std::uint64_t wanted, const char* failure);
  void fail(Connection& connection, const std::string& what);

  Reactor& reactor_;
  const Dialect& dialect_;
  Progress& progress_;
  const CrowdShape shape_;
  std::vector<std::string> rooms_;
  std::vector<Member> members_;
  std::vector<std::size_t> member_of_slot_;
  std::uint64_t joined_ = 0;   // people who are in all of their rooms
  std::uint64_t answers_ = 0;  // since hear_out() began
  Departures departures_;
  std::string line_;
  Failures failures_;
  ConnectionTable table_;
  Opener opener_;
};

}  // namespace switchboard::load
