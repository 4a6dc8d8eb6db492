// Listener: which addresses an endpoint opens, and whose socket file it may replace.
#include "switchboard/net/listener.hpp"

#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>

#include "support/sockets.hpp"
#include "support/temporary_folder.hpp"
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

struct Counter final : ConnectionHandler {
  void on_open(Connection&) override { ++opened; }
  std::size_t on_data(Connection&, const Slice& input) override { return input.size(); }
  int opened = 0;
};

class ListenerTest {
 protected:
  std::string refusal(const Endpoint& endpoint) {
    try {
      const Listener refused{reactor, endpoint, table};
    } catch (const std::exception& problem) {
      return problem.what();
    }
    return "";
  }

  // A client connects there and is accepted.
  void expect_accepted(const Endpoint& endpoint) {
    const auto address = endpoint.resolve().front();
    const auto client = must(sys::open_stream_socket(address.family()), "socket");
    const auto error = sys::connect(client.get(), address);
    if (error && error.value() != EINPROGRESS) must(error, "connect");
    const int before = counter.opened;
    while (counter.opened == before) reactor.turn();
  }

  TemporaryFolder folder;
  Reactor reactor;
  Counter counter;
  ConnectionTable table{reactor, counter};
};

TEST_CASE_FIXTURE(ListenerTest, "listener: every address takes clients of both families") {
  const Listener listener{reactor, Endpoint::parse("tcp://*:0"), table};
  REQUIRE_EQ(listener.endpoints().size(), 1U);
  CHECK(listener.endpoint().is_every_address());
  const std::string port = std::to_string(listener.endpoint().port());
  CHECK_NE(port, "0");
  expect_accepted(Endpoint::parse("tcp://127.0.0.1:" + port));
  expect_accepted(Endpoint::parse("tcp://[::1]:" + port));
}

// It waited for ever, and without a word: anybody who may read a folder may lock it.
TEST_CASE_FIXTURE(ListenerTest, "listener: a folder that another program keeps locked is named") {
  const auto lock = must(sys::lock_directory(folder.file("")), "flock");
  CHECK(contains(refusal(Endpoint::parse("unix://" + folder.file("socket"))),
                 "another program keeps its folder locked"));
}

TEST_CASE_FIXTURE(ListenerTest, "listener: all addresses of a name get the same port") {
  const Listener listener{reactor, Endpoint::parse("tcp://localhost:0"), table};
  for (const Endpoint& endpoint : listener.endpoints()) {
    CHECK_EQ(endpoint.port(), listener.endpoint().port());
    expect_accepted(endpoint);
  }
}

TEST_CASE_FIXTURE(ListenerTest, "listener: an address in use is named") {
  const Listener first{reactor, Endpoint::parse("tcp://127.0.0.1:0"), table};
  const std::string problem = refusal(first.endpoint());
  CHECK_MESSAGE(problem.find(first.endpoint().to_string()) != std::string::npos, problem);
  CHECK_MESSAGE(problem.find("in use") != std::string::npos, problem);
}

TEST_CASE_FIXTURE(ListenerTest, "listener: a socket file on which a server listens is left alone") {
  const Endpoint endpoint = Endpoint::parse("unix://" + folder.file("live"));
  const Listener first{reactor, endpoint, table};
  CHECK_NE(refusal(endpoint).find("in use"), std::string::npos);
  expect_accepted(endpoint);
}

TEST_CASE_FIXTURE(ListenerTest, "listener: a socket file that a dead server left is replaced") {
  const Endpoint endpoint = Endpoint::parse("unix://" + folder.file("stale"));
  {
    const auto dead = must(sys::open_stream_socket(AF_UNIX), "socket");
    must(sys::bind(dead.get(), endpoint.resolve().front()), "bind");
  }
  REQUIRE(std::filesystem::exists(endpoint.path()));
  const Listener listener{reactor, endpoint, table};
  expect_accepted(endpoint);
}

TEST_CASE_FIXTURE(ListenerTest, "listener: a file that is not a socket is never removed") {
  const std::string path = folder.file("precious");
  std::ofstream{path} << "do not lose this";
  const std::string problem = refusal(Endpoint::parse("unix://" + path));
  CHECK_MESSAGE(problem.find("no socket") != std::string::npos, problem);
  CHECK_EQ(std::filesystem::file_size(path), 16U);
}

TEST_CASE_FIXTURE(ListenerTest,
                  "listener: when it ends, it removes its own socket file and no other") {
  const std::string path = folder.file("socket");
  const Endpoint endpoint = Endpoint::parse("unix://" + path);
  { const Listener listener{reactor, endpoint, table}; }
  CHECK_FALSE(std::filesystem::exists(path));
  {
    const Listener listener{reactor, endpoint, table};
    std::filesystem::remove(path);
    std::ofstream{path} << "somebody else's";
  }
  CHECK(std::filesystem::exists(path));
}

TEST_CASE_FIXTURE(ListenerTest, "listener: a missing folder is named") {
  const std::string problem = refusal(Endpoint::parse("unix://" + folder.file("no/such/socket")));
  CHECK_MESSAGE(problem.find("no/such/socket") != std::string::npos, problem);
}

TEST_CASE("connection limits: limits that contradict each other are refused") {
  Reactor reactor;
  Counter counter;
  const ConnectionLimits marks{.high_water_bytes = 10, .low_water_bytes = 10};
  CHECK_THROWS_AS((ConnectionTable{reactor, counter, marks}), std::invalid_argument);
  const ConnectionLimits output{
      .high_water_bytes = 4096, .low_water_bytes = 1, .output_limit_bytes = 1};
  CHECK_THROWS_AS((ConnectionTable{reactor, counter, output}), std::invalid_argument);
}

}  // namespace
}  // namespace switchboard::test
