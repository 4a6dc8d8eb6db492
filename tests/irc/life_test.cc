// What a session lives through that takes others, or time: passwords that wait their turn, pings,
// and settings that are read again.
#include <array>
#include <list>
#include <string>
#include <vector>

#include "switchboard/sys/process.hpp"

#include "irc/commands.hpp"
#include "irc/exchange.hpp"
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

using std::chrono::milliseconds;

void connect_many(ExchangeServer& server, std::size_t count, const std::string& then) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = "n" + std::to_string(i);
    server.connect_raw(name);
    server.send(name, "NICK " + name + "\r\nUSER " + name + " 0 * :N\r\n" + then, false);
    server.reactor().turn(milliseconds{0});
  }
}

// Does not hold where it does not come to that: then something is wrong, however slow the machine.
template <typename Condition>
TextVerdict await_that(ExchangeServer& server, const std::string& what, Condition holds) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (!holds()) {
    if (std::chrono::steady_clock::now() > give_up) {
      return {false, "waited in vain: " + what + "; there are " +
                         std::to_string(server.service().sessions()) + " sessions"};
    }
    server.reactor().turn(milliseconds{10});
  }
  return {true, what};
}

void await_held(ExchangeServer& server, std::size_t count) {
  REQUIRE(await_that(server, std::to_string(count) + " passwords are held",
                     [&] { return server.held_passwords() >= count; }));
}

TextVerdict await_gone(ExchangeServer& server, const std::string& nick) {
  return await_that(server, nick + " has gone",
                    [&] { return server.chat().find_person(nick) == nullptr; });
}

TEST_CASE("irc: 100 passwords at once wait their turn and are right") {
  ExchangeServer server;
  server.hold_passwords();
  connect_many(server, 100, "OPER root secret\r\n");
  await_held(server, irc::Service::most_under_way);
  CHECK_EQ(server.held_passwords(), irc::Service::most_under_way);
  server.let_passwords_go();
  for (int i = 0; i < 100; ++i) server.take_until("n" + std::to_string(i), " 381 ");
}

TEST_CASE("irc: the passwords of those who have gone are not looked at") {
  ExchangeServer server;
  server.hold_passwords();
  connect_many(server, 10, "OPER root secret\r\n");
  await_held(server, irc::Service::most_under_way);
  for (int i = 0; i < 10; ++i) server.drop("n" + std::to_string(i));
  server.connect_raw("last");
  server.send("last", "NICK last\r\nUSER l 0 * :L\r\nOPER root secret\r\n", false);
  REQUIRE(
      await_that(server, "one session is left", [&] { return server.service().sessions() == 1; }));
  server.let_passwords_go();
  server.take_until("last", " 381 ");
  CHECK_EQ(server.passwords_looked_at(), irc::Service::most_under_way + 1);
}

// She still has her connection: what she was told may be on its way.
TEST_CASE("irc: the password of a person shown out while it waited was looked at all the same") {
  ExchangeServer server;
  server.connect("boss", "");
  server.send("boss", "OPER boss secret\r\n", false);
  server.take_until("boss", " 381 ");
  server.hold_passwords();
  connect_many(server, irc::Service::most_under_way, "OPER root secret\r\n");
  await_held(server, irc::Service::most_under_way);
  server.connect_raw("anna");
  server.send("anna", "NICK anna\r\nUSER a 0 * :A\r\nOPER root secret\r\n", false);
  server.take_until("anna", " 376 ");
  const std::size_t looked_at = server.passwords_looked_at();
  server.send("boss", "KILL anna :x\r\n", false);
  server.take_until("anna", "ERROR ");
  server.let_passwords_go();
  for (std::size_t i = 0; i < irc::Service::most_under_way; ++i) {
    server.take_until("n" + std::to_string(i), " 381 ");
  }
  CHECK_EQ(server.passwords_looked_at(), looked_at);
}

TEST_CASE("irc: one password more than may wait is told to try again") {
  (void)sys::raise_descriptor_limit();
  ExchangeServer server;
  server.hold_passwords();
  const std::size_t most = irc::Service::most_questions + irc::Service::most_under_way;
  connect_many(server, most, "OPER root secret\r\n");
  server.connect_raw("anna");
  server.send("anna", "NICK anna\r\nUSER a 0 * :A\r\nOPER root secret\r\n", false);
  CHECK_EQ(server.take_until("anna", " 263 ").back(),
           ":irc.test 263 anna OPER :Please wait a while and try again.");
  server.connect_raw("bert");
  server.send("bert", "CAP REQ sasl\r\nAUTHENTICATE PLAIN\r\nAUTHENTICATE AGFubmEAc2VjcmV0\r\n",
              false);
  const Texts lines = server.take_until("bert", " 904 ");
  REQUIRE_GE(lines.size(), 2U);
  CHECK_EQ(lines[lines.size() - 2],
           ":irc.test 263 * AUTHENTICATE :Please wait a while and try again.");
  server.let_passwords_go();
  server.take_until("n" + std::to_string(most - 1), " 381 ");
  server.send("anna", "OPER root secret\r\n", false);
  server.take_until("anna", " 381 ");
}

