// Listener: which addresses an endpoint opens, and whose socket file it may replace.
#include "switchboard/net/listener.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>

#include "support/sockets.hpp"
#include "support/temporary_folder.hpp"

namespace switchboard::test {
namespace {

struct Counter final : ConnectionHandler {
  void on_open(Connection&) override { ++opened; }
  std::size_t on_data(Connection&, const Slice& input) override { return input.size(); }
  int opened = 0;
};

class ListenerTest : public testing::Test {
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

TEST_F(ListenerTest, every_address_takes_clients_of_both_families) {
  const Listener listener{reactor, Endpoint::parse("tcp://*:0"), table};
  ASSERT_EQ(listener.endpoints().size(), 1U);
  EXPECT_TRUE(listener.endpoint().is_every_address());
  const std::string port = std::to_string(listener.endpoint().port());
  EXPECT_NE(port, "0");
  expect_accepted(Endpoint::parse("tcp://127.0.0.1:" + port));
  expect_accepted(Endpoint::parse("tcp://[::1]:" + port));
}

// It waited for ever, and without a word: anybody who may read a folder may lock it.
TEST_F(ListenerTest, a_folder_that_another_keeps_locked_is_named) {
  const auto lock = must(sys::lock_directory(folder.file("")), "flock");
  EXPECT_THAT(refusal(Endpoint::parse("unix://" + folder.file("socket"))),
              testing::HasSubstr("another program keeps its folder locked"));
}

TEST_F(ListenerTest, all_addresses_of_a_name_get_the_same_port) {
  const Listener listener{reactor, Endpoint::parse("tcp://localhost:0"), table};
  for (const Endpoint& endpoint : listener.endpoints()) {
    EXPECT_EQ(endpoint.port(), listener.endpoint().port());
    expect_accepted(endpoint);
  }
}

TEST_F(ListenerTest, an_address_in_use_is_named) {
  const Listener first{reactor, Endpoint::parse("tcp://127.0.0.1:0"), table};
  const std::string problem = refusal(first.endpoint());
  EXPECT_NE(problem.find(first.endpoint().to_string()), std::string::npos) << problem;
  EXPECT_NE(problem.find("in use"), std::string::npos) << problem;
}

TEST_F(ListenerTest, a_socket_file_on_which_somebody_listens_is_left_alone) {
  const Endpoint endpoint = Endpoint::parse("unix://" + folder.file("live"));
  const Listener first{reactor, endpoint, table};
  EXPECT_NE(refusal(endpoint).find("in use"), std::string::npos);
  expect_accepted(endpoint);
}

TEST_F(ListenerTest, a_socket_file_that_a_dead_server_left_is_replaced) {
  const Endpoint endpoint = Endpoint::parse("unix://" + folder.file("stale"));
  {
    const auto dead = must(sys::open_stream_socket(AF_UNIX), "socket");
    must(sys::bind(dead.get(), endpoint.resolve().front()), "bind");
  }
  ASSERT_TRUE(std::filesystem::exists(endpoint.path()));
  const Listener listener{reactor, endpoint, table};
  expect_accepted(endpoint);
}

TEST_F(ListenerTest, a_file_that_is_no_socket_is_never_removed) {
  const std::string path = folder.file("precious");
  std::ofstream{path} << "do not lose this";
  const std::string problem = refusal(Endpoint::parse("unix://" + path));
  EXPECT_NE(problem.find("no socket"), std::string::npos) << problem;
  EXPECT_EQ(std::filesystem::file_size(path), 16U);
}

TEST_F(ListenerTest, at_its_end_it_removes_its_own_socket_file_and_no_other) {
  const std::string path = folder.file("socket");
  const Endpoint endpoint = Endpoint::parse("unix://" + path);
  { const Listener listener{reactor, endpoint, table}; }
  EXPECT_FALSE(std::filesystem::exists(path));
  {
    const Listener listener{reactor, endpoint, table};
    std::filesystem::remove(path);
    std::ofstream{path} << "somebody else's";
  }
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(ListenerTest, a_folder_that_is_not_there_is_named) {
  const std::string problem = refusal(Endpoint::parse("unix://" + folder.file("no/such/socket")));
  EXPECT_NE(problem.find("no/such/socket"), std::string::npos) << problem;
}

TEST(ConnectionLimits, that_contradict_each_other_are_refused) {
  Reactor reactor;
  Counter counter;
  const ConnectionLimits marks{.high_water_bytes = 10, .low_water_bytes = 10};
  EXPECT_THROW((ConnectionTable{reactor, counter, marks}), std::invalid_argument);
  const ConnectionLimits output{
      .high_water_bytes = 4096, .low_water_bytes = 1, .output_limit_bytes = 1};
  EXPECT_THROW((ConnectionTable{reactor, counter, output}), std::invalid_argument);
}

}  // namespace
}  // namespace switchboard::test
