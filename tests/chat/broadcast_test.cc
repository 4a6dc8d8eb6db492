// Broadcasts in which those who are told go: over their limit in the middle of one, closed by
// another's leave, all at once. With outlets that say so at the end of the turn, as connections do.
#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "chat/people.hpp"
#include "support/testing.hpp"

namespace switchboard::chat::test {
namespace {

class Broadcast : public CoreTest {
 protected:
  // The end of a turn: whoever was closed in it quits, which may close more. Gives their names in
  // the order of their going.
  std::vector<std::string> end_turn() {
    std::vector<std::string> gone;
    for (bool any = true; any;) {
      any = false;
      for (auto& [name, guest] : guests) {
        if (!guest.is_closed || !guest.person.is_here()) continue;
        gone.push_back(guest.person.name());
        chat.quit(guest.person, "");
        any = true;
      }
    }
    chat.trim();
    return gone;
  }
  void fill(const std::string& name, std::size_t room_bytes = 0) {
    guest(name).most_bytes = guest(name).unsent_bytes + room_bytes;
  }
};

struct OverflowRow {
  const char* what;
  std::vector<std::string> full;  // those whose next byte is too much
  void (*act)(Chat& chat, CoreTest& test);
  std::string line;  // what the others hear of it
};

Person& person(Chat& chat, const char* name) {
  return *chat.find_person(name);
}

const std::vector<OverflowRow> overflow_rows{
    {"the first is over its limit",
     {"b"},
     [](Chat& chat, CoreTest&) { chat.say(person(chat, "a"), *chat.find_room("tea"), "hi"); },
     ".a says in tea: hi\n"},
    {"the middle one is over its limit",
     {"d"},
     [](Chat& chat, CoreTest&) { chat.say(person(chat, "a"), *chat.find_room("tea"), "hi"); },
     ".a says in tea: hi\n"},
    {"the last is over its limit",
     {"g"},
     [](Chat& chat, CoreTest&) { chat.say(person(chat, "a"), *chat.find_room("tea"), "hi"); },
     ".a says in tea: hi\n"},
    {"all but one are",
     {"b", "c", "d", "e", "f"},
     [](Chat& chat, CoreTest&) { chat.say(person(chat, "a"), *chat.find_room("tea"), "hi"); },
     ".a says in tea: hi\n"},
    {"somebody's leave closes another",
     {"d"},
     [](Chat& chat, CoreTest&) { chat.leave(person(chat, "a"), *chat.find_room("tea"), ""); },
     ".a leaves in tea\n"},
    {"somebody's quit closes another",
     {"d"},
     [](Chat& chat, CoreTest&) { chat.quit(person(chat, "a"), "bye"); },
     ".a quits: bye\n"},
    {"somebody's quit closes many",
     {"b", "c", "e", "g"},
     [](Chat& chat, CoreTest&) { chat.quit(person(chat, "a"), "bye"); },
     ".a quits: bye\n"},
    {"another name closes another",
     {"d"},
     [](Chat& chat, CoreTest&) { chat.rename(person(chat, "a"), "z"); },
     ".z was: a\n"},
    {"a topic closes another",
     {"d"},
     [](Chat& chat, CoreTest&) { chat.retitle(person(chat, "a"), *chat.find_room("tea"), "x"); },
     ".a titles in tea: x\n"},
};

TEST_CASE_FIXTURE(Broadcast,
                  "broadcast: a member over its limit is gone, and the others miss nothing") {
  for (const OverflowRow& row : overflow_rows) {
    INFO(row.what);
    for (const char* name : {"a", "b", "c", "d", "e", "f", "g"}) enter(name, {"tea", "coffee"});
    take_all();
    for (const std::string& name : row.full) fill(name);
    row.act(chat, *this);
    CHECK_EQ(end_turn(), row.full);
    for (auto& entry : guests) {
      const std::string& name = entry.first;
      if (name == "a" || entry.second.is_closed) continue;
      std::string expected = row.line;
      for (const std::string& gone : row.full) expected += "." + gone + " quits\n";
      CHECK_MESSAGE(entry.second.take() == expected, name);
    }
    for (auto& [name, guest] : guests) chat.dismiss(guest.person);
    CHECK_EQ(chat.people() + chat.rooms(), 0U);
    guests.clear();
  }
}

// Each has room for what it hears before its own neighbour goes, and no more.
TEST_CASE_FIXTURE(Broadcast, "broadcast: one leave after another closes the next") {
  const std::string names = "abcdefgh";
  for (const char name : names) enter({name}, {"tea"});
  take_all();
  constexpr std::size_t line_bytes = std::string_view{".a quits\n"}.size();
  for (std::size_t i = 1; i < names.size(); ++i) fill({names[i]}, (i - 1) * line_bytes);
  chat.quit(guest("a").person, "");
  std::vector<std::string> expected;
  for (const char name : names.substr(1)) expected.push_back({name});
  CHECK_EQ(end_turn(), expected);
  CHECK_EQ(chat.people() + chat.rooms(), 0U);
}

struct ExodusRow {
  const char* what;
  void (*go)(Chat& chat, Person& person);
};
constexpr ExodusRow exodus_rows[] = {
    {"leaving each room",
     [](Chat& chat, Person& person) {
       while (!person.rooms().empty()) chat.leave(person, *person.rooms().front(), "");
     }},
    {"leaving each room, the last one first",
     [](Chat& chat, Person& person) {
       while (!person.rooms().empty()) chat.leave(person, *person.rooms().back(), "");
     }},
    {"quitting", [](Chat& chat, Person& person) { chat.quit(person, ""); }},
    {"being dismissed", [](Chat& chat, Person& person) { chat.dismiss(person); }},
};

TEST_CASE_FIXTURE(Broadcast, "broadcast: everybody goes at once") {
  for (const ExodusRow& row : exodus_rows) {
    for (const bool backwards : {false, true}) {
      INFO((std::string{row.what} + (backwards ? ", backwards" : "")));
      std::vector<Guest*> order;
      for (int i = 0; i < 50; ++i) {
        order.push_back(&enter("g" + std::to_string(i), {"all", "r" + std::to_string(i % 7)}));
        if (i % 5 == 0) order.back()->most_bytes = 300;
      }
      if (backwards) std::ranges::reverse(order);
      for (Guest* each : order) row.go(chat, each->person);
      CHECK_EQ(chat.rooms(), 0U);
      end_turn();
      for (Guest* each : order) chat.quit(each->person, "");
      CHECK_EQ(chat.people(), 0U);
      guests.clear();
    }
  }
}

// --- A thousand random acts, each foretold by a model that knows nothing but sets of names.

class Model {
 public:
  void enter(const std::string& who) { rooms_of_[who]; }
  std::set<std::string> hearers(const std::string& who, const std::string& room) const {
    std::set<std::string> all;
    for (const auto& [other, rooms] : rooms_of_) {
      if (other != who && rooms.contains(room)) all.insert(other);
    }
    return all;
  }
  std::set<std::string> neighbours(const std::string& who) const {
    std::set<std::string> all;
    for (const std::string& room : rooms_of_.at(who)) all.merge(hearers(who, room));
    return all;
  }
  std::map<std::string, std::set<std::string>>& rooms_of() noexcept { return rooms_of_; }
  std::size_t rooms() const {
    std::set<std::string> all;
    for (const auto& [who, rooms] : rooms_of_) all.insert(rooms.begin(), rooms.end());
    return all.size();
  }

