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

}  // namespace
}  // namespace switchboard::test
