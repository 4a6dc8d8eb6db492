// The echo server from outside, over every backend of this system.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "echo_server.hpp"
#include "support/backends.hpp"
#include "support/temporary_folder.hpp"

namespace switchboard::test {
namespace {

using testing::HasSubstr;

constexpr std::array<const char*, 3> families{"tcp4", "tcp6", "unix"};

std::string pattern(std::size_t bytes) {
  std::string text(bytes, '\0');
  std::uint32_t state = 862;
  for (char& c : text) {
    state = state * 1'664'525U + 1'013'904'223U;
    c = static_cast<char>(state >> 24U);
  }
  return text;
}

// Whether the server ceases to listen there.
bool comes_to_refuse(const Endpoint& endpoint) {
  const auto deadline = std::chrono::steady_clock::now() + process_deadline;
  while (std::chrono::steady_clock::now() < deadline) {
    try {
      Client{endpoint};
    } catch (const std::system_error&) {
      return true;
    }
  }
  return false;
}

class EchoTest : public testing::TestWithParam<std::string> {
 protected:
  // One server with a listener of each family, in the order of `families`.
  EchoServer make_server(std::vector<std::string> arguments = {},
                         const ProcessOptions& options = {}) {
    arguments.insert(arguments.end(),
                     {"--backend", GetParam(), "--listen", "tcp://127.0.0.1:0", "--listen",
                      "tcp://[::1]:0", "--listen", "unix://" + folder_.file("echo.sock")});
    return EchoServer{std::move(arguments), families.size(), options};
  }