TEST_CASE("irc: pings that a reload turned on reached new sessions alone") {
  irc::Settings settings = ExchangeServer::default_settings();
  settings.ping_interval = sys::Nanoseconds::zero();
  ExchangeServer server{settings};
  server.connect("anna", "");
  settings.ping_interval = milliseconds{20};
  server.service().reload(settings);
  server.take_until("anna", "PING :irc.test");
  settings.ping_interval = sys::Nanoseconds::zero();
  server.service().reload(settings);
  bool later = false;
  server.reactor().call_after(milliseconds{60}, [&] { later = true; });
  while (!later) server.reactor().turn();
  INFO("timed out by a ping that is off");
  CHECK_NE(server.chat().find_person("anna"), nullptr);
}

// Reads little by little, and answers nothing.
class SlowReader {
 public:
  explicit SlowReader(ExchangeServer& server, milliseconds pace = milliseconds{10})
      : server_(server), pace_(pace) {
    auto pair = unix_pair();
    std::error_code error;
    CHECK_NE(server.service().connections().adopt(std::move(pair.ours), error), nullptr);
    socket_ = std::move(pair.theirs);
  }
  void send(const std::string& text) {
    (void)sys::send(socket_.get(), std::as_bytes(std::span{text}));
  }
  void leave() { socket_.reset(); }
  // Does not hold where it does not come, or the server has closed.
  TextVerdict read_until(const std::string& text) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    while (step().find(text) == std::string::npos) {
      if (has_ended_ || std::chrono::steady_clock::now() > give_up) {
        return {false, quoted(text) + " did not come, but " + std::to_string(text_.size()) +
                           " bytes" + (has_ended_ ? " and the end" : "") + ", the last " +
                           quoted(std::string_view{text_}.substr(
                               text_.size() - std::min<std::size_t>(text_.size(), 500)))};
      }
    }
    return {true, quoted(text) + " came"};
  }
  // A sip, and some turns of the server.
  const std::string& step() {
    bool later = false;
    server_.reactor().call_after(pace_, [&] { later = true; });
    while (!later) server_.reactor().turn();
    std::array<char, 64 * 1024> block{};
    const auto got = sys::receive(socket_.get(), std::as_writable_bytes(std::span{block}));
    if (got) text_.append(block.data(), *got);
    has_ended_ = got ? *got == 0 : !got.would_block();
    return text_;
  }

 private:
  ExchangeServer& server_;
  const milliseconds pace_;
  sys::Descriptor socket_;
  std::string text_;
  bool has_ended_ = false;
};

TEST_CASE("irc: a slow reader of a long list was taken for gone") {
  irc::Settings settings = ExchangeServer::default_settings();
  settings.ping_interval = milliseconds{400};  // longer than a busy machine lets a test wait
  chat::ChatLimits chat_limits;
  chat_limits.rooms_of_a_person = 5'001;
  ExchangeServer server{settings, {}, chat_limits};
  server.connect_plain("host");  // who is not pinged
  chat::Person& host = *server.chat().find_person("host");
  for (int i = 0; i < 5'000; ++i) {
    const std::string name = "room" + std::to_string(i);
    REQUIRE_EQ(server.chat().join(host, name), chat::Refusal::none);
    (void)server.chat().retitle(host, *server.chat().find_room(name), std::string(390, 't'));
  }
  // Four megabytes take two seconds, on however fast a machine.
  SlowReader anna{server, milliseconds{30}};
  anna.send("NICK anna\r\nUSER a 0 * :A\r\nLIST\r\nLIST\r\n");
  REQUIRE(anna.read_until(" 323 anna "));
  CHECK_NE(anna.step().find("PING :irc.test"), std::string::npos);
  // Now she takes nothing any more.
  CHECK(await_gone(server, "anna"));
}

std::string repeated(std::string_view line, int times) {
  std::string lines;
  for (int i = 0; i < times; ++i) lines += line;
  return lines;
}

