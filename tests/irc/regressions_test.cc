// What went wrong once with a running service, each named after it; what an exchange can show is in
// exchanges/regressions.txt.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "irc/exchange.hpp"

namespace switchboard::test {
namespace {

using testing::Contains;
using testing::ElementsAre;

std::string repeated(const std::string& line, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += line;
  return all;
}

TEST(IrcRegressions, many_questions_at_once_whose_answers_closed_who_had_asked) {
  ExchangeServer server;
  server.connect("anna", "");
  server.send("anna", repeated("HELP\r\n", 1000), false);
  const auto lines = server.take()["anna"];
  EXPECT_EQ(std::ranges::count(lines, ":irc.test 706 anna * :HELP COMMAND tells its parameters"),
            1000);
  EXPECT_THAT(lines, testing::Not(Contains("<end>")));
}

TEST(IrcRegressions, capabilities_that_came_and_went_untold) {
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
  EXPECT_THAT(got["anna"],
              ElementsAre(":irc.test CAP anna DEL :sasl", ":irc.test CAP anna LIST :cap-notify"));
  EXPECT_THAT(got["bert"], ElementsAre(":irc.test CAP bert DEL :sasl"));
  server.service().reload(ExchangeServer::default_settings());
  got = server.take();
  EXPECT_THAT(got["anna"], ElementsAre(":irc.test CAP anna NEW :sasl=PLAIN"));
  EXPECT_THAT(got["bert"], ElementsAre(":irc.test CAP bert NEW :sasl"));
  EXPECT_THAT(got["carl"], ElementsAre());
}

TEST(IrcRegressions, a_complaint_about_the_configuration_that_became_two_messages) {
  ExchangeServer server;
  server.service().set_rehash([] { return std::string{"motd: cannot read '\r\nERROR :x'"}; });
  server.connect("anna", "");
  server.send("anna", "OPER root secret\r\nREHASH\r\n", false);
  EXPECT_THAT(server.take()["anna"],
              Contains(":irc.test NOTICE anna :Nothing has changed: motd: cannot read 'ERROR :x'"));
}

}  // namespace
}  // namespace switchboard::test
