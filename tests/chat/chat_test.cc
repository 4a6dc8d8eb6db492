// The core: names, rooms, and who is told what.
#include "chat/chat.hpp"

#include <set>
#include <string>
#include <vector>

#include "chat/people.hpp"
#include "support/counted_memory.hpp"
#include "support/testing.hpp"

namespace switchboard::chat::test {
namespace {

// --- Names

TEST_CASE_FIXTURE(CoreTest, "chat: a name is refused with the reason") {
  struct Row {
    std::string name;
    Refusal refusal;
  };
  enter("anna");
  for (const Row& row : std::vector<Row>{{"ben", Refusal::none},
                                         {"gr\xC3\xBC\xC3\x9F", Refusal::none},
                                         {std::string(30, 'x'), Refusal::none},
                                         {"", Refusal::empty},
                                         {std::string(31, 'x'), Refusal::too_long},
                                         {"a\xFF", Refusal::not_utf8},
                                         {"a b", Refusal::bad_character},
                                         {"a\tb", Refusal::bad_character},
                                         {"a\x1B", Refusal::bad_character},
                                         {"a\xC2\x9B", Refusal::bad_character},
                                         {"#a", Refusal::bad_character},
                                         {"a@b", Refusal::bad_character},
                                         {"/quit", Refusal::bad_character},
                                         {"a,b", Refusal::bad_character},
                                         {"irc.example.org", Refusal::bad_character},
                                         {"anna", Refusal::taken},
                                         {"ANNA", Refusal::taken}}) {
    INFO(row.name);
    Guest guest;
    CHECK_EQ(chat.enter(guest.person, row.name), row.refusal);
    CHECK_EQ(guest.person.is_here(), row.refusal == Refusal::none);
    CHECK_EQ(guest.person.name(), row.refusal == Refusal::none ? row.name : "");
    chat.quit(guest.person, "");
    CHECK_EQ(chat.people(), 1U);
  }
}

// One with a letter that nobody sees looked like anna's, and one that turns the line around like
// whatever it wanted to.
TEST_CASE_FIXTURE(CoreTest, "chat: a name could look like another's") {
  Person& anna = enter("anna").person;
  for (const char* name : {"anna\xE2\x80\x8B", "an\xC2\xADna", "anna\xC2\xA0",
                           "\xE2\x80\xAE"
                           "anna",
                           "\xEF\xBB\xBF"
                           "anna"}) {
    Guest guest;
    CHECK_MESSAGE(chat.enter(guest.person, name) == Refusal::bad_character, name);
    CHECK_MESSAGE(chat.join(anna, name) == Refusal::bad_character, name);
  }
}

TEST_CASE_FIXTURE(CoreTest, "chat: a name is free again once its holder has gone or has another") {
  enter("anna");
  enter("ben");
  CHECK_EQ(chat.rename(guest("ben").person, "Anna"), Refusal::taken);
  CHECK_EQ(guest("ben").person.name(), "ben");
  CHECK_EQ(chat.rename(guest("anna").person, "Hanna"), Refusal::none);
  CHECK_EQ(chat.find_person("anna"), nullptr);
  CHECK_EQ(chat.find_person("HANNA"), &guest("anna").person);
  CHECK_EQ(chat.rename(guest("ben").person, "Anna"), Refusal::none);
  chat.quit(guest("ben").person, "");
  CHECK_EQ(chat.find_person("anna"), nullptr);
  CHECK_EQ(chat.people(), 1U);
}

TEST_CASE_FIXTURE(CoreTest, "chat: one's own name in another case is not taken") {
  enter("anna", {"lobby"});
  enter("ben", {"lobby"});
  take_all();
  CHECK_EQ(chat.rename(guest("anna").person, "ANNA"), Refusal::none);
  CHECK_EQ(chat.find_person("anna")->name(), "ANNA");
  CHECK_EQ(take_all(), (Heard{{"ben", ".ANNA was: anna\n"}}));
}

TEST_CASE_FIXTURE(CoreTest, "chat: a refused name changes nothing and is told to nobody") {
  enter("anna", {"lobby"});
  enter("ben", {"lobby"});
  take_all();
  CHECK_EQ(chat.rename(guest("anna").person, "a b"), Refusal::bad_character);
  CHECK_EQ(chat.rename(guest("anna").person, ""), Refusal::empty);
  CHECK_EQ(chat.find_person("anna"), &guest("anna").person);
  CHECK_EQ(take_all(), Heard{});
}

// --- Rooms

TEST_CASE_FIXTURE(CoreTest, "chat: a room is made by the first and ends with the last") {
  enter("anna", {"tea"});
  enter("ben", {"TEA"});
  CHECK_EQ(chat.rooms(), 1U);
  CHECK_EQ(room("tea").people().size(), 2U);
  CHECK_EQ(chat.leave(guest("anna").person, room("tea"), ""), Refusal::none);
  CHECK_EQ(chat.rooms(), 1U);
  CHECK_EQ(chat.leave(guest("anna").person, room("tea"), ""), Refusal::not_there);
  chat.quit(guest("ben").person, "");
  CHECK_EQ(chat.rooms(), 0U);
  CHECK_EQ(chat.find_room("tea"), nullptr);
}

// A topic does not outlive its room.
TEST_CASE_FIXTURE(CoreTest, "chat: a room that was empty begins anew") {
  enter("anna", {"tea"});
  CHECK_EQ(chat.retitle(guest("anna").person, room("tea"), "green"), Refusal::none);
  CHECK_EQ(room("tea").topic(), "green");
  chat.leave(guest("anna").person, room("tea"), "");
  chat.join(guest("anna").person, "tea");
  CHECK_EQ(room("tea").topic(), "");
}

TEST_CASE_FIXTURE(CoreTest, "chat: a room that goes in the middle leaves the others whole") {
  enter("anna", {"a", "b", "c", "d"});
  for (const char* gone : {"b", "a", "d"}) {
    chat.leave(guest("anna").person, room(gone), "");
    std::set<std::string> listed;
    chat.for_each_room([&](const Room& each) { listed.insert(each.name()); });
    CHECK_EQ(listed.size(), chat.rooms());
    CHECK_FALSE(listed.contains(gone));
    for (const Room* each : guest("anna").person.rooms()) {
      CHECK_EQ(chat.find_room(each->name()), each);
    }
  }
}

TEST_CASE_FIXTURE(CoreTest, "chat: joining twice changes nothing and is told to nobody") {
  enter("anna", {"tea"});
  enter("ben", {"tea"});
  take_all();
  CHECK_EQ(chat.join(guest("anna").person, "Tea"), Refusal::none);
  CHECK_EQ(take_all(), Heard{});
  CHECK_EQ(room("tea").people().size(), 2U);
}

TEST_CASE("chat: limits are kept") {
  ShortForm form;
  Chat chat{{.room_name_bytes = 5, .topic_bytes = 3, .rooms = 3, .rooms_of_a_person = 2},
            [] { return WallTime{}; }};
  chat.add_form(form);
  Guest anna;
  Guest ben;
  chat.enter(anna.person, "anna");
  chat.enter(ben.person, "ben");
  CHECK_EQ(chat.join(anna.person, ""), Refusal::empty);
  CHECK_EQ(chat.join(anna.person, "longer"), Refusal::too_long);
  CHECK_EQ(chat.join(anna.person, "a b"), Refusal::bad_character);
  CHECK_EQ(chat.join(anna.person, "\xFF"), Refusal::not_utf8);
  CHECK_EQ(chat.rooms(), 0U);
  CHECK_EQ(chat.join(anna.person, "one"), Refusal::none);
  CHECK_EQ(chat.join(anna.person, "two"), Refusal::none);
  CHECK_EQ(chat.join(anna.person, "three"), Refusal::in_too_many_rooms);
  CHECK_MESSAGE(chat.join(anna.person, "one") == Refusal::none, "they are in it already");
  CHECK_EQ(chat.join(ben.person, "three"), Refusal::none);
  CHECK_EQ(chat.join(ben.person, "four"), Refusal::too_many_rooms);
  CHECK_MESSAGE(chat.join(ben.person, "one") == Refusal::none, "which is there");
  CHECK_EQ(chat.retitle(ben.person, *chat.find_room("one"), "four"), Refusal::too_long);
  CHECK_EQ(chat.retitle(ben.person, *chat.find_room("two"), "ok"), Refusal::not_there);
  CHECK_EQ(chat.say(ben.person, *chat.find_room("two"), "hi"), Refusal::not_there);
  chat.dismiss(anna.person);
  chat.dismiss(ben.person);
}

// --- Who is told what

struct ToldRow {
  const char* what;
  void (*act)(Chat& chat, Person& anna);
  std::string heard_in_one;   // by somebody who shares one room
  std::string heard_in_both;  // by somebody who shares two
};

// anna is in tea and coffee.
const std::vector<ToldRow> told_rows{
    {"a word", [](Chat& chat, Person& anna) { chat.say(anna, *chat.find_room("tea"), "hi"); },
     ".anna says in tea: hi\n", ".anna says in tea: hi\n"},
    {"an act",
     [](Chat& chat, Person& anna) {
       chat.say(anna, *chat.find_room("tea"), "waves", Event::Kind::acted);
     },
     ".anna acts in tea: waves\n", ".anna acts in tea: waves\n"},
    {"a word in the other room",
     [](Chat& chat, Person& anna) { chat.say(anna, *chat.find_room("coffee"), "hi"); }, "",
     ".anna says in coffee: hi\n"},
    {"a leave", [](Chat& chat, Person& anna) { chat.leave(anna, *chat.find_room("tea"), "late"); },
     ".anna leaves in tea: late\n", ".anna leaves in tea: late\n"},
    {"a quit", [](Chat& chat, Person& anna) { chat.quit(anna, "bye"); }, ".anna quits: bye\n",
     ".anna quits: bye\n"},
    {"two quits",
     [](Chat& chat, Person& anna) {
       chat.quit(anna, "bye");
       chat.quit(anna, "bye again");
     },
     ".anna quits: bye\n", ".anna quits: bye\n"},
    {"a dismissal", [](Chat& chat, Person& anna) { chat.dismiss(anna); }, "", ""},
    {"another name", [](Chat& chat, Person& anna) { chat.rename(anna, "eva"); }, ".eva was: anna\n",
     ".eva was: anna\n"},
    {"a topic",
     [](Chat& chat, Person& anna) { chat.retitle(anna, *chat.find_room("tea"), "green"); },
     ".anna titles in tea: green\n", ".anna titles in tea: green\n"},
    {"joining a third room", [](Chat& chat, Person& anna) { chat.join(anna, "milk"); }, "",
     ".anna joins in milk\n"},
    {"a leave and a quit",
     [](Chat& chat, Person& anna) {
       chat.leave(anna, *chat.find_room("tea"), "");
       chat.quit(anna, "");
     },
     ".anna leaves in tea\n", ".anna leaves in tea\n.anna quits\n"},
};

TEST_CASE("chat: everybody who shares a room is told once and nobody else") {
  for (const ToldRow& row : told_rows) {
    INFO(row.what);
    ShortForm form;
    Chat chat{{}, [] { return WallTime{}; }};
    chat.add_form(form);
    Guest anna;
    Guest in_one;
    Guest in_both;
    Guest elsewhere;
    Guest nowhere;
    const std::vector<Guest*> all{&anna, &in_one, &in_both, &elsewhere, &nowhere};
    int number = 0;
    for (Guest* guest : all) {
      chat.enter(guest->person, guest == &anna ? "anna" : "guest" + std::to_string(number++));
    }
    for (const char* name : {"tea", "coffee"}) chat.join(anna.person, name);
    chat.join(in_one.person, "tea");
    for (const char* name : {"milk", "coffee", "tea"}) chat.join(in_both.person, name);
    chat.join(elsewhere.person, "water");
    for (Guest* guest : all) guest->take();
    row.act(chat, anna.person);
    CHECK_EQ(in_one.heard, row.heard_in_one);
    CHECK_EQ(in_both.heard, row.heard_in_both);
    CHECK_EQ(anna.heard + elsewhere.heard + nowhere.heard, "");
    for (Guest* guest : all) chat.dismiss(guest->person);
    CHECK_EQ(chat.people() + chat.rooms(), 0U);
  }
}

TEST_CASE_FIXTURE(CoreTest, "chat: a word to one is heard by that one") {
  enter("anna", {"tea"});
  enter("ben", {"tea"});
  enter("cleo", {"tea"});
  take_all();
  chat.tell(guest("anna").person, guest("ben").person, "psst");
  chat.tell(guest("cleo").person, guest("cleo").person, "note to self");
  CHECK_EQ(take_all(), (Heard{{"ben", ".anna tells ben: psst\n"},
                              {"cleo", ".cleo tells cleo: note to self\n"}}));
}

TEST_CASE_FIXTURE(CoreTest, "chat: somebody has joined before their first word") {
  enter("anna", {"tea"});
  enter("ben");
  take_all();
  CHECK_EQ(chat.join(guest("ben").person, "tea"), Refusal::none);
  chat.say(guest("ben").person, room("tea"), "hi");
  CHECK_EQ(guest("anna").take(), ".ben joins in tea\n.ben says in tea: hi\n");
}

TEST_CASE_FIXTURE(CoreTest, "chat: all see the room in one order") {
  enter("anna", {"tea"});
  for (int i = 0; i < 5; ++i) enter("speaker" + std::to_string(i), {"tea"});
  enter("zoe", {"tea"});
  take_all();
  for (int i = 0; i < 100; ++i) {
    Person& speaker = guest("speaker" + std::to_string(i * 7 % 5)).person;
    chat.say(speaker, room("tea"), std::to_string(i));
  }
  const std::string order = guest("anna").take();
  CHECK_EQ(std::count(order.begin(), order.end(), '\n'), 100);
  CHECK_EQ(guest("zoe").take(), order);
}

// --- Forms

TEST_CASE("chat: a message is encoded once for each form that is there") {
  ShortForm unused{"u:"};
  ShortForm plain{"p:"};
  ShortForm silent{""};
  ShortForm other{"o:"};
  Chat chat{{}, [] { return WallTime{}; }};
  for (const ShortForm* each : {&unused, &plain, &silent, &other}) chat.add_form(*each);
  std::vector<std::unique_ptr<Guest>> guests;
  for (int i = 0; i < 30; ++i) {
    guests.push_back(std::make_unique<Guest>(static_cast<FormId>(1 + i % 3)));
    guests.back()->keeps = true;
    chat.enter(guests.back()->person, "g" + std::to_string(i));
    chat.join(guests.back()->person, "tea");
    chat.join(guests.back()->person, "coffee");
  }
  for (auto& guest : guests) {
    guest->take();
    guest->kept.clear();
  }
  const std::size_t before = plain.encoded();
  const std::uint64_t delivered = chat.deliveries();
  chat.say(guests[0]->person, *chat.find_room("tea"), "hi");
  chat.rename(guests[1]->person, "h1");
  CHECK_EQ(unused.encoded(), 0U);
  CHECK_EQ(plain.encoded(), before + 2);
  CHECK_MESSAGE(chat.deliveries() == delivered + 19 + 20 - 1 + 1, "none to those without words");
  CHECK_EQ(guests[3]->heard, "p:g0 says in tea: hi\np:h1 was: g1\n");
  CHECK_EQ(guests[2]->heard, "o:g0 says in tea: hi\no:h1 was: g1\n");
  CHECK_EQ(guests[4]->heard, "");
  // The same bytes, not equal ones.
  for (std::size_t message : {0U, 1U}) {
    CHECK_EQ(guests[3]->kept[message].bytes().data(), guests[6]->kept[message].bytes().data());
    CHECK_EQ(guests[2]->kept[message].bytes().data(), guests[5]->kept[message].bytes().data());
  }
  for (auto& guest : guests) chat.dismiss(guest->person);
}

TEST_CASE("chat: there are at most 256") {
  ShortForm form;
  Chat chat{{}, [] { return WallTime{}; }};
  for (int i = 0; i < 256; ++i) CHECK_EQ(chat.add_form(form), i);
  CHECK_THROWS_AS(chat.add_form(form), std::length_error);
}

// Somebody whose form changes is told in the new one from the next message on.
TEST_CASE_FIXTURE(CoreTest, "chat: a form can be changed") {
  ShortForm loud{"LOUD "};
  const FormId loud_id = chat.add_form(loud);
  enter("anna", {"tea"});
  enter("ben", {"tea"});
  take_all();
  chat.say(guest("anna").person, room("tea"), "one");
  guest("ben").person.set_form(loud_id);
  chat.say(guest("anna").person, room("tea"), "two");
  CHECK_EQ(guest("ben").take(), ".anna says in tea: one\nLOUD anna says in tea: two\n");
}

}  // namespace
}  // namespace switchboard::chat::test
