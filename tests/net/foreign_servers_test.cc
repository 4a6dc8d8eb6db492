// Our clients against servers that nobody here wrote.
#include "support/foreign_servers.hpp"

#include <gtest/gtest.h>

#include <string>

#include "switchboard/net/blocking_client.hpp"

namespace switchboard::test {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

constexpr auto plenty = 30s;

TEST(Socat, echoes_the_blocking_client_up_to_both_ends) {
  SWITCHBOARD_SKIP_WITHOUT("socat");
  const SocatEcho server;
  BlockingClient client{server.endpoint(), plenty};
  client.send_all("one\r\ntwo\r\n\0binary"s, plenty);
  EXPECT_EQ(client.receive_until("\r\n", plenty), "one");
  EXPECT_EQ(client.receive_until("\r\n", plenty), "two");
  EXPECT_EQ(client.receive_exactly(7, plenty), "\0binary"s);
  client.send_all("behind", plenty);
  client.finish_sending();
  EXPECT_EQ(client.receive_to_end(plenty), "behind");
}

TEST(Ncat, echoes_one_blocking_client_after_another) {
  SWITCHBOARD_SKIP_WITHOUT("ncat");
  const NcatEcho server;
  for (int i = 0; i < 3; ++i) {
    BlockingClient client{server.endpoint(), plenty};
    client.send_all("hello\n", plenty);
    EXPECT_EQ(client.receive_until("\n", plenty), "hello");
    client.finish_sending();
    EXPECT_EQ(client.receive_to_end(plenty), "");
  }
}

TEST(Redis, answers_ping_line_by_line) {
  SWITCHBOARD_SKIP_WITHOUT("redis-server");
  const RedisServer server;
  BlockingClient client{server.endpoint(), plenty};
  client.send_all("PING\r\nECHO hello\r\n", plenty);
  EXPECT_EQ(client.receive_until("\r\n", plenty), "+PONG");
  EXPECT_EQ(client.receive_until("\r\n", plenty), "$5");
  EXPECT_EQ(client.receive_exactly(7, plenty), "hello\r\n");
}

}  // namespace
}  // namespace switchboard::test
