// The fan-out load against a little room, in every dialect and over every backend: exact counts,
// and every way in which a room may fail its members. Room and load share a reactor.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "switchboard/net/listener.hpp"

#include "load/fanout_load.hpp"
#include "load/room.hpp"
#include "support/backends.hpp"

namespace switchboard::load {
namespace {

using std::chrono::milliseconds;
using test::Room;

constexpr std::string_view probe = "[load ?]";

class Fanout : public testing::TestWithParam<std::tuple<std::string, std::string>> {
 protected:
  Fanout() {
    settings.mode = Mode::fanout;
    settings.server = listener.endpoint();
    settings.dialect = &find_dialect(std::get<1>(GetParam()));
    settings.connections = 12;
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
    reactor.turn(Nanoseconds::zero());  // who failed is closed
    return load.failures();
  }

  // The load reports each message to each member, and no other.
  void expect_good_run(const FanoutLoad& load) {
    EXPECT_EQ(load.failures(), Failures{});
    EXPECT_GT(load.messages(), 0U);
    EXPECT_EQ(load.bytes_received(), load.bytes_sent() * settings.connections / settings.rooms);
    EXPECT_EQ(load.messages() * settings.message_bytes, load.bytes_received());
  }

  Reactor reactor{find_backend(std::get<0>(GetParam())).make()};
  Room room{reactor, std::get<1>(GetParam())};
  Listener listener{reactor, Endpoint::parse("tcp://127.0.0.1:0"), room.table};
  Settings settings;
  Progress progress{false};
};

TEST_P(Fanout, closed_loop_for_a_while_delivers_each_message_once_to_each_member) {
  FanoutLoad load{reactor, settings, progress};
  load.open();
  load.start_counting();
  load.run_for(milliseconds{150});
  load.drain();
  expect_good_run(load);
}

TEST_P(Fanout, open_loop_publishes_exactly_what_falls_due) {
  settings.rate = 500;
  settings.depth = 1;
  FanoutLoad load{reactor, settings, progress};
  load.open();
  load.start_counting();
  load.run_for(milliseconds{200});
  load.drain();
  expect_good_run(load);
  EXPECT_EQ(load.messages(), 100U * 12);
}

TEST_P(Fanout, rooms_keep_to_themselves) {
  settings.rooms = 3;
  settings.publishers = 6;
  settings.depth = 1;
  FanoutLoad load{reactor, settings, progress};
  load.open();
  load.start_counting();
  load.run_count(100);
  load.drain();
  expect_good_run(load);
  EXPECT_EQ(load.messages(), 100U * 12 / 3);
}

TEST_P(Fanout, a_run_follows_another_on_the_same_connections) {
  FanoutLoad load{reactor, settings, progress};
  load.open();
  for (const std::uint64_t count : {20U, 1U, 7U}) {
    load.start_counting();
    load.run_count(count);
    load.drain();
    EXPECT_EQ(load.failures(), Failures{});
    EXPECT_EQ(load.messages(), count * 12);
  }
}

// Those for whom its backlog had no room an IRC server never welcomed. Eight at first, and twice as
// many only where the machine stands still for a while.
TEST_P(Fanout, few_are_at_the_door_of_a_server_that_welcomes_at_once) {
  settings.connections = 120;
  EXPECT_EQ(run(), Failures{});
  EXPECT_LT(room.most_at_the_door, 100U);
}

// InspIRCd does so once a second.
TEST_P(Fanout, more_come_to_the_door_of_a_server_that_welcomes_many_at_once) {
  settings.connections = 40;
  room.welcomes_from = 30;
  EXPECT_EQ(run(), Failures{});
}

// What is said to one member alone, or in other words than to the others, is no failure.
TEST_P(Fanout, asides_and_other_words_are_no_failures) {
  std::size_t count = 0;
  std::size_t asides = 0;
  room.deliver = [&](Connection& member, const std::string& text) {
    ++count;
    if (count % 7 == 0 && ++asides > 0) member.write(room.host.aside);
    const std::string wrapped = room.wrap(text);
    const bool in_other_words = count % 5 == 0 && room.host.reword != nullptr;
    Room::tell(member, in_other_words ? room.host.reword(wrapped) : wrapped);
  };
  FanoutLoad load{reactor, settings, progress};
  load.open();
  const std::size_t answers_before = room.answers;
  const std::size_t asides_before = asides;
  load.start_counting();
  load.run_count(200);
  load.drain();
  expect_good_run(load);
  if (!room.host.aside_is_answered) return;
  while (room.answers - answers_before < asides - asides_before) reactor.turn();
}

// Each member is told all but the last few bytes, and those a turn later.
TEST_P(Fanout, messages_that_come_in_pieces_are_whole) {
  std::map<std::uint64_t, std::string> rest;
  std::size_t piece = 0;
  room.deliver = [&](Connection& member, const std::string& text) {
    std::string& left = rest[member.id().packed()];
    left += room.wrap(text);
    const std::size_t now = left.size() - std::min(left.size(), ++piece % 130);
    member.write(left.substr(0, now));
    left.erase(0, now);
    reactor.post([&, id = member.id()] {
      Connection* found = room.table.find(id);
      if (found != nullptr) found->write(std::exchange(rest[id.packed()], {}));
    });
  };
  FanoutLoad load{reactor, settings, progress};
  load.open();
  load.start_counting();
  load.run_count(300);
  load.drain();
  expect_good_run(load);
}

struct FanoutFault {
  Room::Deliver deliver;
  const char* counted_as;
};

TEST_P(Fanout, what_a_room_does_wrong_to_one_member_is_counted_by_name) {
  settings.publishers = 1;
  int count = 0;
  const auto once_in_a_while = [&](const std::string& text) {
    return text != probe && ++count == 100;
  };
  const auto with = [&](auto change) {
    return [&, change](Connection& member, std::string text) {
      if (once_in_a_while(text)) change(text);
      room.deliver_well(member, text);
    };
  };
  const FanoutFault faults[] = {
      {[&](Connection& member, const std::string& text) {
         if (!once_in_a_while(text)) room.deliver_well(member, text);
       },
       "a message was lost"},
      {[&](Connection& member, const std::string& text) {
         room.deliver_well(member, text);
         if (once_in_a_while(text)) room.deliver_well(member, text);
       },
       "a message came twice"},
      {with([](std::string& text) { text[text.size() - 4] = '!'; }), "wrong byte"},
      {with([](std::string& text) { text[text.find(']')] = '!'; }), "a mangled line"},
      {with([](std::string& text) { text.erase(text.size() - 5, 1); }), "wrong byte"},
      // The moment's last digit.
      {with([](std::string& text) { text[text.find(']') - 1] ^= 1; }), "wrong byte"},
      {with([](std::string& text) { text.insert(text.find(' ', 6) + 1, "99"); }),
       "a message that nobody sent"},
      {[&](Connection& member, const std::string& text) {
         if (once_in_a_while(text)) return member.drain();
         room.deliver_well(member, text);
       },
       "closed by the server"},
  };
  for (const FanoutFault& fault : faults) {
    count = 0;
    room.deliver = fault.deliver;
    EXPECT_EQ(run(), (Failures{{fault.counted_as, 1}}));
  }
}

// Its publisher's next one tells, whoever else speaks in between.
TEST_P(Fanout, a_message_lost_among_those_of_several_publishers_is_told_of) {
  int count = 0;
  room.deliver = [&](Connection& member, const std::string& text) {
    if (text == probe || ++count != 100) room.deliver_well(member, text);
  };
  EXPECT_EQ(run(), (Failures{{"a message was lost", 1}}));
}

// One of two members gets the first messages of one publisher behind one of the other's.
TEST_P(Fanout, members_that_see_different_orders_are_told_of_where_one_order_is_promised) {
  settings.publishers = 2;
  settings.connections = 2;
  settings.depth = 50;
  std::optional<ConnectionId> one;
  std::string held_back;
  bool is_over = false;
  room.deliver = [&](Connection& member, const std::string& text) {
    if (text != probe && !one) one = member.id();
    if (text == probe || is_over || member.id() != *one) return room.deliver_well(member, text);
    if (text.starts_with("[load 0")) {
      held_back += room.wrap(text);
    } else {
      room.deliver_well(member, text);
      Room::tell(member, held_back);
      is_over = !held_back.empty();
    }
  };
  FanoutLoad load{reactor, settings, progress};
  load.open();
  load.run_count(200);
  load.drain();
  EXPECT_TRUE(is_over);
  EXPECT_EQ(load.failures(),
            room.host.has_one_order ? (Failures{{"not in the room's order", 1}}) : Failures{});
}

// It went round for ever, filling up a publisher that was gone.
TEST_P(Fanout, a_publisher_whom_the_server_closes_ends_the_run) {
  settings.publishers = 1;
  int count = 0;
  room.deliver = [&](Connection& member, const std::string& text) {
    room.deliver_well(member, text);
    if (text == probe || ++count != 100) return;
    bool is_first = true;
    room.table.for_each([&](Connection& publisher) {
      if (std::exchange(is_first, false)) publisher.drain();
    });
  };
  EXPECT_EQ(run(), (Failures{{"closed by the server", 1}}));
}

INSTANTIATE_TEST_SUITE_P(BackendsAndDialects, Fanout,
                         testing::Combine(testing::ValuesIn(switchboard::test::backend_names()),
                                          testing::Values("plain", "redis", "nats", "irc")),
                         [](const auto& param) {
                           return std::get<0>(param.param) + "_" + std::get<1>(param.param);
                         });

}  // namespace
}  // namespace switchboard::load
