// The program under clients that are killed, stopped, resumed and reset in mid-flow, over every
// poller there really is. switchboard-load is the client: it compares every byte.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
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

namespace switchboard::test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

class RoughClients : public testing::TestWithParam<std::string> {
 protected:
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
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(client.echoes("a byte of the others' flow"));
  }

  std::ptrdiff_t descriptors() {
    const std::string folder = "/proc/" + std::to_string(server.process().pid()) + "/fd";
    return std::distance(std::filesystem::directory_iterator{folder}, {});
  }

  EchoServer server{{"--backend", GetParam(), "--log-level", "debug"}};

 private:
  std::size_t opened_ = 0;
  std::vector<std::string> closed_;
};

TEST_P(RoughClients, KilledInMidFlowLeaveNothingBehind) {
  Client other{server.endpoint()};
  await_opened(1);
  const auto before = descriptors();
  std::list<std::unique_ptr<Process>> killed;
  for (int i = 0; i < 4; ++i) killed.push_back(start_clients(25, "10m"));
  await_opened(101);
  expect_served(other);
  for (const auto& process : killed) process->signal(SIGKILL);
  for (const std::string& line : await_closed(100)) {
    EXPECT_THAT(line, AnyOf(HasSubstr("reason=reset"), HasSubstr("reason=\"peer closed\"")));
  }
  for (const auto& process : killed) EXPECT_EQ(process->wait(), 128 + SIGKILL);
  expect_served(other);
  EXPECT_EQ(descriptors(), before);
}

TEST_P(RoughClients, StoppedAndResumedGoOnWhereTheyWere) {
  Client other{server.endpoint()};
  const auto stopped = start_clients(25, "2s");
  await_opened(26);
  expect_served(other);
  stopped->signal(SIGSTOP);
  int status = 0;
  ASSERT_EQ(::waitpid(stopped->pid(), &status, WUNTRACED), stopped->pid());
  ASSERT_TRUE(WIFSTOPPED(status));
  expect_served(other);  // what fills up behind them is theirs alone
  stopped->signal(SIGCONT);
  expect_served(other);
  EXPECT_EQ(stopped->read_all_errors(), "");
  EXPECT_EQ(stopped->wait(), 0) << "every byte was what had been sent";
}

// One in four each: reads nothing, has read a part, has finished sending, has unread bytes of its
// own at the server.
TEST_P(RoughClients, ResetInMidFlowAreToldAndForgotten) {
  Client other{server.endpoint()};
  await_opened(1);
  const auto before = descriptors();
  std::list<Client> clients;
  const std::string much(100'000, 'x');
  for (int i = 0; i < 40; ++i) {
    Client& client = clients.emplace_back(server.endpoint());
    client.send(i % 4 == 0 ? much : "x");
    if (i % 4 == 1) {
      EXPECT_EQ(client.receive(1), "x");
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
  EXPECT_GE(resets, 30) << "who had finished sending may have been closed before";
  expect_served(other);
  EXPECT_EQ(descriptors(), before);
}

INSTANTIATE_TEST_SUITE_P(Backends, RoughClients, testing::ValuesIn(backend_names()),
                         name_of_backend);

}  // namespace
}  // namespace switchboard::test
