// The program under clients that are killed, stopped, resumed and reset in mid-flow, over every
// poller there really is. switchboard-load is the client: it compares every byte.
#include <signal.h>
#include <sys/wait.h>

#include <filesystem>
#include <iterator>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "server/echo_server.hpp"
#include "support/backends.hpp"
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

class RoughClients {
 protected:
  static auto rows() { return backend_names(); }
  explicit RoughClients(const std::string& its_backend) : backend(its_backend) {}

  // A process of `connections` clients that keep many messages under way.
  std::unique_ptr<Process> start_clients(int connections, const std::string& duration) {
    return std::make_unique<Process>(std::vector<std::string>{
        SWITCHBOARD_LOAD_PROGRAM, "echo", "--server", server.endpoint().to_string(),
        "--connections", std::to_string(connections), "--depth", "8", "--size", "8KiB", "--warm-up",
        "0s", "--duration", duration});
  }

  // Until the log has told of so many connections in all.
  void await_log(std::size_t opened, std::size_t closed) {
    while (opened_ < opened || closed_.size() < closed) {
      std::string line = server.process().await_error_line("connection ");
      if (line.find("connection opened") != std::string::npos) {
        ++opened_;
      } else {
        closed_.push_back(std::move(line));
      }
    }
  }
  void await_opened(std::size_t count) { await_log(count, 0); }
  const std::vector<std::string>& await_closed(std::size_t count) {
    await_log(0, count);
    return closed_;
  }

  // That is: everything else flows.
  static void expect_served(Client& client) {
    for (int i = 0; i < 50; ++i) REQUIRE(client.echoes("a byte of the others' flow"));
  }

  std::ptrdiff_t descriptors() {
    const std::string folder = "/proc/" + std::to_string(server.process().pid()) + "/fd";
    return std::distance(std::filesystem::directory_iterator{folder}, {});
  }

  const std::string backend;
  EchoServer server{{"--backend", backend, "--log-level", "debug"}};

 private:
  std::size_t opened_ = 0;
  std::vector<std::string> closed_;
};

CASES_FIXTURE(RoughClients, "rough clients: killed in mid-flow, they leave nothing behind") {
  Client other{server.endpoint()};
  await_opened(1);
  const auto before = descriptors();
  std::list<std::unique_ptr<Process>> killed;
  for (int i = 0; i < 4; ++i) killed.push_back(start_clients(25, "10m"));
  await_opened(101);
  expect_served(other);
  for (const auto& process : killed) process->signal(SIGKILL);
  for (const std::string& line : await_closed(100)) {
    CHECK_MESSAGE((contains(line, "reason=reset") || contains(line, "reason=\"peer closed\"")),
                  line);
  }
  for (const auto& process : killed) CHECK_EQ(process->wait(), 128 + SIGKILL);
  expect_served(other);
  CHECK_EQ(descriptors(), before);
}

CASES_FIXTURE(RoughClients, "rough clients: stopped and resumed, they go on where they were") {
  Client other{server.endpoint()};
  const auto stopped = start_clients(25, "2s");
  await_opened(26);
  expect_served(other);
  stopped->signal(SIGSTOP);
  int status = 0;
  REQUIRE_EQ(::waitpid(stopped->pid(), &status, WUNTRACED), stopped->pid());
  REQUIRE(WIFSTOPPED(status));
  expect_served(other);  // what fills up behind them is theirs alone
  stopped->signal(SIGCONT);
  expect_served(other);
  CHECK_EQ(stopped->read_all_errors(), "");
  CHECK_MESSAGE(stopped->wait() == 0, "every byte was what had been sent");
}

// One in four each: reads nothing, has read a part, has finished sending, has unread bytes of its
// own at the server.
CASES_FIXTURE(RoughClients, "rough clients: reset in mid-flow, they are logged and forgotten") {
  Client other{server.endpoint()};
  await_opened(1);
  const auto before = descriptors();
  std::list<Client> clients;
  const std::string much(100'000, 'x');
  for (int i = 0; i < 40; ++i) {
    Client& client = clients.emplace_back(server.endpoint());
    client.send(i % 4 == 0 ? much : "x");
    if (i % 4 == 1) {
      CHECK_EQ(client.receive(1), "x");
    }
    if (i % 4 == 2) client.finish_sending();
    if (i % 4 == 3) client.send_until_stuck();
  }
  await_opened(41);
  for (Client& client : clients) reset_connection(client.release());
  int resets = 0;
  for (const std::string& line : await_closed(40)) {
    if (line.find("reason=reset") != std::string::npos) ++resets;
  }
  CHECK_MESSAGE(resets >= 30, "those that had finished sending may have been closed before");
  expect_served(other);
  CHECK_EQ(descriptors(), before);
}

}  // namespace
}  // namespace switchboard::test
