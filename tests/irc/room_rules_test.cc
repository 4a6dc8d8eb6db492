// What the chat's core grants and refuses, whatever dialect somebody speaks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "chat/chat.hpp"
#include "chat/mask.hpp"

namespace switchboard::chat {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

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
    EXPECT_EQ(chat.enter(person, name), Refusal::none);
  }
  ~Somebody() { chat.dismiss(person); }

  void deliver(const Slice& bytes) override {
    const auto view = bytes.bytes();
    heard.emplace_back(reinterpret_cast<const char*>(view.data()), view.size());
  }
  std::vector<std::string> take() { return std::exchange(heard, {}); }

  Chat& chat;
  Person person;
  std::vector<std::string> heard;
};

class Rooms : public testing::Test {
 protected:
  Rooms() {
    profile_.user = "ben_user";
    ben.person.set_profile(&profile_);
    ben.person.set_host("10.0.0.7");
    EXPECT_EQ(chat.join(anna.person, "den"), Refusal::none);
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

TEST_F(Rooms, are_ruled_by_who_has_made_them) {
  EXPECT_EQ(den().standing_of(anna.person), is_operator);
  EXPECT_EQ(join(ben), Refusal::none);
  EXPECT_EQ(den().standing_of(ben.person), of_anybody);
  EXPECT_EQ(den().standing_of(cleo.person), of_anybody);
  EXPECT_EQ(full_name(ben.person), "ben!ben_user@10.0.0.7");
  EXPECT_EQ(full_name(anna.person), "anna!unknown@unknown");
}

TEST_F(Rooms, keep_standings_with_their_people_when_others_leave) {
  join(ben);
  join(cleo);
  EXPECT_TRUE(chat.set_standing(den(), cleo.person, has_voice));
  chat.leave(anna.person, den(), "");
  EXPECT_EQ(den().standing_of(cleo.person), has_voice);
  EXPECT_EQ(den().standing_of(ben.person), of_anybody);
  EXPECT_FALSE(chat.set_standing(den(), anna.person, has_voice));
  for (std::size_t i = 0; i < den().people().size(); ++i) {
    EXPECT_EQ(den().standing_at(i), den().standing_of(*den().people()[i]));
  }
}

struct JoinRow {
  const char* name;
  std::function<void(Rules&, const Person&)> set;
  std::string key;
  Refusal outcome;
};
void PrintTo(const JoinRow& row, std::ostream* out) {
  *out << row.name;
}

class Joining : public Rooms, public testing::WithParamInterface<JoinRow> {};

TEST_P(Joining, follows_the_rules) {
  GetParam().set(rules(), ben.person);
  EXPECT_EQ(join(ben, GetParam().key), GetParam().outcome);
}

const auto by_invitation = [](Rules& rules, const Person&) { rules.by_invitation = true; };
const auto banned = [](Rules& rules, const Person&) { rules.bans = {{"*!*@10.0.0.*", "", {}}}; };

INSTANTIATE_TEST_SUITE_P(
    Rules, Joining,
    testing::Values(JoinRow{"no_rules", [](Rules&, const Person&) {}, "", Refusal::none},
                    JoinRow{"by_invitation", by_invitation, "", Refusal::by_invitation},
                    JoinRow{"invited",
                            [](Rules& rules, const Person& who) {
                              rules.by_invitation = true;
                              rules.invite(who.serial());
                            },
                            "", Refusal::none},
                    JoinRow{"welcome",
                            [](Rules& rules, const Person&) {
                              rules.by_invitation = true;
                              rules.welcome = {{"ben!*@*", "", {}}};
                            },
                            "", Refusal::none},
                    JoinRow{"no_key", [](Rules& rules, const Person&) { rules.key = "k"; }, "",
                            Refusal::wrong_key},
                    JoinRow{"wrong_key", [](Rules& rules, const Person&) { rules.key = "k"; }, "K",
                            Refusal::wrong_key},
                    JoinRow{"right_key", [](Rules& rules, const Person&) { rules.key = "k"; }, "k",
                            Refusal::none},
                    JoinRow{"full", [](Rules& rules, const Person&) { rules.most_people = 1; }, "",
                            Refusal::full},
                    JoinRow{"not_full", [](Rules& rules, const Person&) { rules.most_people = 2; },
                            "", Refusal::none},
                    JoinRow{"banned", banned, "", Refusal::banned},
                    JoinRow{"exempt",
                            [](Rules& rules, const Person& who) {
                              banned(rules, who);
                              rules.exemptions = {{"*!ben_user@*", "", {}}};
                            },
                            "", Refusal::none},
                    JoinRow{"only_silenced",
                            [](Rules& rules, const Person&) {
                              rules.bans = {{"m:ben!*@*", "", {}}};
                            },
                            "", Refusal::none},
                    JoinRow{"banned_but_invited",
                            [](Rules& rules, const Person& who) {
                              banned(rules, who);
                              rules.invite(who.serial());
                            },
                            "", Refusal::none}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST_F(Rooms, are_entered_once_for_one_invitation) {
  rules().by_invitation = true;
  EXPECT_EQ(chat.invite(anna.person, ben.person, den()), Refusal::none);
  EXPECT_THAT(ben.take(), ElementsAre("invited anna #den @ben"));
  EXPECT_EQ(join(ben), Refusal::none);
  chat.leave(ben.person, den(), "");
  EXPECT_EQ(join(ben), Refusal::by_invitation);
}

TEST_F(Rooms, are_not_entered_by_who_takes_the_name_of_somebody_invited) {
  rules().by_invitation = true;
  chat.invite(anna.person, ben.person, den());
  chat.rename(ben.person, "benjamin");
  chat.rename(cleo.person, "ben");
  EXPECT_EQ(join(cleo), Refusal::by_invitation);
  EXPECT_EQ(join(ben), Refusal::none);
}

// The banned had only to know somebody inside.
TEST_F(Rooms, are_closed_to_the_banned_whatever_a_plain_member_says) {
  rules().bans.push_back(listed("ben!*@*"));
  rules().key = "sesame";
  EXPECT_EQ(join(cleo, "sesame"), Refusal::none);
  EXPECT_EQ(chat.invite(cleo.person, ben.person, den()), Refusal::none);
  EXPECT_EQ(join(ben, "sesame"), Refusal::banned);
  EXPECT_EQ(chat.invite(anna.person, ben.person, den()), Refusal::none);
  EXPECT_EQ(join(ben), Refusal::none) << "an operator's invitation opens every door";
}

// A hundred invitations of a member's made room by way of those of the operator.
TEST_F(Rooms, keep_the_invitations_of_their_operators_whoever_else_invites) {
  join(cleo);
  chat.invite(anna.person, ben.person, den());
  for (std::size_t i = 0; i < Rules::most_invited; ++i) {
    Somebody friends{chat, "friend", id};
    EXPECT_EQ(chat.invite(cleo.person, friends.person, den()), Refusal::none);
  }
  rules().by_invitation = true;
  EXPECT_EQ(join(ben), Refusal::none);
}

struct SayRow {
  const char* name;
  std::function<void(Rules&)> set;
  bool is_in;
  Standing standing;
  std::string text;
  Refusal outcome;
};
void PrintTo(const SayRow& row, std::ostream* out) {
  *out << row.name;
}

class Saying : public Rooms, public testing::WithParamInterface<SayRow> {};

TEST_P(Saying, follows_the_rules) {
  const SayRow& row = GetParam();
  if (row.is_in) {
    join(ben);
    chat.set_standing(den(), ben.person, row.standing);
  }
  row.set(rules());
  EXPECT_EQ(say(ben, row.text), row.outcome);
}

const auto nothing = [](Rules&) {};
const auto moderated = [](Rules& rules) { rules.is_moderated = true; };
const auto silenced = [](Rules& rules) { rules.bans = {{"m:ben!*@*", "", {}}}; };

INSTANTIATE_TEST_SUITE_P(
    Rules, Saying,
    testing::Values(
        SayRow{"inside", nothing, true, 0, "hello", Refusal::none},
        SayRow{"outside", nothing, false, 0, "hello", Refusal::not_there},
        SayRow{"outside_where_it_may_be", [](Rules& rules) { rules.refuses_outsiders = false; },
               false, 0, "hello", Refusal::none},
        SayRow{"moderated", moderated, true, 0, "hello", Refusal::not_heard},
        SayRow{"moderated_with_voice", moderated, true, has_voice, "hello", Refusal::none},
        SayRow{"moderated_as_operator", moderated, true, is_operator, "hello", Refusal::none},
        SayRow{"moderated_from_outside",
               [](Rules& rules) {
                 rules.is_moderated = true;
                 rules.refuses_outsiders = false;
               },
               false, 0, "hello", Refusal::not_heard},
        SayRow{"silenced", silenced, true, 0, "hello", Refusal::not_heard},
        SayRow{"silenced_with_voice", silenced, true, has_voice, "hello", Refusal::none},
        SayRow{"banned_within",
               [](Rules& rules) {
                 rules.bans = {{"*!*@10.*", "", {}}};
               },
               true, 0, "hello", Refusal::not_heard},
        SayRow{"no_requests", [](Rules& rules) { rules.refuses_requests = true; }, true, 0,
               "\x01VERSION\x01", Refusal::no_requests},
        SayRow{"actions_are_no_requests", [](Rules& rules) { rules.refuses_requests = true; }, true,
               0,
               "\x01"
               "ACTION waves\x01",
               Refusal::none}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST_F(Rooms, have_topics_that_only_operators_set_where_they_are_locked) {
  join(ben);
  EXPECT_EQ(chat.retitle(ben.person, den(), "by ben"), Refusal::none);
  EXPECT_EQ(den().topic_by(), "ben");
  rules().topic_is_locked = true;
  EXPECT_EQ(chat.retitle(ben.person, den(), "again"), Refusal::not_operator);
  EXPECT_EQ(chat.retitle(anna.person, den(), "by anna"), Refusal::none);
  EXPECT_EQ(den().topic(), "by anna");
}

TEST_F(Rooms, are_left_by_who_is_kicked) {
  join(ben);
  join(cleo);
  for (Somebody* each : {&anna, &ben, &cleo}) each->take();
  EXPECT_EQ(chat.kick(ben.person, anna.person, den(), ""), Refusal::not_operator);
  EXPECT_EQ(chat.kick(anna.person, ben.person, den(), "why"), Refusal::none);
  EXPECT_THAT(ben.take(), ElementsAre("kicked anna #den @ben why"));
  EXPECT_THAT(cleo.take(), ElementsAre("kicked anna #den @ben why"));
  EXPECT_THAT(anna.take(), IsEmpty());
  EXPECT_FALSE(ben.person.is_in(den()));
  EXPECT_EQ(chat.kick(anna.person, ben.person, den(), ""), Refusal::other_not_there);
  EXPECT_EQ(chat.kick(ben.person, anna.person, den(), ""), Refusal::not_there);
}

TEST_F(Rooms, are_gone_when_the_last_has_shown_themselves_out) {
  EXPECT_EQ(chat.kick(anna.person, anna.person, den(), ""), Refusal::none);
  EXPECT_EQ(chat.find_room("den"), nullptr);
}

TEST_F(Rooms, tell_of_words_for_some_only_those) {
  join(ben);
  join(cleo);
  chat.set_standing(den(), cleo.person, has_voice);
  for (Somebody* each : {&anna, &ben, &cleo}) each->take();
  chat.say(ben.person, den(), {.text = "psst", .only = is_operator | has_voice});
  EXPECT_THAT(anna.take(), ElementsAre("said ben #den psst"));
  EXPECT_THAT(cleo.take(), ElementsAre("said ben #den psst"));
  chat.say(cleo.person, den(), {.text = "hm", .only = is_operator});
  EXPECT_THAT(anna.take(), ElementsAre("said cleo #den hm"));
  EXPECT_THAT(ben.take(), IsEmpty());
}

TEST_F(Rooms, tell_people_of_what_they_do_themselves_if_they_want_to_hear_it) {
  ben.person.hear_own(true, false);
  join(ben);
  EXPECT_THAT(ben.take(), ElementsAre("joined ben #den"));
  say(ben);
  EXPECT_THAT(ben.take(), IsEmpty());
  ben.person.hear_own(true, true);
  say(ben);
  chat.tell(ben.person, anna.person, "hi");
  EXPECT_THAT(ben.take(), ElementsAre("said ben #den hello", "told ben @anna hi"));
  chat.rename(ben.person, "bert");
  chat.announce_rules(ben.person, den(), "+m");
  chat.leave(ben.person, den(), "");
  EXPECT_THAT(ben.take(), ElementsAre("renamed bert ben", "ruled bert #den +m", "left bert #den"));
  chat.rename(ben.person, "ben");
  EXPECT_THAT(ben.take(), ElementsAre("renamed ben bert"));
}

TEST_F(Rooms, tell_of_news_once_however_many_are_shared) {
  join(ben);
  chat.join(anna.person, "attic");
  chat.join(ben.person, "attic");
  for (Somebody* each : {&anna, &ben}) each->take();
  chat.announce_news(ben.person, Event::Kind::away, "lunch", false);
  EXPECT_THAT(anna.take(), ElementsAre("away ben lunch"));
  EXPECT_THAT(ben.take(), IsEmpty());
}

TEST_F(Rooms, can_be_walked_through_while_others_come_and_go) {
  for (const char* name : {"a", "b", "c"}) chat.join(anna.person, name);
  const Room* first = chat.room_after(0);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->name(), "den");
  const std::uint64_t at = first->serial();
  chat.leave(anna.person, *chat.find_room("a"), "");
  const Room* next = chat.room_after(at);
  ASSERT_NE(next, nullptr);
  EXPECT_EQ(next->name(), "b");
  EXPECT_EQ(chat.room_after(chat.find_room("c")->serial()), nullptr);
}

TEST(Observers, are_told_who_comes_and_goes) {
  struct Note final : Observer {
    void on_entered(const Person& person) override { notes.push_back("+" + person.name()); }
    void on_renamed(const Person& person, std::string_view before) override {
      notes.push_back(std::string{before} + ">" + person.name());
    }
    void on_quit(const Person& person) override { notes.push_back("-" + person.name()); }
    std::vector<std::string> notes;
  } note;
  TestForm form;
  Chat chat{{}, [] { return WallTime{}; }};
  const FormId id = chat.add_form(form);
  chat.set_observer(&note);
  Somebody anna{chat, "anna", id};
  chat.rename(anna.person, "Anna");
  chat.quit(anna.person, "");
  EXPECT_THAT(note.notes, ElementsAre("+anna", "anna>Anna", "-Anna"));
}

}  // namespace
}  // namespace switchboard::chat
