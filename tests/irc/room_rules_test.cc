// What the chat's core grants and refuses, whatever dialect somebody speaks.
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "chat/chat.hpp"
#include "chat/mask.hpp"
#include "support/testing.hpp"

namespace switchboard::chat {
namespace {

using test::Texts;

// "kind who room to text", as far as there is one.
class TestForm final : public Form {
 public:
  void encode(const Event& event, std::string& out) const override {
    static const std::map<Event::Kind, std::string> names{
        {Event::Kind::said, "said"},          {Event::Kind::acted, "acted"},
        {Event::Kind::told, "told"},          {Event::Kind::noticed, "noticed"},
        {Event::Kind::tagged, "tagged"},      {Event::Kind::joined, "joined"},
        {Event::Kind::left, "left"},          {Event::Kind::quit, "quit"},
        {Event::Kind::renamed, "renamed"},    {Event::Kind::retitled, "retitled"},
        {Event::Kind::kicked, "kicked"},      {Event::Kind::ruled, "ruled"},
        {Event::Kind::invited, "invited"},    {Event::Kind::inviting, "inviting"},
        {Event::Kind::away, "away"},          {Event::Kind::proved, "proved"},
        {Event::Kind::described, "described"}};
    out = names.at(event.kind) + ' ' + event.who.name();
    if (event.room != nullptr) out += " #" + event.room->name();
    if (event.to != nullptr) out += " @" + event.to->name();
    if (!event.text.empty()) out.append(" ").append(event.text);
  }
};

class Somebody final : public Outlet {
 public:
  Somebody(Chat& of, std::string name, FormId form) : chat(of), person(*this, form) {
    CHECK_EQ(chat.enter(person, name), Refusal::none);
  }
  ~Somebody() { chat.dismiss(person); }

  void deliver(const Slice& bytes) override {
    const auto view = bytes.bytes();
    heard.emplace_back(reinterpret_cast<const char*>(view.data()), view.size());
  }
  Texts take() { return std::exchange(heard, {}); }

  Chat& chat;
  Person person;
  Texts heard;
};

class Rooms {
 protected:
  Rooms() {
    profile_.user = "ben_user";
    ben.person.set_profile(&profile_);
    ben.person.set_host("10.0.0.7");
    CHECK_EQ(chat.join(anna.person, "den"), Refusal::none);
  }
  Room& den() { return *chat.find_room("den"); }
  Rules& rules() { return chat.change_rules(den()); }
  Refusal join(Somebody& who, std::string_view key = {}) {
    return chat.join(who.person, "den", key);
  }
  Refusal say(Somebody& who, std::string_view text = "hello") {
    return chat.say(who.person, den(), {.text = text});
  }
  static ListedMask listed(std::string mask) { return {std::move(mask), "anna", {}}; }

