// What takes time, or many: limits, timers, and answers that are longer than their receiver may
// have unread.
#include <algorithm>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "irc/exchange.hpp"
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

using std::chrono::milliseconds;

std::size_t count_of(const Texts& lines, const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      lines, [&](const std::string& line) { return line.find(text) != std::string::npos; }));
}

// People who are there, and hear nothing.
class Crowd {
 public:
  explicit Crowd(chat::Chat& chat) : chat_(chat), form_id_(chat.add_form(form_)) {}
  ~Crowd() {
    for (Member& member : members_) chat_.dismiss(member.person);
  }
  chat::Person& add(const std::string& name) {
    Member& member = members_.emplace_back(form_id_);
    CHECK_EQ(chat_.enter(member.person, name), chat::Refusal::none);
    return member.person;
  }

 private:
  struct SilentForm final : chat::Form {
    void encode(const chat::Event&, std::string&) const override {}
  };
  struct Member final : chat::Outlet {
    explicit Member(chat::FormId form) : person(*this, form) {}
    void deliver(const Slice&) override {}
    chat::Person person;
  };
  chat::Chat& chat_;
  SilentForm form_;
  const chat::FormId form_id_;
  std::list<Member> members_;
};

ConnectionLimits narrow() {
  ConnectionLimits limits;
  limits.high_water_bytes = 16 * 1024;
  limits.low_water_bytes = 4 * 1024;
  limits.output_limit_bytes = 32 * 1024;
  return limits;
}

