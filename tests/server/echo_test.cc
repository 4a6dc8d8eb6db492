// The echo server from outside, over every backend of this system.
#include <signal.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "echo_server.hpp"
#include "support/backends.hpp"
#include "support/temporary_folder.hpp"
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

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

class EchoProgram {
 protected:
  explicit EchoProgram(const std::string& backend) : backend_(backend) {}
  static auto rows() { return backend_names(); }

  // One server with a listener of each family, in the order of `families`.
  EchoServer make_server(std::vector<std::string> arguments = {},
                         const ProcessOptions& options = {}) {
    arguments.insert(arguments.end(),
                     {"--backend", backend_, "--listen", "tcp://127.0.0.1:0", "--listen",
                      "tcp://[::1]:0", "--listen", "unix://" + folder_.file("echo.sock")});
    return EchoServer{std::move(arguments), families.size(), options};
  }

  std::string backend_;
  TemporaryFolder folder_;
};

CASES_FIXTURE(EchoProgram, "echo: the ready lines name every address") {
  EchoServer server = make_server();
  CHECK(
      matches(server.ready_line(0), "listening on tcp://127.0.0.1:[0-9]+ \\(" + backend_ + "\\)"));
  CHECK(
      matches(server.ready_line(1), "listening on tcp://\\[::1\\]:[0-9]+ \\(" + backend_ + "\\)"));
  CHECK_EQ(server.ready_line(2),
           "listening on unix://" + folder_.file("echo.sock") + " (" + backend_ + ")");
}

CASES_FIXTURE(EchoProgram, "echo: a client gets back all that it sends, then the end") {
  EchoServer server = make_server();
  const std::string text = pattern(3'000'000);
  for (std::size_t i = 0; i < families.size(); ++i) {
    INFO(families[i]);
    Client client{server.endpoint(i)};
    CHECK(client.echoes("a"));
    CHECK_EQ(client.exchange(text, true), text);
  }
  server.process().signal(SIGTERM);
  server.process().await_error_line("connections_served=3 bytes=9000003");
  CHECK_EQ(server.process().wait(), 0);
}

// The server has taken so many bytes as it says at the end: these, and no others, must come back.
CASES_FIXTURE(EchoProgram, "echo: a shutdown sends all that is queued, then the end") {
  for (std::size_t i = 0; i < families.size(); ++i) {
    INFO(families[i]);
    EchoServer server = make_server({"--drain-timeout", "1h"});
    std::string echo;
    {
      Client client{server.endpoint(i)};
      REQUIRE_GT(client.send_until_stuck(), 256U * 1024);
      server.process().signal(SIGTERM);
      server.process().await_error_line("msg=\"shutting down\" signal=SIGTERM connections=1");
      echo = client.receive_to_end();
    }
    CHECK(contains(server.process().await_error_line("stopped"),
                   "bytes=" + std::to_string(echo.size())));
    CHECK_EQ(echo, std::string(echo.size(), 'x'));
    CHECK_EQ(server.process().wait(), 0);
  }
}

CASES_FIXTURE(EchoProgram, "echo: a shutdown waits no longer than the drain timeout") {
  EchoServer server = make_server({"--drain-timeout", "100ms"});
  std::vector<Client> clients;
  for (std::size_t i = 0; i < families.size(); ++i) {
    clients.emplace_back(server.endpoint(i));
    clients.back().send_until_stuck();
  }
  const auto begin = std::chrono::steady_clock::now();
  server.process().signal(SIGTERM);
  CHECK_EQ(server.process().wait(), 0);
  // The limit for a peer that takes nothing is ten seconds, if nothing else ends it.
  CHECK_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{8});
}

CASES_FIXTURE(EchoProgram, "echo: a shutdown accepts nobody any more") {
  EchoServer server = make_server({"--drain-timeout", "1h"});
  Client stuck{server.endpoint()};
  stuck.send_until_stuck();
  server.process().signal(SIGINT);
  server.process().await_error_line("shutting down");
  CHECK(comes_to_refuse(server.endpoint()));
}

