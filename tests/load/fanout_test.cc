// The fan-out load against a little room, over every backend: exact counts, and every way in which
// a room may fail its members. Room and load share a reactor.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "switchboard/net/listener.hpp"

#include "load/fanout_load.hpp"
#include "support/backends.hpp"

namespace switchboard::load {
namespace {

// A first line is a name; all further ones go to everybody else, behind it.
class Room final : public ConnectionHandler {
 public:
  using Deliver = std::function<void(Connection&, const std::string& line)>;

  explicit Room(Reactor& reactor) : table(reactor, *this) {}

  void on_open(Connection& connection) override { connection.write("Who are you?\r\n"); }
  std::size_t on_data(Connection& connection, const Slice& input) override {
    const auto bytes = input.bytes();
    std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
      take(connection, std::string{text.substr(0, end)});
      text.remove_prefix(end + 1);
    }
    return bytes.size() - text.size();
  }

  Deliver deliver = [](Connection& member, const std::string& line) { member.write(line); };
  ConnectionTable table;

 private:
  void take(Connection& sender, const std::string& line) {
    const auto [name, is_new] = names_.try_emplace(sender.id().packed(), line);
    if (is_new) return;
    const std::string said = name->second + ": " + line + "\r\n";
    table.for_each([&](Connection& member) {
      if (member.id() != sender.id() && names_.contains(member.id().packed())) {
        deliver(member, said);
      }
    });
  }

  std::map<std::uint64_t, std::string> names_;
};

class Fanout : public testing::TestWithParam<std::string> {
 protected:
  Fanout() {
    settings.mode = Mode::fanout;
    settings.server = listener.endpoint();
    settings.connections = 20;
    settings.publishers = 3;
    settings.message_bytes = 100;
    settings.depth = 4;
  }

  Failures run() {
    FanoutLoad load{reactor, settings, progress};
    load.open();
    load.start_counting();
    load.run_count(30);
    load.drain();
    return load.failures();
  }

  Reactor reactor{find_backend(GetParam()).make()};
  Room room{reactor};
  Listener listener{reactor, Endpoint::parse("tcp://127.0.0.1:0"), room.table};
  Settings settings;
  Progress progress{false};
};

TEST_P(Fanout, closed_loop_for_a_second_delivers_each_message_once_to_each_member) {
  FanoutLoad load{reactor, settings, progress};
  load.open();
  load.start_counting();
  load.run_for(std::chrono::seconds{1});
  load.drain();
  EXPECT_EQ(load.failures(), Failures{});
  EXPECT_GT(load.messages(), 0U);
  EXPECT_EQ(load.bytes_received(), load.bytes_sent() * 20);
  EXPECT_EQ(load.messages() * 100, load.bytes_received());
}

TEST_P(Fanout, open_loop_publishes_exactly_what_falls_due) {
  settings.rate = 500;
  settings.depth = 1;
  FanoutLoad load{reactor, settings, progress};
  load.open();
  load.start_counting();
  load.run_for(std::chrono::seconds{1});
  load.drain();
  EXPECT_EQ(load.failures(), Failures{});
  EXPECT_EQ(load.messages(), 500U * 20);
}

struct Fault {
  Room::Deliver deliver;
  const char* counted_as;
};

TEST_P(Fanout, what_a_room_does_wrong_to_one_member_is_counted_by_name) {
  settings.publishers = 1;  // publishers are told, too, and do not look
  int count = 0;
  const auto once_in_a_while = [&](const std::string& line) {
    return line.find("[load ?]") == std::string::npos && ++count == 100;
  };
  const Fault faults[] = {
      {[&](Connection& member, const std::string& line) {
         if (!once_in_a_while(line)) member.write(line);
       },
       "a message was lost"},
      {[&](Connection& member, const std::string& line) {
         member.write(line);
         if (once_in_a_while(line)) member.write(line);
       },
       "a message came twice"},
      {[&](Connection& member, std::string line) {
         if (once_in_a_while(line)) line[line.size() - 4] = '!';
         member.write(line);
       },
       "wrong byte"},
      {[&](Connection& member, std::string line) {
         if (once_in_a_while(line)) line[line.find(']')] = '!';
         member.write(line);
       },
       "a mangled line"},
      {[&](Connection& member, std::string line) {
         if (once_in_a_while(line)) line.erase(line.size() - 5, 1);
         member.write(line);
       },
       "wrong byte"},
      {[&](Connection& member, std::string line) {
         if (once_in_a_while(line)) line.insert(line.find(' ', line.find("[load ") + 6) + 1, "99");
         member.write(line);
       },
       "a message that nobody sent"},
      {[&](Connection& member, const std::string& line) {
         if (once_in_a_while(line)) return member.drain();
         member.write(line);
       },
       "closed by the server"},
  };
  for (const Fault& fault : faults) {
    count = 0;
    room.deliver = fault.deliver;
    EXPECT_EQ(run(), (Failures{{fault.counted_as, 1}}));
  }
}

// It went round for ever, filling up a publisher that was gone.
TEST_P(Fanout, a_publisher_whom_the_server_closes_ends_the_run) {
  settings.publishers = 1;
  int count = 0;
  room.deliver = [&](Connection& member, const std::string& line) {
    member.write(line);
    if (line.find("[load ?]") != std::string::npos || ++count != 100) return;
    bool is_first = true;
    room.table.for_each([&](Connection& publisher) {
      if (std::exchange(is_first, false)) publisher.drain();
    });
  };
  EXPECT_EQ(run(), (Failures{{"closed by the server", 1}}));
}

INSTANTIATE_TEST_SUITE_P(Backends, Fanout, testing::ValuesIn(test::backend_names()),
                         test::name_of_backend);

}  // namespace
}  // namespace switchboard::load