  TestForm form;
  Profile profile_;
  Chat chat{{}, [] { return WallTime{}; }};
  FormId id = chat.add_form(form);
  Somebody anna{chat, "anna", id};
  Somebody ben{chat, "ben", id};
  Somebody cleo{chat, "cleo", id};
};

TEST_CASE_FIXTURE(Rooms, "room: its maker is its operator") {
  CHECK_EQ(den().standing_of(anna.person), is_operator);
  CHECK_EQ(join(ben), Refusal::none);
  CHECK_EQ(den().standing_of(ben.person), of_anybody);
  CHECK_EQ(den().standing_of(cleo.person), of_anybody);
  CHECK_EQ(full_name(ben.person), "ben!ben_user@10.0.0.7");
  CHECK_EQ(full_name(anna.person), "anna!unknown@unknown");
}

TEST_CASE_FIXTURE(Rooms, "room: people keep their standings when others leave") {
  join(ben);
  join(cleo);
  CHECK(chat.set_standing(den(), cleo.person, has_voice));
  chat.leave(anna.person, den(), "");
  CHECK_EQ(den().standing_of(cleo.person), has_voice);
  CHECK_EQ(den().standing_of(ben.person), of_anybody);
  CHECK_FALSE(chat.set_standing(den(), anna.person, has_voice));
  for (std::size_t i = 0; i < den().people().size(); ++i) {
    CHECK_EQ(den().standing_at(i), den().standing_of(*den().people()[i]));
  }
}

struct JoinRow {
  std::string name;
  std::function<void(Rules&, const Person&)> set;
  std::string key;
  Refusal outcome;
};

const auto by_invitation = [](Rules& rules, const Person&) { rules.by_invitation = true; };
const auto banned = [](Rules& rules, const Person&) { rules.bans = {{"*!*@10.0.0.*", "", {}}}; };

const std::vector<JoinRow> join_rows{
    {"no rules", [](Rules&, const Person&) {}, "", Refusal::none},
    {"by invitation", by_invitation, "", Refusal::by_invitation},
    {"by invitation, and invited",
     [](Rules& rules, const Person& who) {
       rules.by_invitation = true;
       rules.invite(who.serial());
     },
     "", Refusal::none},
    {"by invitation, but welcome",
     [](Rules& rules, const Person&) {
       rules.by_invitation = true;
       rules.welcome = {{"ben!*@*", "", {}}};
     },
     "", Refusal::none},
    {"no key", [](Rules& rules, const Person&) { rules.key = "k"; }, "", Refusal::wrong_key},
    {"wrong key", [](Rules& rules, const Person&) { rules.key = "k"; }, "K", Refusal::wrong_key},
    {"right key", [](Rules& rules, const Person&) { rules.key = "k"; }, "k", Refusal::none},
    {"full", [](Rules& rules, const Person&) { rules.most_people = 1; }, "", Refusal::full},
    {"not full", [](Rules& rules, const Person&) { rules.most_people = 2; }, "", Refusal::none},
    {"banned", banned, "", Refusal::banned},
    {"banned but exempt",
     [](Rules& rules, const Person& who) {
       banned(rules, who);
       rules.exemptions = {{"*!ben_user@*", "", {}}};
     },
     "", Refusal::none},
    {"only silenced",
     [](Rules& rules, const Person&) {
       rules.bans = {{"m:ben!*@*", "", {}}};
     },
     "", Refusal::none},
    {"banned but invited",
     [](Rules& rules, const Person& who) {
       banned(rules, who);
       rules.invite(who.serial());
     },
     "", Refusal::none}};

class Joining : public Rooms {
 public:
  explicit Joining(const JoinRow& of) : row(of) {}
  static auto rows() { return join_rows; }