TEST_CASE("irc: LIST of 10,000 rooms closes nobody") {
  chat::ChatLimits chat_limits;
  chat_limits.rooms_of_a_person = 20'000;
  ExchangeServer server{ExchangeServer::default_settings(), narrow(), chat_limits};
  Crowd crowd{server.chat()};
  chat::Person& host = crowd.add("host");
  for (int i = 0; i < 10'000; ++i) {
    REQUIRE_EQ(server.chat().join(host, "room" + std::to_string(i)), chat::Refusal::none);
  }
  server.connect("anna", "");
  server.send("anna", "LIST\r\nPING :after\r\n", false);
  const Texts lines = server.take_until("anna", "PONG irc.test :after");
  CHECK_EQ(count_of(lines, " 322 anna #room"), 10'000U);
  CHECK(ends_with(lines.at(lines.size() - 2), " 323 anna :End of /LIST"));
}

TEST_CASE("irc: rooms that go while they are listed do no harm") {
  chat::ChatLimits chat_limits;
  chat_limits.rooms_of_a_person = 20'000;
  ExchangeServer server{ExchangeServer::default_settings(), narrow(), chat_limits};
  Crowd crowd{server.chat()};
  chat::Person& host = crowd.add("host");
  chat::Person& other = crowd.add("other");
  for (int i = 0; i < 5'000; ++i) {
    server.chat().join(i % 2 == 0 ? host : other, "room" + std::to_string(i));
  }
  server.connect("anna", "");
  server.send("anna", "LIST\r\n", false);
  server.reactor().turn(milliseconds{0});
  while (!other.rooms().empty()) server.chat().leave(other, *other.rooms().back(), "");
  const Texts lines = server.take_until("anna", " 323 ");
  std::size_t kept = 0;
  for (int i = 0; i < 5'000; i += 2) {
    kept += count_of(lines, "#room" + std::to_string(i) + " ") > 0 ? 1 : 0;
  }
  CHECK_EQ(kept, 2'500U);
}

TEST_CASE("irc: NAMES and WHO of 5,000 members close nobody") {
  ExchangeServer server{ExchangeServer::default_settings(), narrow()};
  Crowd crowd{server.chat()};
  for (int i = 0; i < 5'000; ++i) {
    server.chat().join(crowd.add("person_with_a_name" + std::to_string(i)), "full");
  }
  server.connect("anna", "");
  server.send("anna", "JOIN #full\r\nWHO #full\r\nPING :after\r\n", false);
  const Texts lines = server.take_until("anna", "PONG irc.test :after");
  std::size_t named = 0;
  for (const std::string& line : lines) {
    CHECK_LE(line.size(), irc::most_message_bytes - 2);
    if (line.find(" 353 ") == std::string::npos) continue;
    named += count_of({line}, "person_with_a_name") == 0
                 ? 0
                 : static_cast<std::size_t>(std::ranges::count(line.substr(line.find(" :")), ' '));
  }
  CHECK_EQ(named, 5'001U);
  CHECK_EQ(count_of(lines, " 352 anna #full "), 5'001U);
  CHECK_EQ(count_of(lines, " 366 "), 1U);
  CHECK_EQ(count_of(lines, " 315 "), 1U);
}

TEST_CASE("irc: a message of the day of 600 lines closes nobody") {
  irc::Settings settings = ExchangeServer::default_settings();
  settings.motd.clear();
  for (int i = 0; i < 600; ++i) settings.motd += std::string(75, 'm') + '\n';
  ExchangeServer server{settings, narrow()};
  server.connect_raw("anna");
  server.send("anna", "NICK anna\r\nUSER anna 0 * :A\r\n", false);
  CHECK_EQ(count_of(server.take_until("anna", " 376 "), " 372 "), 600U);
}

TEST_CASE("irc: WHO with a mask closed the connection that had asked") {
  ExchangeServer server{ExchangeServer::default_settings(), narrow()};
  Crowd crowd{server.chat()};
  for (int i = 0; i < 600; ++i) crowd.add("person_with_a_name" + std::to_string(i));
  server.connect("anna", "");
  server.send("anna", "WHO person*\r\nPING :after\r\n", false);
  const Texts lines = server.take_until("anna", "PONG irc.test :after");
  CHECK_EQ(count_of(lines, " 352 anna * "), 500U);
  CHECK(ends_with(lines.at(lines.size() - 2), " 315 anna person* :End of WHO list"));
}

TEST_CASE("irc: WHOWAS of a name that came and went closed the connection that had asked") {
  ExchangeServer server{ExchangeServer::default_settings(), narrow()};
  Crowd crowd{server.chat()};
  chat::Person& person = crowd.add("person_with_a_name");
  for (int i = 0; i < 500; ++i) {
    REQUIRE_EQ(server.chat().rename(person, "another"), chat::Refusal::none);
    REQUIRE_EQ(server.chat().rename(person, "person_with_a_name"), chat::Refusal::none);
  }
  server.connect("anna", "");
  server.send("anna", "WHOWAS person_with_a_name\r\nPING :after\r\n", false);
  const Texts lines = server.take_until("anna", "PONG irc.test :after");
  CHECK_EQ(count_of(lines, " 314 anna person_with_a_name "), 50U);
}

TEST_CASE("irc: a long labelled answer is one batch") {
  ExchangeServer server{ExchangeServer::default_settings(), narrow()};
  Crowd crowd{server.chat()};
  for (int i = 0; i < 2'000; ++i) {
    server.chat().join(crowd.add("member" + std::to_string(i)), "full");
  }
  server.connect("anna", "labeled-response batch");
  server.send("anna", "@label=x WHO #full\r\nPING :after\r\n", false);
  const Texts lines = server.take_until("anna", "PONG irc.test :after");
  CHECK(begins_with(lines.front(), "@label=x :irc.test BATCH +"));
  CHECK_EQ(count_of(lines, "@batch="), 2'001U);
  CHECK(begins_with(lines.at(lines.size() - 2), ":irc.test BATCH -"));
}

TEST_CASE("irc: the limits of rooms, lists and monitored names are told") {
  chat::ChatLimits chat_limits;
  chat_limits.rooms_of_a_person = 2;
  ExchangeServer server{ExchangeServer::default_settings(), {}, chat_limits};
  server.connect("anna", "");
  server.send("anna", "JOIN #a,#b,#c\r\n", false);
  CHECK_EQ(server.take_until("anna", " 405 ").back(),
           ":irc.test 405 anna #c :You have joined too many channels");
  std::string bans;
  std::string names = "a";
  for (std::size_t i = 0; i <= irc::Service::most_listed; ++i) {
    bans += "MODE #a +b nick" + std::to_string(i) + "\r\n";
  }
  server.send("anna", bans, false);
  CHECK_EQ(server.take_until("anna", " 478 ").back(),
           ":irc.test 478 anna #a b :Channel list is full");
  for (std::size_t i = 0; i <= irc::Service::most_monitored; ++i) {
    server.send("anna", "MONITOR + nick" + std::to_string(i) + "\r\n", false);
  }
  CHECK_EQ(server.take_until("anna", " 734 ").back(),
           ":irc.test 734 anna 100 nick100 :Monitor list is full");
}

TEST_CASE("irc: the limit of speed slows down and loses nothing") {
  irc::Settings settings = ExchangeServer::default_settings();
  settings.flood = {.burst = 5, .interval = milliseconds{10}};
  ExchangeServer server{settings};
  server.connect_raw("anna");
  std::string lines = "NICK anna\r\nUSER anna 0 * :A\r\n";
  for (int i = 0; i < 20; ++i) lines += "PING :" + std::to_string(i) + "\r\n";
  const auto start = std::chrono::steady_clock::now();
  server.send("anna", lines, false);
  CHECK_EQ(count_of(server.take_until("anna", "PONG irc.test :19"), "PONG"), 20U);
  CHECK_GE(std::chrono::steady_clock::now() - start, milliseconds{150});
}

TEST_CASE("irc: a client that does not register is shown out") {
  irc::Settings settings = ExchangeServer::default_settings();
  settings.registration_timeout = milliseconds{20};
  ExchangeServer server{settings};
  server.connect_raw("anna");
  server.send("anna", "NICK anna\r\n", false);
  CHECK_EQ(server.take_until("anna", "ERROR"),
           Texts{"ERROR :Closing Link: 127.0.0.1 (Registration timed out)"});
}

TEST_CASE("irc: a silent client is pinged and then shown out") {
  irc::Settings settings = ExchangeServer::default_settings();
  settings.ping_interval = milliseconds{20};
  ExchangeServer server{settings};
  server.connect_raw("anna");
  server.send("anna", "NICK anna\r\nUSER anna 0 * :A\r\n", false);
  server.take_until("anna", "PING :irc.test");
  server.send("anna", "PONG :irc.test\r\n", false);
  CHECK_EQ(server.take_until("anna", "PING :irc.test").size(), 1U);  // and again
  CHECK(contains(server.take_until("anna", "ERROR").back(), "Ping timeout"));
  CHECK_EQ(server.chat().find_person("anna"), nullptr);
}

TEST_CASE("irc: lines behind a password wait for it") {
  ExchangeServer server;
  server.connect("anna", "");
  server.send("anna", "OPER root secret\r\nWALLOPS :x\r\nMODE anna\r\n", false);
  CHECK_EQ(server.take_until("anna", " 221 "),
           Texts{":irc.test 381 anna :You are now an IRC operator",
                 ":anna!~anna@127.0.0.1 MODE anna +o", ":irc.test 221 anna +o"});
}

TEST_CASE("irc: SASL with too much is refused") {
  ExchangeServer server;
  server.connect_raw("anna");
  server.send("anna", "CAP REQ sasl\r\nAUTHENTICATE PLAIN\r\n", false);
  for (int i = 0; i < 4; ++i) {
    server.send("anna", "AUTHENTICATE " + std::string(400, 'A') + "\r\n", false);
  }
  CHECK_EQ(server.take_until("anna", " 905 ").back(), ":irc.test 905 * :SASL message too long");
}

TEST_CASE("irc: a lacking setting is told") {
  irc::Settings settings = ExchangeServer::default_settings();
  settings.motd.clear();
  settings.admin.clear();
  settings.offers_sasl = false;
  ExchangeServer server{settings};
  server.connect("anna", "");
  server.send("anna", "MOTD\r\nADMIN\r\nCAP REQ sasl\r\nPING :\r\nSTATS m\r\n", false);
  const Texts lines = server.take_until("anna", " 219 ");
  const Texts patterns{":irc.test 422 anna :MOTD File is missing",
                       ":irc.test 423 anna irc.test :No administrative info available",
                       ":irc.test CAP anna NAK :sasl",
                       ":irc.test 409 anna :No origin specified",
                       "{} 212 anna ADMIN 1{}",
                       "{} 212 anna CAP 2{}",
                       "{} 212 anna MOTD 1{}",
                       "{} 212 anna NICK 1{}",
                       "{} 212 anna PING {}",
                       "{} 212 anna STATS 1{}",
                       "{} 212 anna USER 1{}",
                       "{} 219 anna m :End of /STATS report"};
  REQUIRE_EQ(lines.size(), patterns.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    CHECK_MESSAGE(is_like(patterns[i], lines[i]), lines[i], " is unlike ", patterns[i]);
  }
}

TEST_CASE("irc: settings may change while people are there") {
  ExchangeServer server;
  server.connect("anna", "");
  irc::Settings settings = ExchangeServer::default_settings();
  settings.motd = "new\n";
  settings.server_name = "other.test";
  server.service().reload(settings);
  server.send("anna", "MOTD\r\n", false);
  CHECK_EQ(count_of(server.take_until("anna", " 376 "), ":irc.test 372 anna :- new"), 1U);
  server.service().set_rehash([] { return std::string{"switchboard.toml:3: no"}; });
  server.send("anna", "OPER root secret\r\nREHASH\r\n", false);
  CHECK_EQ(server.take_until("anna", "NOTICE").back(),
           ":irc.test NOTICE anna :Nothing has changed: switchboard.toml:3: no");
}

TEST_CASE("irc: 1,000 departures at once are told once each") {
  ExchangeServer server;
  Crowd crowd{server.chat()};
  std::vector<chat::Person*> people;
  for (int i = 0; i < 1'000; ++i) {
    people.push_back(&crowd.add("p" + std::to_string(i)));
    for (const char* room : {"a", "b", "c"}) server.chat().join(*people.back(), room);
  }
  server.connect("anna", "");
  server.send("anna", "JOIN #a,#b,#c\r\nPING :in\r\n", false);
  server.take_until("anna", "PONG irc.test :in");
  for (chat::Person* person : people) server.chat().quit(*person, "split");
  server.send("anna", "PING :out\r\n", false);
  CHECK_EQ(count_of(server.take_until("anna", "PONG irc.test :out"), " QUIT :split"), 1'000U);
}

}  // namespace
}  // namespace switchboard::test
