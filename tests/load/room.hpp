// A little chat server for tests of the load, in each dialect that the load speaks.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "switchboard/net/connection_table.hpp"

namespace switchboard::load::test {

struct Guest {
  std::string name;
  std::string room;  // empty: in none
  bool is_member = false;
};

class Room;

// One dialect's other side.
struct Host {
  const char* dialect;
  void (*open)(Room& room, Connection& guest);
  // Takes one command from the front of `input` and gives its length; 0 where it is not all there.
  std::size_t (*take)(Room& room, Connection& guest, std::string_view input);
  // A message as a member is sent it.
  std::string (*wrap)(const Guest& sender, const std::string& text);
  // That somebody has gone; null where nobody is told.
  std::string (*take_leave)(const Guest& gone);
  // A line for one member that a server may say at any time; and whether it wants an answer.
  const char* aside;
  bool aside_is_answered;
  // Whether a message may come in other words to one member than to another, and how.
  std::string (*reword)(std::string wrapped);
  bool has_one_order;
};
const Host& host_of(std::string_view dialect);

// Guests hear what others say in their room. Lives on the reactor of its table.
class Room final : public ConnectionHandler {
 public:
  // How one message gets to one member; by default tell(member, wrap(text)).
  using Deliver = std::function<void(Connection& member, const std::string& text)>;

  Room(Reactor& reactor, std::string_view dialect)
      : table(reactor, *this), host(host_of(dialect)) {}

  void on_open(Connection& connection) override;
  std::size_t on_data(Connection& connection, const Slice& input) override;
  void on_closed(Connection& connection, const Closed&) override;

  // For hosts.
  Guest& guest(const Connection& connection) { return guests_[connection.id().packed()]; }
  void say(Connection& sender, const std::string& room, const std::string& text);

  // For those who deliver: the message as it would have been, and telling it.
  std::string wrap(const std::string& text) const { return host.wrap(*speaking_, text); }
  static void tell(Connection& member, const std::string& wrapped) { member.write(wrapped); }
  void deliver_well(Connection& member, const std::string& text) { tell(member, wrap(text)); }

  // How a guest is told that another one of their room has gone; by default it is not. The text is
  // the host's.
  std::function<void(Connection& hearer, const std::string& text)> farewell;

  Deliver deliver = [this](Connection& member, const std::string& text) {
    deliver_well(member, text);
  };
  std::size_t answers = 0;           // to asides
  std::size_t at_the_door = 0;       // connected, not welcomed yet; where a host welcomes
  std::size_t most_at_the_door = 0;  //
  std::size_t welcomes_from = 1;     // nobody before so many have come; then everybody
  std::vector<ConnectionId> unwelcomed;
  ConnectionTable table;
  const Host& host;

 private:
  std::map<std::uint64_t, Guest> guests_;
  const Guest* speaking_ = nullptr;
};

}  // namespace switchboard::load::test
