#include "server/options.hpp"

#include <string>
#include <vector>

#include "support/backends.hpp"
#include "support/testing.hpp"

namespace switchboard::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::begins_with;
using test::contains;

Command parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "switchboard");
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

EchoOptions parse_echo(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "echo");
  return std::get<EchoOptions>(parse(std::move(arguments)));
}

TEST_CASE("echo options: every option has a default") {
  const EchoOptions options = parse_echo({});
  REQUIRE_EQ(options.listen.size(), 1U);
  CHECK_EQ(options.listen.front().to_string(), "tcp://127.0.0.1:7007");
  CHECK_EQ(options.backend, &default_backend());
  CHECK_EQ(options.limits.max_connections, SIZE_MAX);
  CHECK_EQ(options.limits.idle_timeout, seconds{300});
  CHECK_EQ(options.limits.keepalive.idle, seconds{60});
  CHECK_EQ(options.limits.keepalive.interval, seconds{10});
  CHECK_EQ(options.limits.keepalive.probes, 3);
  CHECK_EQ(options.limits.high_water_bytes, 256U * 1024);
  CHECK_EQ(options.limits.low_water_bytes, 64U * 1024);
  CHECK_EQ(options.limits.output_limit_bytes, 1024U * 1024);
  CHECK_EQ(options.drain_timeout, seconds{5});
  CHECK_EQ(options.log_level, LogLevel::info);
}

TEST_CASE("echo options: both spellings are taken") {
  const EchoOptions options =
      parse_echo({"--listen", "unix:///run/a.sock", "--listen=tcp://[::1]:9", "--backend=poll",
                  "--max-connections", "3", "--idle-timeout=250ms", "--high-water", "4KiB",
                  "--output-limit=8KB", "--drain-timeout", "1500ms", "--log-level=debug"});
  REQUIRE_EQ(options.listen.size(), 2U);
  CHECK_EQ(options.listen[0].to_string(), "unix:///run/a.sock");
  CHECK_EQ(options.listen[1].to_string(), "tcp://[::1]:9");
  CHECK_EQ(options.backend->name, "poll");
  CHECK_EQ(options.limits.max_connections, 3U);
  CHECK_EQ(options.limits.idle_timeout, milliseconds{250});
  CHECK_EQ(options.limits.high_water_bytes, 4096U);
  CHECK_EQ(options.limits.low_water_bytes, 1024U);
  CHECK_EQ(options.limits.output_limit_bytes, 8000U);
  CHECK_EQ(options.drain_timeout, milliseconds{1500});
  CHECK_EQ(options.log_level, LogLevel::debug);
}

TEST_CASE("echo options: off turns a limit off") {
  const EchoOptions options = parse_echo(
      {"--max-connections=off", "--idle-timeout=off", "--keepalive=off", "--output-limit=off"});
  CHECK_EQ(options.limits.max_connections, SIZE_MAX);
  CHECK_EQ(options.limits.idle_timeout, Nanoseconds::zero());
  CHECK_EQ(options.limits.keepalive.idle, Nanoseconds::zero());
  CHECK_EQ(options.limits.output_limit_bytes, SIZE_MAX);
}

TEST_CASE("echo options: a silent peer is given up after --keepalive, and not later") {
  for (const int whole : {2, 3, 4, 8, 10, 30, 90, 3600, 32'400}) {
    const std::string option = "--keepalive=" + std::to_string(whole) + "s";
    const sys::KeepAlive keepalive = parse_echo({option.c_str()}).limits.keepalive;
    CHECK_EQ(keepalive.idle + keepalive.probes * keepalive.interval, seconds{whole});
    CHECK_GE(keepalive.idle, seconds{1});
    CHECK_GE(keepalive.interval, seconds{1});
    CHECK_GE(keepalive.probes, 1);
    CHECK_LE(keepalive.probes, 3);
  }
  for (const char* option : {"--keepalive=1s", "--keepalive=10h"}) {
    CHECK_THROWS_AS(parse_echo({option}), command_line::UsageError);
  }
}

TEST_CASE("echo options: a short drain timeout does not hurry half-closed clients") {
  CHECK_EQ(parse_echo({"--drain-timeout=0s"}).drain_timeout, seconds{0});
  CHECK_EQ(parse_echo({"--drain-timeout=0s"}).limits.drain_timeout, seconds{10});
  CHECK_EQ(parse_echo({"--drain-timeout=1m"}).limits.drain_timeout, seconds{60});
}

TEST_CASE("echo options: port 0 may be listened on twice") {
  CHECK_EQ(parse_echo({"--listen=tcp://[::1]:0", "--listen=tcp://[::1]:0"}).listen.size(), 2U);
}

TEST_CASE("echo options: every available backend can be chosen") {
  for (const std::string& name : test::backend_names()) {
    CHECK_EQ(parse_echo({"--backend", name.c_str()}).backend->name, name);
  }
}

TEST_CASE("command line: the commands are told apart") {
  CHECK(std::holds_alternative<ListBackends>(parse({"backends"})));
  CHECK(std::holds_alternative<command_line::Usage>(parse({})));
  for (const char* option : {"--help", "-h", "--version"}) {
    CHECK_MESSAGE(std::holds_alternative<command_line::Information>(parse({option})), option);
    CHECK_MESSAGE(std::holds_alternative<command_line::Information>(parse({"echo", option})),
                  option);
    CHECK_MESSAGE(std::holds_alternative<command_line::Information>(parse({"backends", option})),
                  option);
  }
}

TEST_CASE("command line: the help names every option") {
  const std::string help = std::get<command_line::Information>(parse({"echo", "--help"})).text;
  for (const char* option :
       {"--listen ENDPOINT", "--backend NAME", "--max-connections N|off", "--idle-timeout TIME|off",
        "--keepalive TIME|off", "--high-water SIZE", "--output-limit SIZE|off",
        "--drain-timeout TIME", "--log-level LEVEL"}) {
    CHECK(contains(help, option));
  }
}

TEST_CASE("command line: the version names the backends and the compiler") {
  const std::string version = std::get<command_line::Information>(parse({"--version"})).text;
  CHECK(begins_with(version, "switchboard " SWITCHBOARD_VERSION "\nbackends: "));
  CHECK(contains(version, std::string{default_backend().name} + " (default)"));
  CHECK(contains(version, "compiler: "));
}

ChatOptions parse_chat(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "chat");
  return std::get<ChatOptions>(parse(std::move(arguments)));
}

// They were passed over in silence: an operator who had changed one and sent SIGHUP was told that
// all had been read, and waited in vain.
TEST_CASE("chat options: those that need a restart are named") {
  const ChatOptions old = parse_chat({});
  CHECK_EQ(
      needing_a_restart(old, parse_chat({"--flood", "2:1", "--network", "New", "--room-limit", "2",
                                         "--output-limit", "2MiB", "--idle-timeout", "3s"})),
      "");
  for (const auto& [option, value] :
       std::vector<std::pair<std::string, const char*>>{{"listen", "irc+tcp://127.0.0.1:6667"},
                                                        {"backend", "poll"},
                                                        {"keepalive", "off"},
                                                        {"server-name", "irc.example.org"}}) {
    CHECK_EQ(needing_a_restart(old, parse_chat({("--" + option).c_str(), value})), option);
  }
  CHECK_EQ(needing_a_restart(old, parse_chat({"--keepalive", "off", "--backend", "poll"})),
           "backend, keepalive");
}

}  // namespace
}  // namespace switchboard::server