  const JoinRow& row;
};

CASES_FIXTURE(Joining, "room: joining follows the rules") {
  row.set(rules(), ben.person);
  CHECK_EQ(join(ben, row.key), row.outcome);
}

TEST_CASE_FIXTURE(Rooms, "room: an invitation lets in once") {
  rules().by_invitation = true;
  CHECK_EQ(chat.invite(anna.person, ben.person, den()), Refusal::none);
  CHECK_EQ(ben.take(), Texts{"invited anna #den @ben"});
  CHECK_EQ(join(ben), Refusal::none);
  chat.leave(ben.person, den(), "");
  CHECK_EQ(join(ben), Refusal::by_invitation);
}

TEST_CASE_FIXTURE(Rooms,
                  "room: an invitation is not for somebody who takes the name of the invited") {
  rules().by_invitation = true;
  chat.invite(anna.person, ben.person, den());
  chat.rename(ben.person, "benjamin");
  chat.rename(cleo.person, "ben");
  CHECK_EQ(join(cleo), Refusal::by_invitation);
  CHECK_EQ(join(ben), Refusal::none);
}

// The banned had only to know somebody inside.
TEST_CASE_FIXTURE(Rooms, "room: a plain member's invitation does not let in the banned") {
  rules().bans.push_back(listed("ben!*@*"));
  rules().key = "sesame";
  CHECK_EQ(join(cleo, "sesame"), Refusal::none);
  CHECK_EQ(chat.invite(cleo.person, ben.person, den()), Refusal::none);
  CHECK_EQ(join(ben, "sesame"), Refusal::banned);
  CHECK_EQ(chat.invite(anna.person, ben.person, den()), Refusal::none);
  INFO("an operator's invitation opens every door");
  CHECK_EQ(join(ben), Refusal::none);
}

// A hundred invitations of a member's made room by way of those of the operator.
TEST_CASE_FIXTURE(Rooms, "room: an operator's invitations outlive a member's hundred") {
  join(cleo);
  chat.invite(anna.person, ben.person, den());
  for (std::size_t i = 0; i < Rules::most_invited; ++i) {
    Somebody friends{chat, "friend", id};
    CHECK_EQ(chat.invite(cleo.person, friends.person, den()), Refusal::none);
  }
  rules().by_invitation = true;
  CHECK_EQ(join(ben), Refusal::none);
}

struct SayRow {
  std::string name;
  std::function<void(Rules&)> set;
  bool is_in;
  Standing standing;
  std::string text;
  Refusal outcome;
};

const auto nothing = [](Rules&) {};
const auto moderated = [](Rules& rules) { rules.is_moderated = true; };
const auto silenced = [](Rules& rules) { rules.bans = {{"m:ben!*@*", "", {}}}; };

const std::vector<SayRow> say_rows{
    {"inside", nothing, true, 0, "hello", Refusal::none},
    {"outside", nothing, false, 0, "hello", Refusal::not_there},
    {"outside, where that is allowed", [](Rules& rules) { rules.refuses_outsiders = false; }, false,
     0, "hello", Refusal::none},
    {"moderated", moderated, true, 0, "hello", Refusal::not_heard},
    {"moderated, with voice", moderated, true, has_voice, "hello", Refusal::none},
    {"moderated, as an operator", moderated, true, is_operator, "hello", Refusal::none},
    {"moderated, from outside",
     [](Rules& rules) {
       rules.is_moderated = true;
       rules.refuses_outsiders = false;
     },
     false, 0, "hello", Refusal::not_heard},
    {"silenced", silenced, true, 0, "hello", Refusal::not_heard},
    {"silenced, with voice", silenced, true, has_voice, "hello", Refusal::none},
    {"banned, within",
     [](Rules& rules) {
       rules.bans = {{"*!*@10.*", "", {}}};
     },
     true, 0, "hello", Refusal::not_heard},
    {"a request where there are none", [](Rules& rules) { rules.refuses_requests = true; }, true, 0,
     "\x01VERSION\x01", Refusal::no_requests},
    {"an action where there are no requests", [](Rules& rules) { rules.refuses_requests = true; },
     true, 0,
     "\x01"
     "ACTION waves\x01",
     Refusal::none}};

class Saying : public Rooms {
 public:
  explicit Saying(const SayRow& of) : row(of) {}
  static auto rows() { return say_rows; }