irc::Settings slow_lines(sys::Nanoseconds interval) {
  irc::Settings settings = ExchangeServer::default_settings();
  settings.flood = {.burst = 5, .interval = interval};
  settings.ping_interval = milliseconds{20};
  return settings;
}

TEST_CASE(
    "irc: a client that was slowed down and left stayed until all its lines were worked off") {
  ExchangeServer server{slow_lines(milliseconds{10})};
  SlowReader anna{server};
  anna.send("NICK anna\r\nUSER a 0 * :A\r\n");
  REQUIRE(anna.read_until(" 376 anna "));
  anna.send(repeated("PONG :x\r\n", 1'000));  // nothing is answered to that
  anna.step();
  const auto pongs = [&] {
    const auto row = irc::find_command("PONG") - irc::commands().data();
    return server.service().uses_of(static_cast<std::size_t>(row));
  };
  // She was there, and slowed down, when she left.
  REQUIRE_EQ(server.service().sessions(), 1U);
  REQUIRE_GT(pongs(), 0U);
  REQUIRE_LT(pongs(), 1'000U);
  anna.leave();
  CHECK(await_that(server, "no session is left", [&] { return server.service().sessions() == 0; }));
  CHECK_LT(pongs(), 1'000U);
}

TEST_CASE("irc: a client whose answer to a ping waits behind lines held back is not gone") {
  ExchangeServer server{slow_lines(milliseconds{20})};
  SlowReader anna{server};
  anna.send("NICK anna\r\nUSER a 0 * :A\r\n" + repeated("TIME\r\n", 20) + "PING :all\r\n");
  REQUIRE(anna.read_until("PONG irc.test :all"));
  CHECK_NE(anna.step().find("PING :irc.test"), std::string::npos);
}

// She was slowed down when her queue filled: what was held back is not offered again until she
// takes some, and she takes nothing.
TEST_CASE("irc: a client that was slowed down and takes nothing any more stayed for good") {
  ConnectionLimits limits;
  limits.high_water_bytes = 64 * 1024;
  limits.low_water_bytes = 16 * 1024;
  limits.output_limit_bytes = 16 * 1024 * 1024;
  ExchangeServer server{slow_lines(milliseconds{50}), limits};
  server.connect_plain("host");
  chat::Person& host = *server.chat().find_person("host");
  REQUIRE_EQ(server.chat().join(host, "a"), chat::Refusal::none);
  chat::Room& room = *server.chat().find_room("a");
  SlowReader anna{server};
  anna.send("NICK anna\r\nUSER a 0 * :A\r\nJOIN #a\r\n" + repeated("PONG :x\r\n", 20));
  REQUIRE(await_that(server, "two are in the room", [&] { return room.people().size() == 2; }));
  for (int i = 0; i < 5'000; ++i) server.chat().say(host, room, std::string(400, 'x'));
  CHECK(await_gone(server, "anna"));
}

TEST_CASE(
    "irc: a client whose password was long looked at was taken for gone, whatever it answered") {
  irc::Settings settings = ExchangeServer::default_settings();
  settings.ping_interval = milliseconds{20};
  ExchangeServer server{settings};
  server.hold_passwords();
  server.connect_raw("anna");
  server.send("anna", "NICK anna\r\nUSER a 0 * :A\r\nOPER root secret\r\n", false);
  await_held(server, 1);
  for (int i = 0; i < 5; ++i) {
    server.take_until("anna", "PING :irc.test");
    server.send("anna", "PONG :irc.test\r\n", false);
  }
  server.let_passwords_go();
  server.take_until("anna", " 381 anna ");
}

TEST_CASE("irc: limits that are read again hold for those who are there") {
  ExchangeServer server;
  server.connect("anna", "");
  server.connect("bert", "");
  ConnectionLimits limits;
  limits.idle_timeout = milliseconds{40};
  server.service().set_limits(limits);
  CHECK(ends_with(server.take_to_the_end("anna").back(), "(Idle timeout)"));
  limits.idle_timeout = {};
  limits.max_connections = 1;
  server.service().set_limits(limits);
  chat::ChatLimits chat_limits;
  chat_limits.rooms_of_a_person = 1;
  server.chat().set_limits(chat_limits);
  server.take_to_the_end("bert");
  server.connect("carl", "");
  server.send("carl", "JOIN #a,#b\r\n", false);
  CHECK(contains(server.take_until("carl", " 405 ").back(), "405 carl #b"));
}

}  // namespace
}  // namespace switchboard::test
