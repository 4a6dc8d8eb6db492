#include "load/dialect.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace switchboard::load {

using Kind = Frame::Kind;

namespace {

struct Heard {
  Kind kind;
  std::string text;
  bool operator==(const Heard&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Heard& heard) {
  return out << static_cast<int>(heard.kind) << " '" << heard.text << "'";
}

const Heard of_no_interest{Kind::of_no_interest, ""};

struct Case {
  const char* dialect;
  const char* said;
  std::vector<Heard> heard;
};

const Case cases[] = {
    {"plain", "Who are you?\r\n14:03 <a> hello\n", {of_no_interest, of_no_interest}},
    {"plain", "14:03 <a> [load 1 2 3] abc\r\n", {{Kind::message, "[load 1 2 3] abc"}}},
    {"plain",
     "-- you are in lobby, alone so far\n-- you are in load-7 with a\r\n-- you are away\n",
     {{Kind::joined, "lobby"}, {Kind::joined, "load-7"}, of_no_interest}},
    {"plain",
     "14:03 <- load-m7 has gone\n14:03 <- b has gone (so long)\n14:03 <- c has left lobby\n",
     {{Kind::departure, "load-m7"}, {Kind::departure, "b"}, of_no_interest}},
    {"plain",
     "-- there is no /load; /help\n-- there is no /lo\n\n",
     {{Kind::answer, ""}, of_no_interest, of_no_interest}},
    {"redis", "*3\r\n$9\r\nsubscribe\r\n$5\r\nlobby\r\n:1\r\n", {{Kind::joined, "lobby"}}},
    {"redis", ":100\r\n+OK\r\n", {of_no_interest, of_no_interest}},
    {"redis", "-ERR no such command\r\n", {{Kind::refusal, "ERR no such command"}}},
    {"redis",
     "*3\r\n$7\r\nmessage\r\n$5\r\nlobby\r\n$8\r\nab\r\n\r\ncd\r\n",
     {{Kind::message, "ab\r\n\r\ncd"}}},
    {"nats", "INFO {\"a\":1}\r\n+OK\r\nPONG\r\n", {of_no_interest, of_no_interest, of_no_interest}},
    {"nats", "PING\r\n", {{Kind::ping, ""}}},
    {"nats", "-ERR 'Slow Consumer'\r\n", {{Kind::refusal, "-ERR 'Slow Consumer'"}}},
    {"nats",
     "MSG lobby 1 6\r\nab\r\ncd\r\nMSG lobby 1 reply 0\r\n\r\n",
     {{Kind::message, "ab\r\ncd"}, {Kind::message, ""}}},
    {"irc", ":s 001 m0 :Welcome\r\n", {{Kind::welcome, "m0 :Welcome"}}},
    {"irc",
     ":s 422 m0 :No MOTD\r\n:s 366 m0 #a :End\r\n",
     {{Kind::of_no_interest, "m0 :No MOTD"}, {Kind::joined, "a"}}},
    {"irc",
     ":m7!~u@h QUIT :Quit: so long\r\nQUIT\r\n",
     {{Kind::departure, "m7"}, {Kind::departure, ""}}},
    {"irc", ":s PONG s :load\r\n:s 366\r\n", {{Kind::answer, "s :load"}, {Kind::joined, ""}}},
    {"irc", "PING :a b\r\n:s PING x\r\n", {{Kind::ping, ":a b"}, {Kind::ping, "x"}}},
    {"irc", ":s 433 * m0 :In use\r\n", {{Kind::refusal, ":s 433 * m0 :In use"}}},
    {"irc", "ERROR :Closing link\r\n", {{Kind::refusal, "ERROR :Closing link"}}},
    {"irc", ":p0!~u@h PRIVMSG #lobby :a :b\r\n", {{Kind::message, "a :b"}}},
    {"irc", ":p0!~u@h PRIVMSG m0 :you\r\n", {{Kind::of_no_interest, "m0 :you"}}},
    {"irc", ":\r\n: \r\n\r\n", {of_no_interest, of_no_interest, of_no_interest}},
};

class DialectTest : public testing::TestWithParam<Case> {};

TEST_P(DialectTest, what_is_said_is_heard) {
  const Dialect& dialect = find_dialect(GetParam().dialect);
  std::string_view rest = GetParam().said;
  std::vector<Heard> heard;
  while (!rest.empty()) {
    const Frame frame = dialect.next(rest);
    ASSERT_GT(frame.bytes, 0U);
    ASSERT_LE(frame.bytes, rest.size());
    heard.push_back({frame.kind, std::string{frame.text}});
    rest.remove_prefix(frame.bytes);
  }
  EXPECT_EQ(heard, GetParam().heard);
}

TEST_P(DialectTest, a_frame_that_is_not_all_there_is_unfinished) {
  const Dialect& dialect = find_dialect(GetParam().dialect);
  const std::string_view said = GetParam().said;
  const std::size_t first = dialect.next(said).bytes;
  for (std::size_t size = 1; size < first; ++size) {
    EXPECT_EQ(dialect.next(said.substr(0, size)).kind, Kind::unfinished) << size;
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, DialectTest, testing::ValuesIn(cases));

std::string said_by(void (*say)(std::string&, const Person&), const Person& person) {
  std::string out;
  say(out, person);
  return out;
}

TEST(Dialects, introduce_publishers_and_members) {
  const Person publisher{.speaks = true, .number = 7, .room = "lobby"};
  const Person member{.speaks = false, .number = 999, .room = "load-3"};
  const struct {
    const char* dialect;
    const char* publisher;
    const char* member;
  } expected[] = {
      {"plain", "load-p7\n", "load-m999\n/join load-3\n"},
      {"redis", "", "*2\r\n$9\r\nSUBSCRIBE\r\n$6\r\nload-3\r\n"},
      {"nats", "CONNECT {\"verbose\":false,\"pedantic\":false,\"name\":\"load-p7\"}\r\n",
       "CONNECT {\"verbose\":false,\"pedantic\":false,\"name\":\"load-m999\"}\r\n"
       "SUB load-3 1\r\n"},
      {"irc", "NICK p7\r\nUSER p7 0 * :load\r\nJOIN #lobby\r\n",
       "NICK m999\r\nUSER m999 0 * :load\r\nJOIN #load-3\r\n"},
  };
  for (const auto& row : expected) {
    const Dialect& dialect = find_dialect(row.dialect);
    EXPECT_EQ(said_by(dialect.greet, publisher) + said_by(dialect.join, publisher), row.publisher);
    EXPECT_EQ(said_by(dialect.greet, member) + said_by(dialect.join, member), row.member);
  }
}

TEST(Dialects, publish_and_answer) {
  const struct {
    const char* dialect;
    const char* published;
    const char* answer;
  } expected[] = {
      {"plain", "hi\n", nullptr},
      {"redis", "*3\r\n$7\r\nPUBLISH\r\n$1\r\na\r\n$2\r\nhi\r\n", nullptr},
      {"nats", "PUB a 2\r\nhi\r\n", "PONG\r\n"},
      {"irc", "PRIVMSG #a :hi\r\n", "PONG :x\r\n"},
  };
  for (const auto& row : expected) {
    const Dialect& dialect = find_dialect(row.dialect);
    std::string out;
    dialect.publish(out, "a", "hi");
    EXPECT_EQ(out, row.published);
    out.clear();
    if (row.answer == nullptr) continue;
    dialect.answer(out, ":x");
    EXPECT_EQ(out, row.answer);
  }
}

TEST(Dialects, number_their_members) {
  EXPECT_EQ(number_of("load-m17"), 17U);
  EXPECT_EQ(number_of("m0"), 0U);
  for (const char* other : {"", "m", "p3", "load-p3", "m1x", "anna"}) {
    EXPECT_EQ(number_of(other), std::nullopt) << other;
  }
}

TEST(Dialects, ask_what_is_answered) {
  for (const Dialect& dialect : dialects()) {
    std::string out;
    if (dialect.ask != nullptr) dialect.ask(out);
    EXPECT_EQ(dialect.ask != nullptr, out.ends_with('\n')) << dialect.name;
  }
}

TEST(Dialects, one_that_is_not_there_is_named_with_those_that_are) {
  try {
    find_dialect("xmpp");
    FAIL();
  } catch (const std::invalid_argument& mistake) {
    EXPECT_STREQ(mistake.what(), "no dialect 'xmpp'; write one of plain, redis, nats, irc");
  }
}

}  // namespace
}  // namespace switchboard::load
