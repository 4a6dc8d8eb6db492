// An idle server does nothing at all: none of its threads has been switched to and fro.
//
// A thread that makes a system call and then waits gives up the processor of its own accord, which
// proc(5) counts as a voluntary switch: while the count stands still, nobody has woken up.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <list>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "echo_server.hpp"
#include "support/backends.hpp"
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

// By thread.
using Switches = std::map<std::string, std::uint64_t>;

Switches count_switches(pid_t pid) {
  Switches switches;
  const std::filesystem::path tasks = "/proc/" + std::to_string(pid) + "/task";
  for (const auto& task : std::filesystem::directory_iterator{tasks}) {
    std::ifstream status{task.path() / "status"};
    std::string word;
    while (status >> word && word != "voluntary_ctxt_switches:") {
    }
    status >> switches[task.path().filename()];
  }
  return switches;
}

// Until the last echo is behind it: two looks that see the same.
Switches await_quiet(pid_t pid) {
  const auto deadline = std::chrono::steady_clock::now() + process_deadline;
  Switches before = count_switches(pid);
  while (std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds{200});
    Switches now = count_switches(pid);
    if (now == before) return now;
    before = std::move(now);
  }
  throw std::runtime_error("waited for the server to be quiet, which it never is");
}

// A server on every backend, each with connections that have had their echo.
void expect_no_system_call_for(std::chrono::seconds time) {
  constexpr int connections = 50;
  std::list<EchoServer> servers;
  std::list<Client> clients;
  for (const std::string& backend : backend_names()) {
    EchoServer& server = servers.emplace_back(std::vector<std::string>{"--backend", backend});
    for (int i = 0; i < connections; ++i) {
      CHECK(clients.emplace_back(server.endpoint()).echoes("hello"));
    }
  }
  std::vector<Switches> before;
  for (EchoServer& server : servers) before.push_back(await_quiet(server.process().pid()));
  std::this_thread::sleep_for(time);  // nothing is waited for: that nothing happens is the test
  auto expected = before.begin();
  for (EchoServer& server : servers) {
    INFO(server.ready_line());
    const Switches after = count_switches(server.process().pid());
    CHECK_MESSAGE(after.size() == 2U, "the loop, and the writer of the log");
    CHECK_EQ(after, *expected++);
  }
  for (Client& client : clients) CHECK(client.echoes("still there"));
}

TEST_CASE("idle server: no system call is made for seconds") {
  expect_no_system_call_for(std::chrono::seconds{3});
}

TEST_CASE("idle server: no system call is made for a minute") {
  expect_no_system_call_for(std::chrono::seconds{60});
}

}  // namespace
}  // namespace switchboard::test
