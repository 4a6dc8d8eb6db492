// Half-close from the client's side, over every poller and family: whoever finishes sending first
// still receives all that the other sends, then the end. Both sides are ours, in one loop.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "switchboard/net/dialer.hpp"
#include "switchboard/net/listener.hpp"

#include "support/backends.hpp"
#include "support/temporary_folder.hpp"

namespace switchboard::test {
namespace {

using namespace std::chrono_literals;
using Where = std::tuple<std::string, std::string>;  // backend, family

// One end: what it was sent, whether the other has ended, and how it was closed.
struct Side final : ConnectionHandler {
  void on_open(Connection& connection) override { opened(connection); }
  std::size_t on_data(Connection& connection, const Slice& input) override {
    const auto bytes = input.bytes();
    received.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (echoes) connection.write(input);
    return bytes.size();
  }
  void on_end(Connection& connection, std::span<const std::byte>) override { ended(connection); }
  void on_closed(Connection&, const Closed& closed) override { ends.push_back(closed.reason); }

  std::function<void(Connection&)> opened = [](Connection&) {};
  std::function<void(Connection&)> ended = [](Connection&) {};
  bool echoes = false;
  std::string received;
  std::vector<CloseReason> ends;
};

ConnectionLimits clients_limits() {
  ConnectionLimits limits;
  limits.output_limit_bytes = SIZE_MAX;
  limits.reads_above_high_water = true;
  return limits;
}

class HalfClose : public testing::TestWithParam<Where> {
 protected:
  Endpoint anywhere() {
    const std::string& family = std::get<1>(GetParam());
    if (family == "Unix") return Endpoint::parse("unix://" + folder.file("socket"));
    return Endpoint::parse(family == "IPv4" ? "tcp://127.0.0.1:0" : "tcp://[::1]:0");
  }
  void run() {
    Dialer dialer{clients, resolver, listener.endpoint(),
                  [](Connection*, std::error_code error) { EXPECT_EQ(error, std::error_code{}); }};
    for (int turns = 0; (client.ends.empty() || server.ends.empty()) && turns < 3000; ++turns) {
      reactor.turn(10ms);
    }
    EXPECT_EQ(client.ends, std::vector{CloseReason::peer_closed});
    EXPECT_EQ(server.ends, std::vector{CloseReason::peer_closed});
  }

  TemporaryFolder folder;
  Reactor reactor{find_backend(std::get<0>(GetParam())).make()};
  Resolver resolver{reactor};
  Side client;
  Side server;
  ConnectionTable clients{reactor, client, clients_limits()};
  ConnectionTable servers{reactor, server};
  Listener listener{reactor, anywhere(), servers};
  std::function<void()> say;
  const std::string much = std::string(4 * 1024 * 1024, 'x');
};

TEST_P(HalfClose, the_client_ends_first_and_receives_all_that_the_server_still_sends) {
  client.opened = [](Connection& connection) {
    connection.write("question");
    connection.finish_sending();
  };
  int pieces = 0;
  server.ended = [&](Connection& connection) {
    EXPECT_EQ(server.received, "question");
    say = [this, id = connection.id(), &pieces] {
      Connection* still = servers.find(id);
      ASSERT_NE(still, nullptr);
      still->write("piece ");
      if (++pieces == 20) return still->finish_sending();
      reactor.call_after(1ms, [this] { say(); });
    };
    say();
  };
  run();
  std::string expected;
  for (int i = 0; i < 20; ++i) expected += "piece ";
  EXPECT_EQ(client.received, expected);
}

TEST_P(HalfClose, the_server_ends_first_and_receives_all_that_the_client_still_sends) {
  server.opened = [](Connection& connection) {
    connection.write("farewell");
    connection.finish_sending();
  };
  client.ended = [&](Connection& connection) {
    EXPECT_EQ(client.received, "farewell");
    connection.write(much);
    connection.finish_sending();
  };
  run();
  EXPECT_EQ(server.received.size(), much.size());
}

// Far more than all buffers between them: the echo stops reading while its answers are not taken,
// so a client that did not read above its high-water mark would wait for ever, and so would the
// server.
TEST_P(HalfClose, a_client_that_has_queued_much_takes_the_answers_meanwhile) {
  if (std::get<1>(GetParam()) != "IPv4") return;  // it is much, and the family takes no part
  const std::string more(32 * 1024 * 1024, 'x');
  server.echoes = true;
  server.ended = [](Connection& connection) { connection.finish_sending(); };
  client.opened = [&](Connection& connection) {
    connection.write(more);
    connection.finish_sending();
  };
  run();
  EXPECT_EQ(client.received.size(), more.size());
}

INSTANTIATE_TEST_SUITE_P(Everywhere, HalfClose,
                         testing::Combine(testing::ValuesIn(backend_names()),
                                          testing::Values("IPv4", "IPv6", "Unix")),
                         [](const testing::TestParamInfo<Where>& place) {
                           return std::get<0>(place.param) + "_" + std::get<1>(place.param);
                         });

}  // namespace
}  // namespace switchboard::test
