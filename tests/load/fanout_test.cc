// The fan-out load against a little room, in every dialect and over every backend: exact counts,
// and every way in which a room may fail its members. Room and load share a reactor.
#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "switchboard/net/listener.hpp"

#include "load/fanout_load.hpp"
#include "load/room.hpp"
#include "support/backends.hpp"
#include "support/testing.hpp"

namespace switchboard::load {
namespace {

using std::chrono::milliseconds;
using test::Room;

constexpr std::string_view probe = "[load ?]";

class Fanout {
 protected:
  static auto rows() {
    return switchboard::test::pairs_of(switchboard::test::backend_names(),
                                       std::vector<std::string>{"plain", "redis", "nats", "irc"});
  }
  explicit Fanout(const std::pair<std::string, std::string>& row)
      : reactor(find_backend(row.first).make()), room(reactor, row.second) {
    settings.mode = Mode::fanout;
    settings.server = listener.endpoint();
    settings.dialect = &find_dialect(row.second);
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
    reactor.turn(Nanoseconds::zero());  // the members that failed are closed
    return load.failures();
  }

  // The load reports each message to each member, and no other.
  void expect_good_run(const FanoutLoad& load) {
    CHECK_EQ(load.failures(), Failures{});
    CHECK_GT(load.messages(), 0U);
    CHECK_EQ(load.bytes_received(), load.bytes_sent() * settings.connections / settings.rooms);
    CHECK_EQ(load.messages() * settings.message_bytes, load.bytes_received());
  }

  Reactor reactor;
  Room room;
  Listener listener{reactor, Endpoint::parse("tcp://127.0.0.1:0"), room.table};
  Settings settings;
  Progress progress{false};
};

CASES_FIXTURE(Fanout,
              "fan-out: a closed loop for a while delivers each message once to each member") {
  FanoutLoad load{reactor, settings, progress};
  load.open();
  load.start_counting();
  load.run_for(milliseconds{150});
  load.drain();
  expect_good_run(load);
}

CASES_FIXTURE(Fanout, "fan-out: an open loop publishes exactly as much as falls due") {
  settings.rate = 500;
  settings.depth = 1;
  FanoutLoad load{reactor, settings, progress};
  load.open();
  load.start_counting();
  load.run_for(milliseconds{200});
  load.drain();
  expect_good_run(load);
  CHECK_EQ(load.messages(), 100U * 12);
}

CASES_FIXTURE(Fanout, "fan-out: rooms keep to themselves") {
  settings.rooms = 3;
  settings.publishers = 6;
  settings.depth = 1;
  FanoutLoad load{reactor, settings, progress};
  load.open();
  load.start_counting();
  load.run_count(100);
  load.drain();
  expect_good_run(load);
  CHECK_EQ(load.messages(), 100U * 12 / 3);
}

CASES_FIXTURE(Fanout, "fan-out: a run follows another on the same connections") {
  FanoutLoad load{reactor, settings, progress};
  load.open();
  for (const std::uint64_t count : {20U, 1U, 7U}) {
    load.start_counting();
    load.run_count(count);
    load.drain();
    CHECK_EQ(load.failures(), Failures{});
    CHECK_EQ(load.messages(), count * 12);
  }
}

// Those for whom its backlog had no room an IRC server never welcomed. Eight at first, and twice as
// many only where the machine stands still for a while.
CASES_FIXTURE(Fanout, "fan-out: few are at the door of a server that welcomes at once") {
  settings.connections = 120;
  CHECK_EQ(run(), Failures{});
  CHECK_LT(room.most_at_the_door, 100U);
}

// InspIRCd does so once a second.
CASES_FIXTURE(Fanout, "fan-out: more come to the door of a server that welcomes many at once") {
  settings.connections = 40;
  room.welcomes_from = 30;
  CHECK_EQ(run(), Failures{});
}

// A line that is said to one member alone, or in other words than to the others, is no failure.
CASES_FIXTURE(Fanout, "fan-out: asides and other words are no failures") {
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
CASES_FIXTURE(Fanout, "fan-out: messages that come in pieces are whole") {
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

CASES_FIXTURE(Fanout, "fan-out: each wrong that a room does to one member is counted by name") {
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
    CHECK_EQ(run(), (Failures{{fault.counted_as, 1}}));
  }
}

// Its publisher's next one tells, whoever else speaks in between.
CASES_FIXTURE(Fanout, "fan-out: a message lost among those of several publishers is told of") {
  int count = 0;
  room.deliver = [&](Connection& member, const std::string& text) {
    if (text == probe || ++count != 100) room.deliver_well(member, text);
  };
  CHECK_EQ(run(), (Failures{{"a message was lost", 1}}));
}

// One of two members gets the first messages of one publisher behind one of the other's.
CASES_FIXTURE(
    Fanout, "fan-out: members that see different orders are told of where one order is promised") {
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
  CHECK(is_over);
  CHECK_EQ(load.failures(),
           room.host.has_one_order ? (Failures{{"not in the room's order", 1}}) : Failures{});
}

// It went round for ever, filling up a publisher that was gone.
CASES_FIXTURE(Fanout, "fan-out: a publisher closed by the server ends the run") {
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
  CHECK_EQ(run(), (Failures{{"closed by the server", 1}}));
}

}  // namespace
}  // namespace switchboard::load
