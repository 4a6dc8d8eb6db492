#include "load/settings.hpp"

#include <string>
#include <vector>

#include "support/testing.hpp"

namespace switchboard::load {
namespace {

using switchboard::test::contains;

using std::chrono::milliseconds;

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

TEST_CASE("settings: every one has a default") {
  const Settings settings = parse({"echo"});
  CHECK_EQ(settings.mode, Mode::echo);
  CHECK_EQ(settings.server.to_string(), "tcp://127.0.0.1:7007");
  CHECK_EQ(settings.connections, 1U);
  CHECK_EQ(settings.message_bytes, 64U);
  CHECK_EQ(settings.depth, 1U);
  CHECK_EQ(settings.rate, 0U);
  CHECK_EQ(settings.duration, milliseconds{3000});
  CHECK_EQ(settings.warm_up, milliseconds{500});
  CHECK_FALSE(settings.count);
  CHECK_EQ(settings.backend, &default_backend());
}

TEST_CASE("settings: they are taken as given") {
  const Settings settings =
      parse({"churn", "--server", "unix:///run/x", "--connections=7", "--size=1KiB", "--count=9",
             "--warm-up=0s", "--duration=40ms", "--server-pid=5", "--json", "--backend=poll"});
  CHECK_EQ(settings.mode, Mode::churn);
  CHECK_EQ(settings.server.to_string(), "unix:///run/x");
  CHECK_EQ(settings.connections, 7U);
  CHECK_EQ(settings.message_bytes, 1024U);
  CHECK_EQ(settings.count, 9U);
  CHECK_EQ(settings.duration, milliseconds{40});
  CHECK_EQ(settings.server_pid, 5);
  CHECK(settings.json);
  CHECK_EQ(settings.backend->name, "poll");
}

TEST_CASE("settings: a fan-out has a dialect and rooms") {
  const Settings usual = parse({"fanout"});
  CHECK_EQ(usual.dialect->name, "plain");
  CHECK_EQ(usual.rooms, 1U);
  CHECK_EQ(usual.stopped, 0U);
  const Settings settings = parse({"fanout", "--dialect=nats", "--rooms=4", "--publishers=5",
                                   "--connections=8", "--on-demand"});
  CHECK_EQ(settings.dialect->name, "nats");
  CHECK_EQ(settings.rooms, 4U);
  CHECK(settings.on_demand);
}

TEST_CASE("settings: a crowd has people in rooms, and some who leave") {
  const Settings usual = parse({"crowd"});
  CHECK_EQ(usual.leavers, 0U);
  CHECK_EQ(usual.rooms_each, 1U);
  const Settings settings = parse(
      {"crowd", "--dialect=irc", "--connections=9", "--rooms=4", "--rooms-each=2", "--leave=9"});
  CHECK_EQ(settings.mode, Mode::crowd);
  CHECK_EQ(settings.rooms_each, 2U);
  CHECK_EQ(settings.leavers, 9U);
}

TEST_CASE("settings: a mistake is answered with the option and the mend") {
  CHECK(contains(complaint({"idle"}), "--server-pid"));
  CHECK(contains(complaint({"echo", "--size=0"}), "--size: '0' is no message; write 1"));
  CHECK(contains(complaint({"echo", "--rate", "5", "--depth", "2"}), "--depth and --rate"));
  CHECK(contains(complaint({"churn", "--rate", "5"}), "no option '--rate'"));
  CHECK(contains(complaint({"echo", "--server", "nowhere"}), "--server: "));
  CHECK(contains(complaint({"echo", "--count"}), "--count 10000"));
  CHECK(contains(complaint({"fanout", "--size=32"}), "write at least 64"));
  CHECK(contains(complaint({"fanout", "--dialect=irc", "--size=500"}), "at most 384"));
  CHECK(contains(complaint({"fanout", "--dialect=xmpp"}), "plain, redis, nats, irc"));
  CHECK(contains(complaint({"fanout", "--rooms=2", "--connections=9"}), "at most 1"));
  CHECK(contains(complaint({"fanout", "--dialect=nats", "--stopped=1"}), "--dialect plain"));
  CHECK(contains(complaint({"crowd", "--dialect=redis"}), "write plain or irc"));
  CHECK(contains(complaint({"crowd", "--rooms=2"}), "only 1 people"));
  CHECK(contains(complaint({"crowd", "--leave=2"}), "only 1 people"));
  CHECK(contains(complaint({"crowd", "--rooms=3", "--connections=3", "--rooms-each=2"}),
                 "no more than 1"));
  CHECK(contains(complaint({"ecco"}), "no command 'ecco'"));
}

}  // namespace
}  // namespace switchboard::load
