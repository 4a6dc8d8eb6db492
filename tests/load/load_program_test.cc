// switchboard-load against `switchboard echo`, each mode over each backend: its own account is that
// of the server, to the byte; and its fan-out against `switchboard chat` and Redis.
// No figure of speed is looked at.
#include <fcntl.h>
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
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

using Json = nlohmann::json;

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

std::vector<std::string> backends_of_the_programs() {
  auto names = backend_names();
  std::erase(names, "kqueue");  // the shim is linked into tests only
  return names;
}

class LoadProgram {
 protected:
  static auto rows() { return backends_of_the_programs(); }
  explicit LoadProgram(const std::string& its_backend) : backend(its_backend) {}

  // The report of a run in which nothing failed.
  Json measure(const std::string& mode, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     {mode, "--server", server.endpoint().to_string(), "--server-pid",
                      std::to_string(server.process().pid()), "--backend", backend, "--json"});
    const Outcome outcome = run_load(arguments);
    CHECK_MESSAGE(outcome.status == 0, outcome.errors);
    CHECK_MESSAGE(outcome.errors == "", "no progress where nobody looks");
    Json report = Json::parse(outcome.output);
    CHECK_EQ(report["failures"], Json::object());
    return report;
  }

  void expect_server_saw(std::uint64_t connections, std::uint64_t bytes) {
    server.process().signal(SIGTERM);
    const std::string line = server.process().await_error_line("msg=\"stopped\"");
    CHECK(contains(line, "connections_served=" + std::to_string(connections) +
                             " bytes=" + std::to_string(bytes)));
    CHECK_EQ(server.process().wait(), 0);
  }

  const std::string backend;
  EchoServer server{{"--backend", backend}};
};

CASES_FIXTURE(LoadProgram, "load program: a closed loop runs for a second") {
  const Json report = measure("echo", {"--connections", "8", "--depth", "4", "--size", "100",
                                       "--warm-up", "100ms", "--duration", "1s"});
  CHECK_EQ(report["bytes_sent"], report["bytes_received"]);
  CHECK_GT(report["messages"], 0U);
  CHECK_LE(report["messages"].get<std::uint64_t>() * 100, report["bytes_sent"]);
  CHECK_GT(report["server"]["cpu_ns_per_message"], 0.0);
  expect_server_saw(8, report["bytes_sent"]);
}

CASES_FIXTURE(LoadProgram,
              "load program: an open loop sends exactly as much as falls due in a second") {
  const Json report = measure(
      "echo", {"--connections", "5", "--rate", "3000", "--warm-up", "100ms", "--duration", "1s"});
  CHECK_EQ(report["messages"], 3000U);
  CHECK_EQ(report["bytes_received"], (5U + 300 + 3000) * 64);
  expect_server_saw(5, (5 + 300 + 3000) * 64);
}

CASES_FIXTURE(LoadProgram, "load program: an exact count of messages is sent") {
  const Json report = measure("echo", {"--connections", "3", "--depth", "5", "--size", "70KiB",
                                       "--warm-up", "0s", "--count", "100"});
  CHECK_EQ(report["messages"], 100U);
  CHECK_EQ(report["bytes_received"], 103U * 70 * 1024);
  expect_server_saw(3, 103 * 70 * 1024);
}

CASES_FIXTURE(LoadProgram, "load program: idle connections are held for a second") {
  const Json report =
      measure("idle", {"--connections", "50", "--warm-up", "50ms", "--duration", "1s"});
  CHECK_EQ(report["connections"], 50U);
  CHECK_GE(report["idle_seconds"], 1.0);
  expect_server_saw(50, 50 * 64);
}

CASES_FIXTURE(LoadProgram, "load program: connections are churned for a second") {
  const Json report =
      measure("churn", {"--connections", "4", "--warm-up", "100ms", "--duration", "1s"});
  CHECK_EQ(report["bytes_sent"], report["bytes_received"]);
  CHECK_GT(report["messages"], 0U);
  const std::uint64_t bytes = report["bytes_sent"];
  expect_server_saw(bytes / 64, bytes);
}

CASES_FIXTURE(LoadProgram, "load program: an exact count of connections is made") {
  const Json report = measure("churn", {"--connections", "4", "--warm-up", "0s", "--count", "300"});
  CHECK_EQ(report["messages"], 300U);
  expect_server_saw(300, 300 * 64);
}

TEST_CASE("load program: echo and churn go over a Unix socket") {
  const TemporaryFolder folder;
  EchoServer server{{"--listen", "unix://" + folder.file("socket")}};
  for (const char* mode : {"echo", "churn"}) {
    const Outcome outcome = run_load({mode, "--server", server.endpoint().to_string(),
                                      "--connections", "3", "--count", "500", "--warm-up", "0s"});
    CHECK_MESSAGE(outcome.status == 0, outcome.output, outcome.errors);
  }
}

