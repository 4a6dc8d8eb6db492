// What went wrong once with a running service, each named after it; what an exchange can show is in
// exchanges/regressions.txt.
#include <algorithm>
#include <string>
#include <vector>

#include "irc/exchange.hpp"
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

std::string repeated(const std::string& line, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += line;
  return all;
}

TEST_CASE("irc: the answers to many questions at once closed the connection") {
  ExchangeServer server;
  server.connect("anna", "");
  server.send("anna", repeated("HELP\r\n", 1000), false);
  const auto lines = server.take()["anna"];
  CHECK_EQ(std::ranges::count(lines, ":irc.test 706 anna * :HELP COMMAND tells its parameters"),
           1000);
  CHECK_EQ(std::ranges::count(lines, "<end>"), 0);
}

TEST_CASE("irc: capabilities came and went untold") {
  ExchangeServer server;
  server.connect_raw("anna");
  server.send("anna", "CAP LS 302\r\nNICK anna\r\nUSER anna 0 * :A\r\nCAP REQ sasl\r\nCAP END\r\n",
              false);
  server.connect("bert", "cap-notify");
  server.connect("carl", "");
  server.take();
  irc::Settings settings = ExchangeServer::default_settings();
  settings.offers_sasl = false;
  server.service().reload(settings);
  server.send("anna", "CAP LIST\r\n", false);
  auto got = server.take();
  CHECK_EQ(got["anna"],
           Texts{":irc.test CAP anna DEL :sasl", ":irc.test CAP anna LIST :cap-notify"});
  CHECK_EQ(got["bert"], Texts{":irc.test CAP bert DEL :sasl"});
  server.service().reload(ExchangeServer::default_settings());
  got = server.take();
  CHECK_EQ(got["anna"], Texts{":irc.test CAP anna NEW :sasl=PLAIN"});
  CHECK_EQ(got["bert"], Texts{":irc.test CAP bert NEW :sasl"});
  CHECK_EQ(got["carl"], Texts{});
}

TEST_CASE("irc: a complaint about the configuration became two messages") {
  ExchangeServer server;
  server.service().set_rehash([] { return std::string{"motd: cannot read '\r\nERROR :x'"}; });
  server.connect("anna", "");
  server.send("anna", "OPER root secret\r\nREHASH\r\n", false);
  const Texts lines = server.take()["anna"];
  REQUIRE_FALSE(lines.empty());
  CHECK_EQ(lines.back(),
           ":irc.test NOTICE anna :Nothing has changed: motd: cannot read 'ERROR :x'");
}

}  // namespace
}  // namespace switchboard::test