  const SayRow& row;
};

CASES_FIXTURE(Saying, "room: saying follows the rules") {
  if (row.is_in) {
    join(ben);
    chat.set_standing(den(), ben.person, row.standing);
  }
  row.set(rules());
  CHECK_EQ(say(ben, row.text), row.outcome);
}

TEST_CASE_FIXTURE(Rooms, "room: a locked topic is set by operators alone") {
  join(ben);
  CHECK_EQ(chat.retitle(ben.person, den(), "by ben"), Refusal::none);
  CHECK_EQ(den().topic_by(), "ben");
  rules().topic_is_locked = true;
  CHECK_EQ(chat.retitle(ben.person, den(), "again"), Refusal::not_operator);
  CHECK_EQ(chat.retitle(anna.person, den(), "by anna"), Refusal::none);
  CHECK_EQ(den().topic(), "by anna");
}

TEST_CASE_FIXTURE(Rooms, "room: a kicked member has left") {
  join(ben);
  join(cleo);
  for (Somebody* each : {&anna, &ben, &cleo}) each->take();
  CHECK_EQ(chat.kick(ben.person, anna.person, den(), ""), Refusal::not_operator);
  CHECK_EQ(chat.kick(anna.person, ben.person, den(), "why"), Refusal::none);
  CHECK_EQ(ben.take(), Texts{"kicked anna #den @ben why"});
  CHECK_EQ(cleo.take(), Texts{"kicked anna #den @ben why"});
  CHECK_EQ(anna.take(), Texts{});
  CHECK_FALSE(ben.person.is_in(den()));
  CHECK_EQ(chat.kick(anna.person, ben.person, den(), ""), Refusal::other_not_there);
  CHECK_EQ(chat.kick(ben.person, anna.person, den(), ""), Refusal::not_there);
}

TEST_CASE_FIXTURE(Rooms, "room: it is gone when the last member has kicked themselves") {
  CHECK_EQ(chat.kick(anna.person, anna.person, den(), ""), Refusal::none);
  CHECK_EQ(chat.find_room("den"), nullptr);
}

TEST_CASE_FIXTURE(Rooms, "room: words for some are told to those alone") {
  join(ben);
  join(cleo);
  chat.set_standing(den(), cleo.person, has_voice);
  for (Somebody* each : {&anna, &ben, &cleo}) each->take();
  chat.say(ben.person, den(), {.text = "psst", .only = is_operator | has_voice});
  CHECK_EQ(anna.take(), Texts{"said ben #den psst"});
  CHECK_EQ(cleo.take(), Texts{"said ben #den psst"});
  chat.say(cleo.person, den(), {.text = "hm", .only = is_operator});
  CHECK_EQ(anna.take(), Texts{"said cleo #den hm"});
  CHECK_EQ(ben.take(), Texts{});
}

TEST_CASE_FIXTURE(Rooms, "room: people hear of their own deeds if they want to") {
  ben.person.hear_own(true, false);
  join(ben);
  CHECK_EQ(ben.take(), Texts{"joined ben #den"});
  say(ben);
  CHECK_EQ(ben.take(), Texts{});
  ben.person.hear_own(true, true);
  say(ben);
  chat.tell(ben.person, anna.person, "hi");
  CHECK_EQ(ben.take(), Texts{"said ben #den hello", "told ben @anna hi"});
  chat.rename(ben.person, "bert");
  chat.announce_rules(ben.person, den(), "+m");
  chat.leave(ben.person, den(), "");
  CHECK_EQ(ben.take(), Texts{"renamed bert ben", "ruled bert #den +m", "left bert #den"});
  chat.rename(ben.person, "ben");
  CHECK_EQ(ben.take(), Texts{"renamed ben bert"});
}

TEST_CASE_FIXTURE(Rooms, "room: news are told once, however many rooms are shared") {
  join(ben);
  chat.join(anna.person, "attic");
  chat.join(ben.person, "attic");
  for (Somebody* each : {&anna, &ben}) each->take();
  chat.announce_news(ben.person, Event::Kind::away, "lunch", false);
  CHECK_EQ(anna.take(), Texts{"away ben lunch"});
  CHECK_EQ(ben.take(), Texts{});
}

TEST_CASE_FIXTURE(Rooms, "room: all can be walked through while some come and go") {
  for (const char* name : {"a", "b", "c"}) chat.join(anna.person, name);
  const Room* first = chat.room_after(0);
  REQUIRE_NE(first, nullptr);
  CHECK_EQ(first->name(), "den");
  const std::uint64_t at = first->serial();
  chat.leave(anna.person, *chat.find_room("a"), "");
  const Room* next = chat.room_after(at);
  REQUIRE_NE(next, nullptr);
  CHECK_EQ(next->name(), "b");
  CHECK_EQ(chat.room_after(chat.find_room("c")->serial()), nullptr);
}

TEST_CASE("room: an observer is told of arrivals, new names and departures") {
  struct Note final : Observer {
    void on_entered(const Person& person) override { notes.push_back("+" + person.name()); }
    void on_renamed(const Person& person, std::string_view before) override {
      notes.push_back(std::string{before} + ">" + person.name());
    }
    void on_quit(const Person& person) override { notes.push_back("-" + person.name()); }
    Texts notes;
  } note;
  TestForm form;
  Chat chat{{}, [] { return WallTime{}; }};
  const FormId id = chat.add_form(form);
  chat.set_observer(&note);
  Somebody anna{chat, "anna", id};
  chat.rename(anna.person, "Anna");
  chat.quit(anna.person, "");
  CHECK_EQ(note.notes, Texts{"+anna", "anna>Anna", "-Anna"});
}

}  // namespace
}  // namespace switchboard::chat