// Each member gets each of 100 messages once, in every room.
void expect_fanout_over(const Endpoint& endpoint, const std::string& dialect) {
  for (const char* rooms : {"1", "4"}) {
    const Outcome outcome = run_load(
        {"fanout", "--server", endpoint.to_string(), "--dialect", dialect, "--connections", "40",
         "--publishers", "8", "--rooms", rooms, "--depth", "20", "--count", "100", "--json"});
    CHECK_MESSAGE(outcome.status == 0, outcome.output, outcome.errors);
    const Json report = Json::parse(outcome.output);
    CHECK_EQ(report["failures"], Json::object());
    CHECK_EQ(report["messages"], 100U * 40 / std::stoul(rooms));
  }
}

TEST_CASE("load program: a fan-out over our chat reaches every member") {
  const std::string dialect;
  ChatServer chat{{"--flood", "off", "--log-level", "error"}};
  expect_fanout_over(chat.endpoint(), "plain");
}

class LoadProgramOnChat {
 protected:
  static auto rows() { return Texts{"plain", "irc"}; }
  explicit LoadProgramOnChat(const std::string& its_dialect) : dialect(its_dialect) {}

  Json run(const std::vector<std::string>& arguments) {
    std::vector<std::string> all = arguments;
    all.insert(all.end(), {"--server", chat.endpoint().to_string(), "--dialect", dialect, "--json",
                           "--server-pid", std::to_string(chat.process().pid())});
    const Outcome outcome = run_load(all);
    CHECK_MESSAGE(outcome.status == 0, outcome.output, outcome.errors);
    Json report = Json::parse(outcome.output);
    CHECK_EQ(report["failures"], Json::object());
    return report;
  }

  const std::string dialect;
  ChatServer chat{{"--flood", "off", "--log-level", "error", "--output-limit", "256KiB"},
                  {dialect + "+tcp://127.0.0.1:0"}};
};

// They are closed at last, and told of to the others, who miss nothing.
CASES_FIXTURE(LoadProgramOnChat, "load program: members that are stopped are not waited for") {
  const Json report = run({"fanout", "--connections", "5", "--stopped", "2", "--size", "380",
                           "--depth", "100", "--warm-up", "0s", "--count", "20000"});
  CHECK_EQ(report["messages"], 20'000U * 5);
  CHECK_EQ(report["stopped"], 2U);
  CHECK_GT(report["server"]["anonymous_most"], report["server"]["anonymous_before"]);
}

CASES_FIXTURE(LoadProgramOnChat, "load program: those who stay are told of a crowd that goes") {
  const bool is_irc = dialect == "irc";
  const Json report = run({"crowd", "--connections", "300", "--rooms", "10", "--rooms-each",
                           is_irc ? "2" : "1", "--leave", "100", "--warm-up", "10ms"});
  // 20 stay of each room, 10 go; in two rooms each, those of three rooms share one with somebody.
  CHECK_EQ(report["told"], 200U * (is_irc ? 30 : 10));
  CHECK_GT(report["bytes_per_person"], 0.0);
}

TEST_CASE("load program: a member that cannot be stopped in a room says why") {
  const Outcome outcome = run_load({"fanout", "--server", "unix:///nowhere", "--stopped", "1"});
  CHECK_EQ(outcome.status, 1);
  CHECK(contains(outcome.errors, "a member that was to be stopped: "));
  CHECK(contains(outcome.errors, "did not get into their rooms"));
}

TEST_CASE("load program: a fan-out over Redis reaches every member") {
  skip_without("redis-server");
  const RedisServer server;
  expect_fanout_over(server.endpoint(), "redis");
}

// As bench/compare drives it: one report for each line of standard input.
TEST_CASE("load program: on demand it measures again with the same people") {
  skip_without("redis-server");
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
    REQUIRE_MESSAGE(report, process.read_all_errors());
    CHECK_EQ(Json::parse(*report)["messages"], 35U);
  }
  CHECK_EQ(process.wait(), 0);
}

TEST_CASE("load program: a refusal is named and makes the exit status 1") {
  EchoServer server;
  const std::string endpoint = server.endpoint().to_string();
  server.process().signal(SIGTERM);
  server.process().wait();
  for (const char* mode : {"echo", "churn"}) {
    const Outcome outcome = run_load({mode, "--server", endpoint, "--count", "5"});
    CHECK_EQ(outcome.status, 1);
    CHECK(contains(outcome.output, "FAILED 1 x connect: Connection refused"));
  }
}

TEST_CASE("load program: a process that is not there is named") {
  EchoServer server;
  const Outcome outcome =
      run_load({"idle", "--server", server.endpoint().to_string(), "--server-pid", "4194303"});
  CHECK_EQ(outcome.status, 1);
  CHECK(contains(outcome.errors, "4194303"));
}

TEST_CASE("load program: more connections than descriptors are refused with how many would do") {
  Process process{{SWITCHBOARD_LOAD_PROGRAM, "echo", "--connections", "100"},
                  {.descriptor_limit = 64}};
  CHECK(contains(process.read_all_errors(), "write at most 40"));
  CHECK_EQ(process.wait(), 1);
}

}  // namespace
}  // namespace switchboard::test
