#include "server/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/backends.hpp"

namespace switchboard::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::StartsWith;

Command parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "switchboard");
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

EchoOptions parse_echo(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "echo");
  return std::get<EchoOptions>(parse(std::move(arguments)));
}

TEST(EchoOptions, HaveDefaults) {
  const EchoOptions options = parse_echo({});
  ASSERT_EQ(options.listen.size(), 1U);
  EXPECT_EQ(options.listen.front().to_string(), "tcp://127.0.0.1:7007");
  EXPECT_EQ(options.backend, &default_backend());
  EXPECT_EQ(options.limits.max_connections, SIZE_MAX);
  EXPECT_EQ(options.limits.idle_timeout, seconds{300});
  EXPECT_EQ(options.limits.keepalive.idle, seconds{60});
  EXPECT_EQ(options.limits.keepalive.interval, seconds{10});
  EXPECT_EQ(options.limits.keepalive.probes, 3);
  EXPECT_EQ(options.limits.high_water_bytes, 256U * 1024);
  EXPECT_EQ(options.limits.low_water_bytes, 64U * 1024);
  EXPECT_EQ(options.limits.output_limit_bytes, 1024U * 1024);
  EXPECT_EQ(options.drain_timeout, seconds{5});
  EXPECT_EQ(options.log_level, LogLevel::info);
}

TEST(EchoOptions, AreTakenInBothSpellings) {
  const EchoOptions options =
      parse_echo({"--listen", "unix:///run/a.sock", "--listen=tcp://[::1]:9", "--backend=poll",
                  "--max-connections", "3", "--idle-timeout=250ms", "--high-water", "4KiB",
                  "--output-limit=8KB", "--drain-timeout", "1500ms", "--log-level=debug"});
  ASSERT_EQ(options.listen.size(), 2U);
  EXPECT_EQ(options.listen[0].to_string(), "unix:///run/a.sock");
  EXPECT_EQ(options.listen[1].to_string(), "tcp://[::1]:9");
  EXPECT_EQ(options.backend->name, "poll");
  EXPECT_EQ(options.limits.max_connections, 3U);
  EXPECT_EQ(options.limits.idle_timeout, milliseconds{250});
  EXPECT_EQ(options.limits.high_water_bytes, 4096U);
  EXPECT_EQ(options.limits.low_water_bytes, 1024U);
  EXPECT_EQ(options.limits.output_limit_bytes, 8000U);
  EXPECT_EQ(options.drain_timeout, milliseconds{1500});
  EXPECT_EQ(options.log_level, LogLevel::debug);
}

TEST(EchoOptions, OffTurnsLimitsOff) {
  const EchoOptions options = parse_echo(
      {"--max-connections=off", "--idle-timeout=off", "--keepalive=off", "--output-limit=off"});
  EXPECT_EQ(options.limits.max_connections, SIZE_MAX);
  EXPECT_EQ(options.limits.idle_timeout, Nanoseconds::zero());
  EXPECT_EQ(options.limits.keepalive.idle, Nanoseconds::zero());
  EXPECT_EQ(options.limits.output_limit_bytes, SIZE_MAX);
}