  TemporaryFolder folder_;
};

TEST_P(EchoTest, SaysThatItIsReadyOnEveryAddress) {
  EchoServer server = make_server();
  EXPECT_THAT(
      server.ready_line(0),
      testing::MatchesRegex("listening on tcp://127.0.0.1:[0-9]+ \\(" + GetParam() + "\\)"));
  EXPECT_THAT(
      server.ready_line(1),
      testing::MatchesRegex("listening on tcp://\\[::1\\]:[0-9]+ \\(" + GetParam() + "\\)"));
  EXPECT_EQ(server.ready_line(2),
            "listening on unix://" + folder_.file("echo.sock") + " (" + GetParam() + ")");
}

TEST_P(EchoTest, SendsBackWhatItIsSentThenTheEnd) {
  EchoServer server = make_server();
  const std::string text = pattern(3'000'000);
  for (std::size_t i = 0; i < families.size(); ++i) {
    SCOPED_TRACE(families[i]);
    Client client{server.endpoint(i)};
    EXPECT_TRUE(client.echoes("a"));
    EXPECT_TRUE(client.exchange(text, true) == text);
  }
  server.process().signal(SIGTERM);
  server.process().await_error_line("connections_served=3 bytes=9000003");
  EXPECT_EQ(server.process().wait(), 0);
}

// The server has taken so many bytes as it says at the end: these, and no others, must come back.
TEST_P(EchoTest, ShutdownSendsWhatIsQueuedThenTheEnd) {
  for (std::size_t i = 0; i < families.size(); ++i) {
    SCOPED_TRACE(families[i]);
    EchoServer server = make_server({"--drain-timeout", "1h"});
    std::string echo;
    {
      Client client{server.endpoint(i)};
      ASSERT_GT(client.send_until_stuck(), 256U * 1024);
      server.process().signal(SIGTERM);
      server.process().await_error_line("msg=\"shutting down\" signal=SIGTERM connections=1");
      echo = client.receive_to_end();
    }
    EXPECT_THAT(server.process().await_error_line("stopped"),
                HasSubstr("bytes=" + std::to_string(echo.size())));
    EXPECT_EQ(echo, std::string(echo.size(), 'x'));
    EXPECT_EQ(server.process().wait(), 0);
  }
}

TEST_P(EchoTest, ShutdownDoesNotWaitLongerThanTheDrainTimeout) {
  EchoServer server = make_server({"--drain-timeout", "100ms"});
  std::vector<Client> clients;
  for (std::size_t i = 0; i < families.size(); ++i) {
    clients.emplace_back(server.endpoint(i));
    clients.back().send_until_stuck();
  }
  const auto begin = std::chrono::steady_clock::now();
  server.process().signal(SIGTERM);
  EXPECT_EQ(server.process().wait(), 0);
  // The limit for a peer that takes nothing is ten seconds, if nothing else ends it.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{8});
}

TEST_P(EchoTest, ShutdownAcceptsNobodyAnyMore) {
  EchoServer server = make_server({"--drain-timeout", "1h"});
  Client stuck{server.endpoint()};
  stuck.send_until_stuck();
  server.process().signal(SIGINT);
  server.process().await_error_line("shutting down");
  EXPECT_TRUE(comes_to_refuse(server.endpoint()));
}

TEST_P(EchoTest, SecondSignalEndsItAtOnce) {
  for (const int number : {SIGINT, SIGTERM}) {
    EchoServer server = make_server({"--drain-timeout", "1h"});
    Client stuck{server.endpoint()};
    stuck.send_until_stuck();
    server.process().signal(number);
    server.process().await_error_line("shutting down");
    server.process().signal(number);
    server.process().await_error_line("exiting at once");
    EXPECT_EQ(server.process().wait(), 128 + number);
  }
}

TEST_P(EchoTest, ClientsAboveTheLimitAreServedWhenOthersLeave) {
  EchoServer server = make_server({"--max-connections", "2"});
  for (std::size_t i = 0; i < families.size(); ++i) {
    SCOPED_TRACE(families[i]);
    Client staying{server.endpoint(i)};
    EXPECT_TRUE(staying.echoes("first"));
    {
      Client leaving{server.endpoint(i)};
      EXPECT_TRUE(leaving.echoes("second"));
      Client third{server.endpoint(i)};
      third.send("third");
      for (int turn = 0; turn < 20; ++turn) EXPECT_TRUE(staying.echoes("turn"));
      EXPECT_FALSE(third.has_input());
      leaving.finish_sending();
      EXPECT_EQ(leaving.receive_to_end(), "");
      EXPECT_EQ(third.receive(5), "third");
      third.finish_sending();
      EXPECT_EQ(third.receive_to_end(), "");
    }
    staying.finish_sending();
    EXPECT_EQ(staying.receive_to_end(), "");
  }
}

TEST_P(EchoTest, IdleClientsAreClosed) {
  EchoServer server = make_server({"--idle-timeout", "50ms", "--log-level", "debug"});
  for (std::size_t i = 0; i < families.size(); ++i) {
    Client client{server.endpoint(i)};
    EXPECT_EQ(client.receive_to_end(), "");
    EXPECT_THAT(server.process().await_error_line("connection closed"), HasSubstr("reason=idle"));
  }
}

TEST_P(EchoTest, AStalledReaderOfTheLogStallsNobody) {
  constexpr int connections = 5'000;  // some 250 bytes of log each, against pipe and queue of 1 MiB
  EchoServer server = make_server({"--log-level", "debug"}, {.small_pipes = true});
  for (int i = 0; i < connections; ++i) {
    Client client{server.endpoint(2)};
    ASSERT_TRUE(client.echoes("hello")) << i;
  }
  EXPECT_TRUE(Client{server.endpoint(0)}.echoes("and on"));
  // Somebody reads at last: everything that fitted, and how many lines did not.
  server.process().signal(SIGTERM);
  server.process().await_error_line("log lines dropped");
  EXPECT_EQ(server.process().wait(), 0);
}

TEST_P(EchoTest, AStalledReaderOfTheLogDoesNotKeepItFromEnding) {
  EchoServer server = make_server({"--log-level", "debug"}, {.small_pipes = true});
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(Client{server.endpoint(2)}.echoes("hello"));
  server.process().signal(SIGTERM);
  EXPECT_EQ(server.process().wait(), 0);  // with nobody reading yet
}

TEST_P(EchoTest, AStalledReaderOfTheLogDoesNotHoldUpTheSecondSignal) {
  EchoServer server =
      make_server({"--log-level", "debug", "--drain-timeout", "1h"}, {.small_pipes = true});
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(Client{server.endpoint(2)}.echoes("hello"));
  Client stuck{server.endpoint()};
  stuck.send_until_stuck();
  server.process().signal(SIGINT);
  EXPECT_TRUE(comes_to_refuse(server.endpoint(2)));  // nobody reads that it is shutting down
  server.process().signal(SIGINT);
  EXPECT_EQ(server.process().wait(), 128 + SIGINT);
}

INSTANTIATE_TEST_SUITE_P(Backends, EchoTest, testing::ValuesIn(backend_names()), name_of_backend);

}  // namespace
}  // namespace switchboard::test
