// switchboard-load against `switchboard echo`, each mode over each backend: what it says it did is
// what the server says it saw, to the byte; and its fan-out against `switchboard chat` and Redis.
// No figure of speed is looked at.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "chat/chat_server.hpp"
#include "server/echo_server.hpp"
#include "support/backends.hpp"
#include "support/foreign_servers.hpp"
#include "support/temporary_folder.hpp"

namespace switchboard::test {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

struct Outcome {
  int status;
  std::string output;
  std::string errors;
};

Outcome run_load(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), SWITCHBOARD_LOAD_PROGRAM);
  Process process{arguments};
  Outcome outcome{};
  outcome.output = process.read_all();
  outcome.errors = process.read_all_errors();
  outcome.status = process.wait();
  return outcome;
}

class LoadProgram : public testing::TestWithParam<std::string> {
 protected:
  // The report of a run in which nothing failed.
  Json measure(const std::string& mode, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     {mode, "--server", server.endpoint().to_string(), "--server-pid",
                      std::to_string(server.process().pid()), "--backend", GetParam(), "--json"});
    const Outcome outcome = run_load(arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    EXPECT_EQ(outcome.errors, "") << "no progress where nobody looks";
    Json report = Json::parse(outcome.output);
    EXPECT_EQ(report["failures"], Json::object());
    return report;
  }

  void expect_server_saw(std::uint64_t connections, std::uint64_t bytes) {
    server.process().signal(SIGTERM);
    const std::string line = server.process().await_error_line("msg=\"stopped\"");
    EXPECT_THAT(line, HasSubstr("connections_served=" + std::to_string(connections) +
                                " bytes=" + std::to_string(bytes)));
    EXPECT_EQ(server.process().wait(), 0);
  }

  EchoServer server{{"--backend", GetParam()}};
};

TEST_P(LoadProgram, closed_loop_for_a_second) {
  const Json report = measure("echo", {"--connections", "8", "--depth", "4", "--size", "100",
                                       "--warm-up", "100ms", "--duration", "1s"});
  EXPECT_EQ(report["bytes_sent"], report["bytes_received"]);
  EXPECT_GT(report["messages"], 0U);
  EXPECT_LE(report["messages"].get<std::uint64_t>() * 100, report["bytes_sent"]);
  EXPECT_GT(report["server"]["cpu_ns_per_message"], 0.0);
  expect_server_saw(8, report["bytes_sent"]);
}

TEST_P(LoadProgram, open_loop_for_a_second_sends_exactly_what_falls_due) {
  const Json report = measure(
      "echo", {"--connections", "5", "--rate", "3000", "--warm-up", "100ms", "--duration", "1s"});
  EXPECT_EQ(report["messages"], 3000U);
  EXPECT_EQ(report["bytes_received"], (5U + 300 + 3000) * 64);
  expect_server_saw(5, (5 + 300 + 3000) * 64);
}

TEST_P(LoadProgram, an_exact_count_of_messages) {
  const Json report = measure("echo", {"--connections", "3", "--depth", "5", "--size", "70KiB",
                                       "--warm-up", "0s", "--count", "100"});
  EXPECT_EQ(report["messages"], 100U);
  EXPECT_EQ(report["bytes_received"], 103U * 70 * 1024);
  expect_server_saw(3, 103 * 70 * 1024);
}

TEST_P(LoadProgram, idle_for_a_second) {
  const Json report =
      measure("idle", {"--connections", "50", "--warm-up", "50ms", "--duration", "1s"});
  EXPECT_EQ(report["connections"], 50U);
  EXPECT_GE(report["idle_seconds"], 1.0);
  expect_server_saw(50, 50 * 64);
}

TEST_P(LoadProgram, churn_for_a_second) {
  const Json report =
      measure("churn", {"--connections", "4", "--warm-up", "100ms", "--duration", "1s"});
  EXPECT_EQ(report["bytes_sent"], report["bytes_received"]);
  EXPECT_GT(report["messages"], 0U);
  const std::uint64_t bytes = report["bytes_sent"];
  expect_server_saw(bytes / 64, bytes);
}

TEST_P(LoadProgram, an_exact_count_of_connections) {
  const Json report = measure("churn", {"--connections", "4", "--warm-up", "0s", "--count", "300"});
  EXPECT_EQ(report["messages"], 300U);
  expect_server_saw(300, 300 * 64);
}

std::vector<std::string> backends_of_the_programs() {
  auto names = backend_names();
  std::erase(names, "kqueue");  // the shim is linked into tests only
  return names;
}

INSTANTIATE_TEST_SUITE_P(Backends, LoadProgram, testing::ValuesIn(backends_of_the_programs()),
                         name_of_backend);

TEST(LoadProgramOverUnix, echoes_and_churns) {
  const TemporaryFolder folder;
  EchoServer server{{"--listen", "unix://" + folder.file("socket")}};
  for (const char* mode : {"echo", "churn"}) {
    const Outcome outcome = run_load({mode, "--server", server.endpoint().to_string(),
                                      "--connections", "3", "--count", "500", "--warm-up", "0s"});
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.errors;
  }
}

