// ERROR is the last line of every close that the server chose, whatever it was chosen for. Those
// that a client asks for (QUIT), and a line without an end, are exchanges:
// exchanges/registration.txt.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <list>
#include <string>
#include <vector>

#include "irc/exchange.hpp"
#include "support/descriptor_limit.hpp"

namespace switchboard::test {
namespace {

using std::chrono::milliseconds;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

using Lines = std::vector<std::string>;

struct End {
  std::string name;
  std::string last_line;
  // Settings and limits, then what leads to the end of "anna".
  std::function<void(irc::Settings&, ConnectionLimits&, chat::AddressLimit::Settings&)> prepare;
  std::function<void(ExchangeServer&)> lead;
};

void PrintTo(const End& end, std::ostream* out) {
  *out << end.name;
}

constexpr auto as_usual = [](irc::Settings&, ConnectionLimits&, chat::AddressLimit::Settings&) {};

// Reads nothing of what is said, until there is too much of it.
void stall(ExchangeServer& server) {
  server.connect("anna", "");
  server.send("anna", "JOIN #a\r\n", false);
  server.connect("bert", "");
  server.send("bert", "JOIN #a\r\n", false);
  server.take();
  const std::string line = "PRIVMSG #a :" + std::string(400, 'x') + "\r\n";
  while (server.chat().find_person("anna") != nullptr) {
    for (int i = 0; i < 100; ++i) server.send("bert", line, false);
    server.reactor().turn(milliseconds{1});
  }
}

std::vector<End> all_ends() {
  return {
      {"registration_timeout", "ERROR :Closing Link: 127.0.0.1 (Registration timed out)",
       [](auto& settings, auto&, auto&) { settings.registration_timeout = milliseconds{20}; },
       [](ExchangeServer& server) { server.connect_raw("anna"); }},
      {"ping_timeout", "ERROR :Closing Link: 127.0.0.1 (Ping timeout: 0 seconds)",
       [](auto& settings, auto&, auto&) { settings.ping_interval = milliseconds{20}; },
       [](ExchangeServer& server) { server.connect("anna", ""); }},
      {"idle_timeout", "ERROR :Closing Link: 127.0.0.1 (Idle timeout)",
       [](auto&, auto& limits, auto&) { limits.idle_timeout = milliseconds{40}; },
       [](ExchangeServer& server) { server.connect("anna", ""); }},
      {"output_limit", "ERROR :Closing Link: 127.0.0.1 (Output limit exceeded)", as_usual, stall},
      {"kill", "ERROR :Closing Link: 127.0.0.1 (Killed (bert (no more)))", as_usual,
       [](ExchangeServer& server) {
         server.connect("anna", "");
         server.connect("bert", "");
         server.send("bert", "OPER root secret\r\nKILL anna :no more\r\n", false);
       }},
      {"shutdown", "ERROR :Closing Link: the server is going down", as_usual,
       [](ExchangeServer& server) {
         server.connect("anna", "");
         server.service().shut_down(milliseconds{100}, [] {});
       }},
      {"too_many_of_an_address",
       "ERROR :Closing Link: 127.0.0.1 (Too many connections from your address)",
       [](auto&, auto&, auto& addresses) { addresses = {.most = 1, .counts_loopback = true}; },
       [](ExchangeServer& server) {
         server.connect("bert", "");
         server.connect_raw("anna");
       }},
      {"tls", "ERROR :Closing Link: 127.0.0.1 (This port does not speak TLS)", as_usual,
       [](ExchangeServer& server) {
         server.connect_raw("anna");
         server.send("anna", std::string("\x16\x03\x01\x02\x00\x01", 6), false);
       }},
      {"http", "ERROR :Closing Link: 127.0.0.1 (This is no web server)", as_usual,
       [](ExchangeServer& server) {
         server.connect_raw("anna");
         server.send("anna", "GET / HTTP/1.1\r\n\r\n", false);
       }},
      {"half_closed", "ERROR :Closing Link: 127.0.0.1 (Connection closed)", as_usual,
       [](ExchangeServer& server) {
         server.connect("anna", "");
         must(sys::shut_down_sending(server.socket_of("anna")), "shutdown");
       }},
  };
}

class Ends : public testing::TestWithParam<End> {};

TEST_P(Ends, that_the_server_chooses_have_ERROR_as_the_last_line) {
  irc::Settings settings = ExchangeServer::default_settings();
  ConnectionLimits limits;
  chat::AddressLimit::Settings addresses;
  GetParam().prepare(settings, limits, addresses);
  ExchangeServer server{settings, limits, {}, addresses};
  GetParam().lead(server);
  const Lines lines = server.take_to_the_end("anna");
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(lines.back(), GetParam().last_line);
  EXPECT_EQ(server.chat().find_person("anna"), nullptr);
  for (const std::string& line : lines) {
    EXPECT_LE(line.size(), irc::most_message_bytes - 2);
    if (line.find("PRIVMSG") != std::string::npos) {
      EXPECT_THAT(line, EndsWith(std::string(400, 'x'))) << "a message was cut";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Irc, Ends, testing::ValuesIn(all_ends()),
                         [](const testing::TestParamInfo<End>& end) { return end.param.name; });

TEST(OutputLimit, is_told_to_the_others_as_a_quit) {
  ExchangeServer server;
  stall(server);
  const Lines lines = server.take_until("bert", " QUIT ");
  EXPECT_THAT(lines.back(), EndsWith(" QUIT :Output limit exceeded"));
}

TEST(OutputLimit, of_less_than_two_messages_left_no_room_for_ERROR) {
  ConnectionLimits limits;
  limits.low_water_bytes = 100;
  limits.high_water_bytes = 200;
  limits.output_limit_bytes = 300;
  ExchangeServer server{ExchangeServer::default_settings(), limits};
  server.connect("anna", "");
  server.send("anna", "QUIT\r\n", false);
  EXPECT_THAT(server.take_to_the_end("anna").back(), HasSubstr("ERROR :Closing Link"));
}

TEST(OutputLimit, who_is_killed_while_going_for_it_still_gets_ERROR) {
  irc::Settings settings = ExchangeServer::default_settings();
  ConnectionLimits limits;
  limits.high_water_bytes = 1024;
  limits.low_water_bytes = 512;
  limits.output_limit_bytes = 10 * 1024;
  ExchangeServer server{settings, limits};
  server.connect("anna", "");
  server.connect("bert", "");
  server.send("bert", "OPER root secret\r\n", false);
  server.take();
  std::string lines;
  for (int i = 0; i < 40; ++i) lines += "PRIVMSG anna :" + std::string(400, 'x') + "\r\n";
  server.send("bert", lines + "KILL anna :x\r\n", false);
  EXPECT_THAT(server.take_to_the_end("anna").back(), HasSubstr("ERROR :Closing Link"));
}

// As many as may be wait in the backlog; who finds no descriptor is told and closed.
TEST(FullServer, tells_who_is_turned_away) {
  ExchangeServer server;
  server.connect_raw("anna");
  {
    const DescriptorLimit limit{static_cast<std::size_t>(server.socket_of("anna")) + 1};
    server.reactor().turn(milliseconds{100});
    server.reactor().turn(milliseconds{0});
  }
  EXPECT_EQ(server.take_to_the_end("anna").back(),
            "ERROR :Closing Link: the server is full; try again later");
}

TEST(ShutDown, in_the_middle_of_a_labelled_answer_left_its_batch_open) {
  ConnectionLimits limits;
  limits.high_water_bytes = 512;
  chat::ChatLimits chat_limits;
  chat_limits.rooms_of_a_person = 500;
  ExchangeServer server{ExchangeServer::default_settings(), limits, chat_limits};
  server.connect("anna", "batch labeled-response");
  chat::Person& anna = *server.chat().find_person("anna");
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(server.chat().join(anna, "room" + std::to_string(i)), chat::Refusal::none);
  }
  server.take();
  server.send("anna", "@label=x LIST\r\n", false);
  server.take_until("anna", "@label=x :irc.test BATCH +");
  ASSERT_FALSE(irc::Service::session_of(anna)->streams.empty()) << "all has been given";
  server.service().shut_down(milliseconds{100}, [] {});
  const Lines lines = server.take_to_the_end("anna");
  ASSERT_GE(lines.size(), 2U);
  EXPECT_THAT(lines[lines.size() - 2], StartsWith(":irc.test BATCH -"));
  EXPECT_EQ(lines.back(), "ERROR :Closing Link: the server is going down");
}

TEST(ShutDown, calls_back_when_the_last_has_gone) {
  ExchangeServer server;
  server.connect("anna", "");
  bool is_done = false;
  server.service().shut_down(milliseconds{100}, [&] { is_done = true; });
  EXPECT_THAT(server.take_until("anna", "ERROR").back(),
              "ERROR :Closing Link: the server is going down");
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (!is_done && std::chrono::steady_clock::now() < give_up) {
    server.reactor().turn(milliseconds{10});
  }
  EXPECT_TRUE(is_done);
}

}  // namespace
}  // namespace switchboard::test
