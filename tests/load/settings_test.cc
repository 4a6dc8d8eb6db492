#include "load/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace switchboard::load {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

Settings parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "switchboard-load");
  return std::get<Settings>(parse_settings(static_cast<int>(arguments.size()), arguments.data()));
}

std::string complaint(const std::vector<const char*>& arguments) {
  try {
    parse(arguments);
  } catch (const command_line::UsageError& mistake) {
    return mistake.what();
  }
  return "none";
}

TEST(Settings, have_defaults) {
  const Settings settings = parse({"echo"});
  EXPECT_EQ(settings.mode, Mode::echo);
  EXPECT_EQ(settings.server.to_string(), "tcp://127.0.0.1:7007");
  EXPECT_EQ(settings.connections, 1U);
  EXPECT_EQ(settings.message_bytes, 64U);
  EXPECT_EQ(settings.depth, 1U);
  EXPECT_EQ(settings.rate, 0U);
  EXPECT_EQ(settings.duration, milliseconds{3000});
  EXPECT_EQ(settings.warm_up, milliseconds{500});
  EXPECT_FALSE(settings.count);
  EXPECT_EQ(settings.backend, &default_backend());
}

TEST(Settings, are_taken_as_given) {
  const Settings settings =
      parse({"churn", "--server", "unix:///run/x", "--connections=7", "--size=1KiB", "--count=9",
             "--warm-up=0s", "--duration=40ms", "--server-pid=5", "--json", "--backend=poll"});
  EXPECT_EQ(settings.mode, Mode::churn);
  EXPECT_EQ(settings.server.to_string(), "unix:///run/x");
  EXPECT_EQ(settings.connections, 7U);
  EXPECT_EQ(settings.message_bytes, 1024U);
  EXPECT_EQ(settings.count, 9U);
  EXPECT_EQ(settings.duration, milliseconds{40});
  EXPECT_EQ(settings.server_pid, 5);
  EXPECT_TRUE(settings.json);
  EXPECT_EQ(settings.backend->name, "poll");
}

TEST(Settings, of_a_fanout_have_a_dialect_and_rooms) {
  const Settings usual = parse({"fanout"});
  EXPECT_EQ(usual.dialect->name, "plain");
  EXPECT_EQ(usual.rooms, 1U);
  EXPECT_EQ(usual.stopped, 0U);
  const Settings settings = parse({"fanout", "--dialect=nats", "--rooms=4", "--publishers=5",
                                   "--connections=8", "--on-demand"});
  EXPECT_EQ(settings.dialect->name, "nats");
  EXPECT_EQ(settings.rooms, 4U);
  EXPECT_TRUE(settings.on_demand);
}

TEST(Settings, of_a_crowd_have_people_in_rooms_and_some_who_leave) {
  const Settings usual = parse({"crowd"});
  EXPECT_EQ(usual.leavers, 0U);
  EXPECT_EQ(usual.rooms_each, 1U);
  const Settings settings = parse(
      {"crowd", "--dialect=irc", "--connections=9", "--rooms=4", "--rooms-each=2", "--leave=9"});
  EXPECT_EQ(settings.mode, Mode::crowd);
  EXPECT_EQ(settings.rooms_each, 2U);
  EXPECT_EQ(settings.leavers, 9U);
}

TEST(Settings, mistakes_name_the_option_and_the_mend) {
  EXPECT_THAT(complaint({"idle"}), HasSubstr("--server-pid"));
  EXPECT_THAT(complaint({"echo", "--size=0"}), HasSubstr("--size: '0' is no message; write 1"));
  EXPECT_THAT(complaint({"echo", "--rate", "5", "--depth", "2"}), HasSubstr("--depth and --rate"));
  EXPECT_THAT(complaint({"churn", "--rate", "5"}), HasSubstr("no option '--rate'"));
  EXPECT_THAT(complaint({"echo", "--server", "nowhere"}), HasSubstr("--server: "));
  EXPECT_THAT(complaint({"echo", "--count"}), HasSubstr("--count 10000"));
  EXPECT_THAT(complaint({"fanout", "--size=32"}), HasSubstr("write at least 64"));
  EXPECT_THAT(complaint({"fanout", "--dialect=irc", "--size=500"}), HasSubstr("at most 384"));
  EXPECT_THAT(complaint({"fanout", "--dialect=xmpp"}), HasSubstr("plain, redis, nats, irc"));
  EXPECT_THAT(complaint({"fanout", "--rooms=2", "--connections=9"}), HasSubstr("at most 1"));
  EXPECT_THAT(complaint({"fanout", "--dialect=nats", "--stopped=1"}), HasSubstr("--dialect plain"));
  EXPECT_THAT(complaint({"crowd", "--dialect=redis"}), HasSubstr("write plain or irc"));
  EXPECT_THAT(complaint({"crowd", "--rooms=2"}), HasSubstr("only 1 people"));
  EXPECT_THAT(complaint({"crowd", "--leave=2"}), HasSubstr("only 1 people"));
  EXPECT_THAT(complaint({"crowd", "--rooms=3", "--connections=3", "--rooms-each=2"}),
              HasSubstr("no more than 1"));
  EXPECT_THAT(complaint({"ecco"}), HasSubstr("no command 'ecco'"));
}

}  // namespace
}  // namespace switchboard::load
