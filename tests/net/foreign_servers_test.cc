// Our clients against servers that nobody here wrote.
#include "support/foreign_servers.hpp"

#include <string>

#include "switchboard/net/blocking_client.hpp"

#include "support/testing.hpp"

namespace switchboard::test {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

constexpr auto plenty = 30s;

TEST_CASE("socat: the blocking client gets its echo up to both ends") {
  skip_without("socat");
  const SocatEcho server;
  BlockingClient client{server.endpoint(), plenty};
  client.send_all("one\r\ntwo\r\n\0binary"s, plenty);
  CHECK_EQ(client.receive_until("\r\n", plenty), "one");
  CHECK_EQ(client.receive_until("\r\n", plenty), "two");
  CHECK_EQ(client.receive_exactly(7, plenty), "\0binary"s);
  client.send_all("behind", plenty);
  client.finish_sending();
  CHECK_EQ(client.receive_to_end(plenty), "behind");
}

TEST_CASE("ncat: one blocking client after another gets its echo") {
  skip_without("ncat");
  const NcatEcho server;
  for (int i = 0; i < 3; ++i) {
    BlockingClient client{server.endpoint(), plenty};
    client.send_all("hello\n", plenty);
    CHECK_EQ(client.receive_until("\n", plenty), "hello");
    client.finish_sending();
    CHECK_EQ(client.receive_to_end(plenty), "");
  }
}

TEST_CASE("redis: a PING is answered line by line") {
  skip_without("redis-server");
  const RedisServer server;
  BlockingClient client{server.endpoint(), plenty};
  client.send_all("PING\r\nECHO hello\r\n", plenty);
  CHECK_EQ(client.receive_until("\r\n", plenty), "+PONG");
  CHECK_EQ(client.receive_until("\r\n", plenty), "$5");
  CHECK_EQ(client.receive_exactly(7, plenty), "hello\r\n");
}

}  // namespace
}  // namespace switchboard::test
