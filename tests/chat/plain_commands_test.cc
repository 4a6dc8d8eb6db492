// Each command of the plain dialect, what it answers, and what the others hear of it.
#include <list>
#include <string>
#include <vector>

#include "chat/people.hpp"
#include "chat/plain_chat.hpp"
#include "support/testing.hpp"

namespace switchboard::chat::test {
namespace {

using PlainCommands = PlainChat;

struct CommandRow {
  const char* typed;   // by ben, who is in the lobby with anna and cleo
  const char* answer;  // what ben is told
  const char* anna;    // what anna hears, who is in the lobby
};

// One behind the other: each begins where the one before has led.
const std::vector<CommandRow> command_rows{
    {"/who", "-- in lobby: 3\n-- anna cleo ben\n", ""},
    {"/rooms", "-- lobby (3)\n", ""},
    {"/me waves", "", "T * ben waves\n"},
    {"/me", "-- something is missing: /me TEXT\n", ""},
    {"/topic", "-- there is no topic yet; /topic TEXT sets one\n", ""},
    {"/topic tea and cake", "-- the topic is now: tea and cake\n",
     "T -- ben has set the topic: tea and cake\n"},
    {"/rooms", "-- lobby (3): tea and cake\n", ""},
    {"/topic", "-- topic: tea and cake\n", ""},
    {"/msg anna psst, you", "", "T ben to you: psst, you\n"},
    {"/msg anna", "-- something is missing: /msg NAME TEXT\n", ""},
    {"/msg dora hi", "-- nobody here is called dora\n", ""},
    {"/msg  anna hi", "", "T ben to you: hi\n"},
    {"/nick bob", "-- you are bob now\n", "T -- ben is now bob\n"},
    {"/nick Anna", "-- that name will not do: somebody has it already\n", ""},
    {"/nick BOB", "-- you are BOB now\n", "T -- bob is now BOB\n"},
    {"/nick ben", "-- you are ben now\n", "T -- BOB is now ben\n"},
    {"/NICK", "-- something is missing: /nick NAME\n", ""},
    {"/join lobby", "-- you are in lobby already\n", ""},
    {"/join #LOBBY", "-- you are in lobby already\n", ""},
    {"/join", "-- something is missing: /join ROOM [KEY]\n", ""},
    {"/join tea", "-- you are in tea, alone so far\n", "T <- ben has left lobby\n"},
    {"hello tea", "", ""},
    {"/join lobby", "-- you are in lobby with anna, cleo\n-- topic: tea and cake\n",
     "T -> ben has joined lobby\n"},
    {"/rooms", "-- lobby (3): tea and cake\n", ""},
    {"/leave till later", "-- you have left lobby\n", "T <- ben has left lobby (till later)\n"},
    {"anybody?", "-- you are in no room, and nobody heard that; /join lobby takes you back\n", ""},
    {"/who", "-- you are in no room, and nobody heard that; /join lobby takes you back\n", ""},
    {"/topic x", "-- you are in no room, and nobody heard that; /join lobby takes you back\n", ""},
    {"/leave", "-- you are in no room, and nobody heard that; /join lobby takes you back\n", ""},
    {"/msg anna from nowhere", "", "T ben to you: from nowhere\n"},
    {"/join #lobby", "-- you are in lobby with anna, cleo\n-- topic: tea and cake\n",
     "T -> ben has joined lobby\n"},
    {"/frobnicate now",
     "-- there is no /frobnicate; /help lists the commands, and // begins a line that is to begin "
     "with a slash\n",
     ""},
    {"/",
     "-- there is no /; /help lists the commands, and // begins a line that is to begin with "
     "a slash\n",
     ""},
    {"//", "", "T <ben> /\n"},
};

CASES_FIXTURE(PlainCommands, "plain commands: each answers and tells the others") {
  serve();
  Client& anna = enter("anna");
  enter("cleo");
  Client& ben = enter("ben");
  take(anna);
  for (const CommandRow& row : command_rows) {
    INFO(row.typed);
    type(ben, std::string{row.typed} + "\n");
    CHECK_EQ(take(ben), row.answer);
    CHECK_EQ(take(anna), row.anna);
  }
  type(ben, "/help\n");
  const std::string help = take(ben);
  for (const char* name :
       {"join", "leave", "rooms", "who", "msg", "me", "nick", "topic", "help", "quit"}) {
    CHECK_MESSAGE(help.find("-- /" + std::string{name}) != std::string::npos, name);
  }
  type(ben, "/quit so long\n");
  CHECK_EQ(take_up_to(ben, "good-bye"), "-- good-bye\n");
  pump([&] { return ben.ended; });
  CHECK_EQ(take_up_to(anna, "gone"), "T <- ben has gone (so long)\n");
  CHECK_EQ(take(anna), "");
}

CASES_FIXTURE(PlainCommands, "plain commands: commands before the name were taken for names") {
  serve();
  enter("anna");
  Client& ben = connect();
  type(ben, "/help\n");
  CHECK_NE(take_up_to(ben, "Everything else").find("-- /quit [WHY]"), std::string::npos);
  type(ben, "/who\n");
  CHECK_EQ(take_up_to(ben, "name"), "-- your name comes first; please type it\n");
  type(ben, "/nobody\n");
  take_up_to(ben, "there is no /nobody");
  type(ben, "/nick anna\n");
  take_up_to(ben, "somebody has it already");
  take_up_to(ben, "another name");
  type(ben, "/nick ben\n");
  CHECK_EQ(take_up_to(ben, "you are in"),
           "-- hello ben. /help lists the commands.\n-- you are in lobby with anna\n");
  Client& cleo = connect();
  type(cleo, "/quit\n");
  CHECK_EQ(take_up_to(cleo, "good-bye"), "-- welcome. Type a name and press Enter.\n-- good-bye\n");
  pump([&] { return cleo.ended; });
  CHECK_EQ(chat.people(), 2U);
}

CASES_FIXTURE(PlainCommands, "plain commands: a message to somebody away waited for an answer") {
  serve();
  Client& anna = enter("anna");
  Client& ben = enter("ben");
  const Profile lunch{.away = "at lunch"};
  chat.find_person("anna")->set_profile(&lunch);
  type(ben, "/msg ANNA hungry?\n");
  CHECK_EQ(take(ben), "-- anna is away: at lunch\n");
  CHECK_EQ(take_up_to(anna, "hungry"), "T -> ben has joined lobby\nT ben to you: hungry?\n");
  chat.find_person("anna")->set_profile(nullptr);
}

CASES_FIXTURE(PlainCommands, "plain commands: long lists are cut and say so") {
  serve();
  Client& anna = enter("anna");
  std::string talk;
  for (int i = 0; i < 15; ++i) enter("somebody_with_a_name" + std::to_string(i));
  take(anna);
  type(anna, "/who\n");
  const std::string who = take(anna);
  CHECK_MESSAGE(who.starts_with("-- in lobby: 16\n"), who);
  for (int i = 0; i < 15; ++i) {
    CHECK_NE(who.find("somebody_with_a_name" + std::to_string(i)), std::string::npos);
  }
  for (std::size_t from = 0; from < who.size();) {
    const std::size_t end = who.find('\n', from);
    CHECK_MESSAGE(end - from <= 80U, "more than a terminal's line");
    from = end + 1;
  }
  Client& last = connect();
  type(last, "last\n");
  const std::string with = take_up_to(last, "you are in lobby");
  CHECK_MESSAGE(with.find(" and 6 more\n") != std::string::npos, with);
}

// Who asked for a list that was longer than what they may have unread was closed for it.
CASES_FIXTURE(PlainCommands, "plain commands: a list closes nobody who asks for it") {
  serve({},
        {.high_water_bytes = 32 * KiB, .low_water_bytes = 8 * KiB, .output_limit_bytes = 32 * KiB});
  Client& anna = enter("anna");
  std::list<Guest> owners;
  for (int i = 0; i < 100; ++i) {
    Guest& owner = owners.emplace_back();
    chat.enter(owner.person, "somebody_with_a_name" + std::to_string(i));
    const std::string room = "room" + std::to_string(i);
    chat.join(owner.person, room);
    chat.retitle(owner.person, *chat.find_room(room), std::string(390, 't'));
  }
  take(anna);
  type(anna, "/rooms\n");
  const std::string rooms = take(anna);
  CHECK_MESSAGE(rooms.ends_with("-- and others\n"), rooms.size());
  CHECK_MESSAGE(rooms.size() >= 16U * KiB, "as much as there is room for");
  CHECK(ends.empty());
  for (Guest& owner : owners) chat.quit(owner.person, "");
}

CASES_FIXTURE(PlainCommands, "plain commands: a topic that is too long is refused") {
  serve();
  Client& anna = enter("anna");
  type(anna, "/topic " + std::string(391, 'x') + "\n");
  CHECK_EQ(take(anna), "-- that topic is too long; 390 bytes are the most\n");
  type(anna, "/rooms\n");
  CHECK_EQ(take(anna), "-- lobby (1)\n");
}

}  // namespace
}  // namespace switchboard::chat::test