 private:
  std::map<std::string, std::set<std::string>> rooms_of_;
};

class RandomActs : public Broadcast {
 protected:
  static auto rows() {
    std::vector<unsigned> seeds(20);
    std::iota(seeds.begin(), seeds.end(), 1U);
    return seeds;
  }
  explicit RandomActs(unsigned seed) : random(seed) {}

  std::size_t below(std::size_t end) { return random() % end; }

  void expect(const std::set<std::string>& names, const std::string& line) {
    for (const std::string& name : names) expected[name] += line;
  }

  void go(const std::string& who) {
    expect(model.neighbours(who), "." + who + " quits\n");
    model.rooms_of().erase(who);
  }

  void act() {
    const auto chosen = std::next(model.rooms_of().begin(),
                                  static_cast<std::ptrdiff_t>(below(model.rooms_of().size())));
    const std::string who = chosen->first;
    const std::set<std::string>& rooms = chosen->second;
    Person& person = guest(owner.at(who)).person;
    const std::string name = "r" + std::to_string(below(6));
    Room* room = chat.find_room(name);
    switch (below(8)) {
      case 0:
      case 1:
        if (!rooms.contains(name))
          expect(model.hearers(who, name), "." + who + " joins in " + name + "\n");
        REQUIRE_EQ(chat.join(person, name), Refusal::none);
        model.rooms_of()[who].insert(name);
        return;
      case 2:
        if (room == nullptr) return;
        if (rooms.contains(name)) {
          expect(model.hearers(who, name), "." + who + " leaves in " + name + "\n");
        }
        REQUIRE_EQ(chat.leave(person, *room, "") == Refusal::none, rooms.contains(name));
        model.rooms_of()[who].erase(name);
        return;
      case 3:
        return rename(who, person);
      case 4:
        if (below(4) != 0) return;
        go(who);
        chat.quit(person, "");
        return;
      default:
        if (room == nullptr) return;
        if (rooms.contains(name)) {
          expect(model.hearers(who, name),
                 "." + who + " says in " + name + ": " + std::to_string(said) + "\n");
        }
        REQUIRE_EQ(chat.say(person, *room, std::to_string(said++)) == Refusal::none,
                   rooms.contains(name));
    }
  }