// What each member got of 100 messages, in every room: each of them, once.
void expect_fanout_over(const Endpoint& endpoint, const std::string& dialect) {
  for (const char* rooms : {"1", "4"}) {
    const Outcome outcome = run_load(
        {"fanout", "--server", endpoint.to_string(), "--dialect", dialect, "--connections", "40",
         "--publishers", "8", "--rooms", rooms, "--depth", "20", "--count", "100", "--json"});
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.errors;
    const Json report = Json::parse(outcome.output);
    EXPECT_EQ(report["failures"], Json::object());
    EXPECT_EQ(report["messages"], 100U * 40 / std::stoul(rooms));
  }
}

TEST(LoadProgramFanout, over_our_chat) {
  ChatServer chat{{"--flood", "off", "--log-level", "error"}};
  expect_fanout_over(chat.endpoint(), "plain");
}

class LoadProgramChat : public testing::TestWithParam<std::string> {
 protected:
  Json run(const std::vector<std::string>& arguments) {
    std::vector<std::string> all = arguments;
    all.insert(all.end(), {"--server", chat.endpoint().to_string(), "--dialect", GetParam(),
                           "--json", "--server-pid", std::to_string(chat.process().pid())});
    const Outcome outcome = run_load(all);
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.errors;
    Json report = Json::parse(outcome.output);
    EXPECT_EQ(report["failures"], Json::object());
    return report;
  }

  ChatServer chat{{"--flood", "off", "--log-level", "error", "--output-limit", "256KiB"},
                  {GetParam() + "+tcp://127.0.0.1:0"}};
};

// They are closed at last, and told of to the others, who miss nothing.
TEST_P(LoadProgramChat, members_that_are_stopped_are_not_waited_for) {
  const Json report = run({"fanout", "--connections", "5", "--stopped", "2", "--size", "380",
                           "--depth", "100", "--warm-up", "0s", "--count", "20000"});
  EXPECT_EQ(report["messages"], 20'000U * 5);
  EXPECT_EQ(report["stopped"], 2U);
  EXPECT_GT(report["server"]["anonymous_most"], report["server"]["anonymous_before"]);
}

TEST_P(LoadProgramChat, those_who_stay_are_told_of_a_crowd_that_goes) {
  const bool is_irc = GetParam() == "irc";
  const Json report = run({"crowd", "--connections", "300", "--rooms", "10", "--rooms-each",
                           is_irc ? "2" : "1", "--leave", "100", "--warm-up", "10ms"});
  // 20 stay of each room, 10 go; in two rooms each, those of three rooms share one with somebody.
  EXPECT_EQ(report["told"], 200U * (is_irc ? 30 : 10));
  EXPECT_GT(report["bytes_per_person"], 0.0);
}

INSTANTIATE_TEST_SUITE_P(Dialects, LoadProgramChat, testing::Values("plain", "irc"),
                         [](const auto& dialect) { return dialect.param; });

TEST(LoadProgramChatFailures, a_member_that_cannot_be_stopped_in_a_room_says_why) {
  const Outcome outcome = run_load({"fanout", "--server", "unix:///nowhere", "--stopped", "1"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.errors, HasSubstr("a member that was to be stopped: "));
  EXPECT_THAT(outcome.errors, HasSubstr("did not get into their rooms"));
}

TEST(LoadProgramFanout, over_redis) {
  SWITCHBOARD_SKIP_WITHOUT("redis-server");
  const RedisServer server;
  expect_fanout_over(server.endpoint(), "redis");
}

// As bench/compare drives it: one report for each line of standard input.
TEST(LoadProgramFanout, on_demand_measures_again_with_the_same_people) {
  SWITCHBOARD_SKIP_WITHOUT("redis-server");
  const RedisServer server;
  const TemporaryFolder folder;
  const std::string input = folder.file("input");
  std::ofstream{input} << "\n\n\n";
  const sys::Descriptor lines{::open(input.c_str(), O_RDONLY | O_CLOEXEC)};
  Process process{
      {SWITCHBOARD_LOAD_PROGRAM, "fanout", "--server", server.endpoint().to_string(), "--dialect",
       "redis", "--connections", "5", "--publishers", "2", "--count", "7", "--on-demand", "--json"},
      {.input_fd = lines.get()}};
  for (int i = 0; i < 3; ++i) {
    const auto report = process.read_line();
    ASSERT_TRUE(report) << process.read_all_errors();
    EXPECT_EQ(Json::parse(*report)["messages"], 35U);
  }
  EXPECT_EQ(process.wait(), 0);
}

TEST(LoadProgramFailures, a_refusal_is_named_and_makes_the_exit_status_1) {
  EchoServer server;
  const std::string endpoint = server.endpoint().to_string();
  server.process().signal(SIGTERM);
  server.process().wait();
  for (const char* mode : {"echo", "churn"}) {
    const Outcome outcome = run_load({mode, "--server", endpoint, "--count", "5"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.output, HasSubstr("FAILED 1 x connect: Connection refused"));
  }
}

TEST(LoadProgramFailures, a_process_that_is_not_there_is_named) {
  EchoServer server;
  const Outcome outcome =
      run_load({"idle", "--server", server.endpoint().to_string(), "--server-pid", "4194303"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.errors, HasSubstr("4194303"));
}

TEST(LoadProgramFailures, more_connections_than_descriptors_says_how_many_would_do) {
  Process process{{SWITCHBOARD_LOAD_PROGRAM, "echo", "--connections", "100"},
                  {.descriptor_limit = 64}};
  EXPECT_THAT(process.read_all_errors(), HasSubstr("write at most 40"));
  EXPECT_EQ(process.wait(), 1);
}

}  // namespace
}  // namespace switchboard::test
