// ERROR is the last line of every close that the server chose, whatever it was chosen for. Those
// that a client asks for (QUIT), and a line without an end, are exchanges:
// exchanges/registration.txt.
#include <functional>
#include <list>
#include <string>
#include <vector>

#include "irc/exchange.hpp"
#include "support/descriptor_limit.hpp"
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

using std::chrono::milliseconds;

struct End {
  std::string name;
  std::string last_line;
  // Settings and limits, then what leads to the end of "anna".
  std::function<void(irc::Settings&, ConnectionLimits&, chat::AddressLimit::Settings&)> prepare;
  std::function<void(ExchangeServer&)> lead;
};

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
      {"a registration timeout", "ERROR :Closing Link: 127.0.0.1 (Registration timed out)",
       [](auto& settings, auto&, auto&) { settings.registration_timeout = milliseconds{20}; },
       [](ExchangeServer& server) { server.connect_raw("anna"); }},
      {"a ping timeout", "ERROR :Closing Link: 127.0.0.1 (Ping timeout: 0 seconds)",
       [](auto& settings, auto&, auto&) { settings.ping_interval = milliseconds{20}; },
       [](ExchangeServer& server) { server.connect("anna", ""); }},
      {"an idle timeout", "ERROR :Closing Link: 127.0.0.1 (Idle timeout)",
       [](auto&, auto& limits, auto&) { limits.idle_timeout = milliseconds{40}; },
       [](ExchangeServer& server) { server.connect("anna", ""); }},
      {"the output limit", "ERROR :Closing Link: 127.0.0.1 (Output limit exceeded)", as_usual,
       stall},
      {"KILL", "ERROR :Closing Link: 127.0.0.1 (Killed (bert (no more)))", as_usual,
       [](ExchangeServer& server) {
         server.connect("anna", "");
         server.connect("bert", "");
         server.send("bert", "OPER root secret\r\nKILL anna :no more\r\n", false);
       }},
      {"the shutdown of the server", "ERROR :Closing Link: the server is going down", as_usual,
       [](ExchangeServer& server) {
         server.connect("anna", "");
         server.service().shut_down(milliseconds{100}, [] {});
       }},
      {"too many connections from an address",
       "ERROR :Closing Link: 127.0.0.1 (Too many connections from your address)",
       [](auto&, auto&, auto& addresses) { addresses = {.most = 1, .counts_loopback = true}; },
       [](ExchangeServer& server) {
         server.connect("bert", "");
         server.connect_raw("anna");
       }},
      {"TLS", "ERROR :Closing Link: 127.0.0.1 (This port does not speak TLS)", as_usual,
       [](ExchangeServer& server) {
         server.connect_raw("anna");
         server.send("anna", std::string("\x16\x03\x01\x02\x00\x01", 6), false);
       }},
      {"HTTP", "ERROR :Closing Link: 127.0.0.1 (This is no web server)", as_usual,
       [](ExchangeServer& server) {
         server.connect_raw("anna");
         server.send("anna", "GET / HTTP/1.1\r\n\r\n", false);
       }},
      {"a half-closed connection", "ERROR :Closing Link: 127.0.0.1 (Connection closed)", as_usual,
       [](ExchangeServer& server) {
         server.connect("anna", "");
         must(sys::shut_down_sending(server.socket_of("anna")), "shutdown");
       }},
  };
}

CASES("irc: a close by the server has ERROR as its last line", all_ends(), const End& end) {
  irc::Settings settings = ExchangeServer::default_settings();
  ConnectionLimits limits;
  chat::AddressLimit::Settings addresses;
  end.prepare(settings, limits, addresses);
  ExchangeServer server{settings, limits, {}, addresses};
  end.lead(server);
  const Texts lines = server.take_to_the_end("anna");
  REQUIRE_FALSE(lines.empty());
  CHECK_EQ(lines.back(), end.last_line);
  CHECK_EQ(server.chat().find_person("anna"), nullptr);
  for (const std::string& line : lines) {
    CHECK_LE(line.size(), irc::most_message_bytes - 2);
    if (line.find("PRIVMSG") != std::string::npos) {
      INFO("no message is cut");
      CHECK(ends_with(line, std::string(400, 'x')));
    }
  }
}

TEST_CASE("irc: a close for the output limit is told to the others as a quit") {
  ExchangeServer server;
  stall(server);
  const Texts lines = server.take_until("bert", " QUIT ");
  CHECK(ends_with(lines.back(), " QUIT :Output limit exceeded"));
}

TEST_CASE("irc: an output limit below two messages left no room for ERROR") {
  ConnectionLimits limits;
  limits.low_water_bytes = 100;
  limits.high_water_bytes = 200;
  limits.output_limit_bytes = 300;
  ExchangeServer server{ExchangeServer::default_settings(), limits};
  server.connect("anna", "");
  server.send("anna", "QUIT\r\n", false);
  CHECK(contains(server.take_to_the_end("anna").back(), "ERROR :Closing Link"));
}

TEST_CASE("irc: KILL of a client over its output limit still sends ERROR") {
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
  CHECK(contains(server.take_to_the_end("anna").back(), "ERROR :Closing Link"));
}

// As many as may be wait in the backlog; one that finds no descriptor is told and closed.
TEST_CASE("irc: a full server says so to the client that it turns away") {
  ExchangeServer server;
  server.connect_raw("anna");
  {
    const DescriptorLimit limit{static_cast<std::size_t>(server.socket_of("anna")) + 1};
    server.reactor().turn(milliseconds{100});
    server.reactor().turn(milliseconds{0});
  }
  CHECK_EQ(server.take_to_the_end("anna").back(),
           "ERROR :Closing Link: the server is full; try again later");
}

TEST_CASE("irc: a shutdown in the middle of a labelled answer left its batch open") {
  ConnectionLimits limits;
  limits.high_water_bytes = 512;
  chat::ChatLimits chat_limits;
  chat_limits.rooms_of_a_person = 500;
  ExchangeServer server{ExchangeServer::default_settings(), limits, chat_limits};
  server.connect("anna", "batch labeled-response");
  chat::Person& anna = *server.chat().find_person("anna");
  for (int i = 0; i < 500; ++i) {
    REQUIRE_EQ(server.chat().join(anna, "room" + std::to_string(i)), chat::Refusal::none);
  }
  server.take();
  server.send("anna", "@label=x LIST\r\n", false);
  server.take_until("anna", "@label=x :irc.test BATCH +");
  REQUIRE_FALSE_MESSAGE(irc::Service::session_of(anna)->streams.empty(),
                        "the whole list has been given");
  server.service().shut_down(milliseconds{100}, [] {});
  const Texts lines = server.take_to_the_end("anna");
  REQUIRE_GE(lines.size(), 2U);
  CHECK(begins_with(lines[lines.size() - 2], ":irc.test BATCH -"));
  CHECK_EQ(lines.back(), "ERROR :Closing Link: the server is going down");
}

TEST_CASE("irc: a shutdown calls back when the last client has gone") {
  ExchangeServer server;
  server.connect("anna", "");
  bool is_done = false;
  server.service().shut_down(milliseconds{100}, [&] { is_done = true; });
  CHECK_EQ(server.take_until("anna", "ERROR").back(),
           "ERROR :Closing Link: the server is going down");
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (!is_done && std::chrono::steady_clock::now() < give_up) {
    server.reactor().turn(milliseconds{10});
  }
  CHECK(is_done);
}

}  // namespace
}  // namespace switchboard::test