CASES_FIXTURE(EchoProgram, "echo: a second signal ends the program at once") {
  for (const int number : {SIGINT, SIGTERM}) {
    EchoServer server = make_server({"--drain-timeout", "1h"});
    Client stuck{server.endpoint()};
    stuck.send_until_stuck();
    server.process().signal(number);
    server.process().await_error_line("shutting down");
    server.process().signal(number);
    server.process().await_error_line("exiting at once");
    CHECK_EQ(server.process().wait(), 128 + number);
  }
}

CASES_FIXTURE(EchoProgram, "echo: clients above the limit are served when others leave") {
  EchoServer server = make_server({"--max-connections", "2"});
  for (std::size_t i = 0; i < families.size(); ++i) {
    INFO(families[i]);
    Client staying{server.endpoint(i)};
    CHECK(staying.echoes("first"));
    {
      Client leaving{server.endpoint(i)};
      CHECK(leaving.echoes("second"));
      Client third{server.endpoint(i)};
      third.send("third");
      for (int turn = 0; turn < 20; ++turn) CHECK(staying.echoes("turn"));
      CHECK_FALSE(third.has_input());
      leaving.finish_sending();
      CHECK_EQ(leaving.receive_to_end(), "");
      CHECK_EQ(third.receive(5), "third");
      third.finish_sending();
      CHECK_EQ(third.receive_to_end(), "");
    }
    staying.finish_sending();
    CHECK_EQ(staying.receive_to_end(), "");
  }
}

CASES_FIXTURE(EchoProgram, "echo: idle clients are closed") {
  EchoServer server = make_server({"--idle-timeout", "50ms", "--log-level", "debug"});
  for (std::size_t i = 0; i < families.size(); ++i) {
    Client client{server.endpoint(i)};
    CHECK_EQ(client.receive_to_end(), "");
    CHECK(contains(server.process().await_error_line("connection closed"), "reason=idle"));
  }
}

CASES_FIXTURE(EchoProgram, "echo: a stalled reader of the log stalls nobody") {
  constexpr int connections = 5'000;  // some 250 bytes of log each, against pipe and queue of 1 MiB
  EchoServer server = make_server({"--log-level", "debug"}, {.small_pipes = true});
  for (int i = 0; i < connections; ++i) {
    Client client{server.endpoint(2)};
    REQUIRE_MESSAGE(client.echoes("hello"), i);
  }
  CHECK(Client{server.endpoint(0)}.echoes("and on"));
  // Somebody reads at last: everything that fitted, and how many lines did not.
  server.process().signal(SIGTERM);
  server.process().await_error_line("log lines dropped");
  CHECK_EQ(server.process().wait(), 0);
}

CASES_FIXTURE(EchoProgram,
              "echo: a stalled reader of the log does not keep the program from ending") {
  EchoServer server = make_server({"--log-level", "debug"}, {.small_pipes = true});
  for (int i = 0; i < 200; ++i) CHECK(Client{server.endpoint(2)}.echoes("hello"));
  server.process().signal(SIGTERM);
  CHECK_EQ(server.process().wait(), 0);  // with nobody reading yet
}

CASES_FIXTURE(EchoProgram, "echo: a stalled reader of the log does not hold up a second signal") {
  EchoServer server =
      make_server({"--log-level", "debug", "--drain-timeout", "1h"}, {.small_pipes = true});
  for (int i = 0; i < 200; ++i) CHECK(Client{server.endpoint(2)}.echoes("hello"));
  Client stuck{server.endpoint()};
  stuck.send_until_stuck();
  server.process().signal(SIGINT);
  CHECK(comes_to_refuse(server.endpoint(2)));  // nobody reads that it is shutting down
  server.process().signal(SIGINT);
  CHECK_EQ(server.process().wait(), 128 + SIGINT);
}

}  // namespace
}  // namespace switchboard::test