  void rename(const std::string& who, Person& person) {
    const std::string fresh = "n" + std::to_string(++named);
    expect(model.neighbours(who), "." + fresh + " was: " + who + "\n");
    REQUIRE_EQ(chat.rename(person, fresh), Refusal::none);
    auto node = model.rooms_of().extract(who);
    node.key() = fresh;
    model.rooms_of().insert(std::move(node));
    auto key = owner.extract(who);
    key.key() = fresh;
    owner.insert(std::move(key));
    auto lines = expected.extract(who);
    if (!lines.empty()) {
      lines.key() = fresh;
      expected.insert(std::move(lines));
    }
  }

  void come() {
    const std::string who = "n" + std::to_string(++named);
    Guest& fresh = enter(who);
    owner[who] = who;
    if (below(4) == 0) fresh.most_bytes = below(2000);
    model.enter(who);
  }

  // Whoever was closed goes; each of those who are left has heard what was foretold.
  void look_around() {
    for (bool any = true; any;) {
      any = false;
      for (auto& [key, guest] : guests) {
        if (!guest.is_closed || !guest.person.is_here()) continue;
        go(guest.person.name());
        chat.quit(guest.person, "");
        any = true;
      }
    }
    for (const auto& entry : model.rooms_of()) {
      const std::string& who = entry.first;
      Guest& each = guest(owner.at(who));
      REQUIRE_MESSAGE(each.take() == std::exchange(expected[who], {}), who);
      if (below(3) == 0) each.catch_up();
      std::set<std::string> in;
      for (const Room* room : each.person.rooms()) in.insert(room->name());
      REQUIRE_MESSAGE(in == entry.second, who);
    }
    REQUIRE_EQ(chat.people(), model.rooms_of().size());
    REQUIRE_EQ(chat.rooms(), model.rooms());
  }

  std::mt19937 random;
  Model model;
  std::map<std::string, std::string> owner;  // the guest of each name
  std::map<std::string, std::string> expected;
  unsigned named = 0;
  unsigned said = 0;
};

CASES_FIXTURE(RandomActs,
              "broadcast: random acts are heard by exactly those who should hear them") {
  for (int turn = 0; turn < 1000; ++turn) {
    while (model.rooms_of().size() < 12) come();
    for (std::size_t acts = below(4); acts > 0 && model.rooms_of().size() > 1; --acts) act();
    look_around();
  }
}

}  // namespace
}  // namespace switchboard::chat::test
