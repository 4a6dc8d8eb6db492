#include "load/dialect.hpp"

#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "support/testing.hpp"

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

// Of a server.
struct Speech {
  const char* name;
  const char* dialect;
  const char* said;
  std::vector<Heard> heard;
};

const std::vector<Speech> speeches{
    {"plain, greeting and talk",
     "plain",
     "Who are you?\r\n14:03 <a> hello\n",
     {of_no_interest, of_no_interest}},
    {"plain, a message",
     "plain",
     "14:03 <a> [load 1 2 3] abc\r\n",
     {{Kind::message, "[load 1 2 3] abc"}}},
    {"plain, joining",
     "plain",
     "-- you are in lobby, alone so far\n-- you are in load-7 with a\r\n-- you are away\n",
     {{Kind::joined, "lobby"}, {Kind::joined, "load-7"}, of_no_interest}},
    {"plain, departures",
     "plain",
     "14:03 <- load-m7 has gone\n14:03 <- b has gone (so long)\n14:03 <- c has left lobby\n",
     {{Kind::departure, "load-m7"}, {Kind::departure, "b"}, of_no_interest}},
    {"plain, an answer",
     "plain",
     "-- there is no /load; /help\n-- there is no /lo\n\n",
     {{Kind::answer, ""}, of_no_interest, of_no_interest}},
    {"redis, joining",
     "redis",
     "*3\r\n$9\r\nsubscribe\r\n$5\r\nlobby\r\n:1\r\n",
     {{Kind::joined, "lobby"}}},
    {"redis, of no interest", "redis", ":100\r\n+OK\r\n", {of_no_interest, of_no_interest}},
    {"redis, a refusal",
     "redis",
     "-ERR no such command\r\n",
     {{Kind::refusal, "ERR no such command"}}},
    {"redis, a message of several lines",
     "redis",
     "*3\r\n$7\r\nmessage\r\n$5\r\nlobby\r\n$8\r\nab\r\n\r\ncd\r\n",
     {{Kind::message, "ab\r\n\r\ncd"}}},
    {"nats, of no interest",
     "nats",
     "INFO {\"a\":1}\r\n+OK\r\nPONG\r\n",
     {of_no_interest, of_no_interest, of_no_interest}},
    {"nats, a ping", "nats", "PING\r\n", {{Kind::ping, ""}}},
    {"nats, a refusal",
     "nats",
     "-ERR 'Slow Consumer'\r\n",
     {{Kind::refusal, "-ERR 'Slow Consumer'"}}},
    {"nats, messages",
     "nats",
     "MSG lobby 1 6\r\nab\r\ncd\r\nMSG lobby 1 reply 0\r\n\r\n",
     {{Kind::message, "ab\r\ncd"}, {Kind::message, ""}}},
    {"irc, a welcome", "irc", ":s 001 m0 :Welcome\r\n", {{Kind::welcome, "m0 :Welcome"}}},
    {"irc, joining",
     "irc",
     ":s 422 m0 :No MOTD\r\n:s 366 m0 #a :End\r\n",
     {{Kind::of_no_interest, "m0 :No MOTD"}, {Kind::joined, "a"}}},
    {"irc, departures",
     "irc",
     ":m7!~u@h QUIT :Quit: so long\r\nQUIT\r\n",
     {{Kind::departure, "m7"}, {Kind::departure, ""}}},
    {"irc, an answer",
     "irc",
     ":s PONG s :load\r\n:s 366\r\n",
     {{Kind::answer, "s :load"}, {Kind::joined, ""}}},
    {"irc, pings", "irc", "PING :a b\r\n:s PING x\r\n", {{Kind::ping, ":a b"}, {Kind::ping, "x"}}},
    {"irc, a refusal", "irc", ":s 433 * m0 :In use\r\n", {{Kind::refusal, ":s 433 * m0 :In use"}}},
    {"irc, an error", "irc", "ERROR :Closing link\r\n", {{Kind::refusal, "ERROR :Closing link"}}},
    {"irc, a message", "irc", ":p0!~u@h PRIVMSG #lobby :a :b\r\n", {{Kind::message, "a :b"}}},
    {"irc, a private message",
     "irc",
     ":p0!~u@h PRIVMSG m0 :you\r\n",
     {{Kind::of_no_interest, "m0 :you"}}},
    {"irc, lines that say nothing",
     "irc",
     ":\r\n: \r\n\r\n",
     {of_no_interest, of_no_interest, of_no_interest}},
};

CASES("dialect: all that a server says is heard", speeches, const Speech& row) {
  const Dialect& dialect = find_dialect(row.dialect);
  std::string_view rest = row.said;
  std::vector<Heard> heard;
  while (!rest.empty()) {
    const Frame frame = dialect.next(rest);
    REQUIRE_GT(frame.bytes, 0U);
    REQUIRE_LE(frame.bytes, rest.size());
    heard.push_back({frame.kind, std::string{frame.text}});
    rest.remove_prefix(frame.bytes);
  }
  CHECK_EQ(heard, row.heard);
}

CASES("dialect: a frame is unfinished until all of it is there", speeches, const Speech& row) {
  const Dialect& dialect = find_dialect(row.dialect);
  const std::string_view said = row.said;
  const std::size_t first = dialect.next(said).bytes;
  for (std::size_t size = 1; size < first; ++size) {
    CHECK_MESSAGE(dialect.next(said.substr(0, size)).kind == Kind::unfinished, size);
  }
}

std::string said_by(void (*say)(std::string&, const Person&), const Person& person) {
  std::string out;
  say(out, person);
  return out;
}

TEST_CASE("dialect: publishers and members are introduced") {
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
    CHECK_EQ(said_by(dialect.greet, publisher) + said_by(dialect.join, publisher), row.publisher);
    CHECK_EQ(said_by(dialect.greet, member) + said_by(dialect.join, member), row.member);
  }
}

TEST_CASE("dialect: messages are published and pings are answered") {
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
    CHECK_EQ(out, row.published);
    out.clear();
    if (row.answer == nullptr) continue;
    dialect.answer(out, ":x");
    CHECK_EQ(out, row.answer);
  }
}

TEST_CASE("dialect: members are known by their numbers") {
  CHECK_EQ(number_of("load-m17"), 17U);
  CHECK_EQ(number_of("m0"), 0U);
  for (const char* other : {"", "m", "p3", "load-p3", "m1x", "anna"}) {
    CHECK_MESSAGE(number_of(other) == std::nullopt, other);
  }
}

TEST_CASE("dialect: a question is a whole line") {
  for (const Dialect& dialect : dialects()) {
    std::string out;
    if (dialect.ask != nullptr) dialect.ask(out);
    CHECK_MESSAGE((dialect.ask != nullptr) == out.ends_with('\n'), dialect.name);
  }
}

TEST_CASE("dialect: an unknown one is refused with those that there are") {
  CHECK_THROWS_WITH_AS(find_dialect("xmpp"),
                       "no dialect 'xmpp'; write one of plain, redis, nats, irc",
                       std::invalid_argument);
}

}  // namespace
}  // namespace switchboard::load