TEST(EchoOptions, ASilentPeerIsGivenUpAfterKeepaliveAndNotLater) {
  for (const int whole : {2, 3, 4, 8, 10, 30, 90, 3600, 32'400}) {
    const std::string option = "--keepalive=" + std::to_string(whole) + "s";
    const sys::KeepAlive keepalive = parse_echo({option.c_str()}).limits.keepalive;
    EXPECT_EQ(keepalive.idle + keepalive.probes * keepalive.interval, seconds{whole});
    EXPECT_GE(keepalive.idle, seconds{1});
    EXPECT_GE(keepalive.interval, seconds{1});
    EXPECT_GE(keepalive.probes, 1);
    EXPECT_LE(keepalive.probes, 3);
  }
  for (const char* option : {"--keepalive=1s", "--keepalive=10h"}) {
    EXPECT_THROW(parse_echo({option}), command_line::UsageError) << option;
  }
}

TEST(EchoOptions, AShortShutdownDoesNotHurryHalfClosedClients) {
  EXPECT_EQ(parse_echo({"--drain-timeout=0s"}).drain_timeout, seconds{0});
  EXPECT_EQ(parse_echo({"--drain-timeout=0s"}).limits.drain_timeout, seconds{10});
  EXPECT_EQ(parse_echo({"--drain-timeout=1m"}).limits.drain_timeout, seconds{60});
}

TEST(EchoOptions, PortZeroMayBeListenedOnTwice) {
  EXPECT_EQ(parse_echo({"--listen=tcp://[::1]:0", "--listen=tcp://[::1]:0"}).listen.size(), 2U);
}

TEST(EchoOptions, EveryAvailableBackendCanBeChosen) {
  for (const std::string& name : test::backend_names()) {
    EXPECT_EQ(parse_echo({"--backend", name.c_str()}).backend->name, name);
  }
}

TEST(CommandLine, TellsTheCommandsApart) {
  EXPECT_TRUE(std::holds_alternative<ListBackends>(parse({"backends"})));
  EXPECT_TRUE(std::holds_alternative<command_line::Usage>(parse({})));
  for (const char* option : {"--help", "-h", "--version"}) {
    EXPECT_TRUE(std::holds_alternative<command_line::Information>(parse({option}))) << option;
    EXPECT_TRUE(std::holds_alternative<command_line::Information>(parse({"echo", option})))
        << option;
    EXPECT_TRUE(std::holds_alternative<command_line::Information>(parse({"backends", option})))
        << option;
  }
}

TEST(CommandLine, HelpNamesEveryOption) {
  const std::string help = std::get<command_line::Information>(parse({"echo", "--help"})).text;
  for (const char* option :
       {"--listen ENDPOINT", "--backend NAME", "--max-connections N|off", "--idle-timeout TIME|off",
        "--keepalive TIME|off", "--high-water SIZE", "--output-limit SIZE|off",
        "--drain-timeout TIME", "--log-level LEVEL"}) {
    EXPECT_THAT(help, HasSubstr(option));
  }
}

TEST(CommandLine, VersionNamesBackendsAndCompiler) {
  const std::string version = std::get<command_line::Information>(parse({"--version"})).text;
  EXPECT_THAT(version, StartsWith("switchboard " SWITCHBOARD_VERSION "\nbackends: "));
  EXPECT_THAT(version, HasSubstr(std::string{default_backend().name} + " (default)"));
  EXPECT_THAT(version, HasSubstr("compiler: "));
}

ChatOptions parse_chat(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "chat");
  return std::get<ChatOptions>(parse(std::move(arguments)));
}

// Whoever had changed one and sent SIGHUP was told that all had been read, and waited in vain.
TEST(ChatOptions, that_need_a_restart_were_passed_over_in_silence) {
  const ChatOptions old = parse_chat({});
  EXPECT_EQ(
      needing_a_restart(old, parse_chat({"--flood", "2:1", "--network", "New", "--room-limit", "2",
                                         "--output-limit", "2MiB", "--idle-timeout", "3s"})),
      "");
  for (const auto& [option, value] :
       std::vector<std::pair<std::string, const char*>>{{"listen", "irc+tcp://127.0.0.1:6667"},
                                                        {"backend", "poll"},
                                                        {"keepalive", "off"},
                                                        {"server-name", "irc.example.org"}}) {
    EXPECT_EQ(needing_a_restart(old, parse_chat({("--" + option).c_str(), value})), option);
  }
  EXPECT_EQ(needing_a_restart(old, parse_chat({"--keepalive", "off", "--backend", "poll"})),
            "backend, keepalive");
}

}  // namespace
}  // namespace switchboard::server
