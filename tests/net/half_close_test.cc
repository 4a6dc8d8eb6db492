// Half-close from the client's side, over every poller and family: whoever finishes sending first
// still receives all that the other sends, then the end. Both sides are ours, in one loop.
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "switchboard/net/dialer.hpp"
#include "switchboard/net/listener.hpp"

#include "support/backends.hpp"
#include "support/temporary_folder.hpp"
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

using namespace std::chrono_literals;

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

class HalfClose {
 protected:
  static auto rows() { return places(); }
  explicit HalfClose(const Place& its_place) : place(its_place) {}

  const Place place;

  Endpoint anywhere() {
    const std::string& family = place.family;
    if (family == "Unix") return Endpoint::parse("unix://" + folder.file("socket"));
    return Endpoint::parse(family == "IPv4" ? "tcp://127.0.0.1:0" : "tcp://[::1]:0");
  }
  void run() {
    Dialer dialer{clients, resolver, listener.endpoint(),
                  [](Connection*, std::error_code error) { CHECK_EQ(error, std::error_code{}); }};
    for (int turns = 0; (client.ends.empty() || server.ends.empty()) && turns < 3000; ++turns) {
      reactor.turn(10ms);
    }
    CHECK_EQ(client.ends, std::vector{CloseReason::peer_closed});
    CHECK_EQ(server.ends, std::vector{CloseReason::peer_closed});
  }

  TemporaryFolder folder;
  Reactor reactor{find_backend(place.backend).make()};
  Resolver resolver{reactor};
  Side client;
  Side server;
  ConnectionTable clients{reactor, client, clients_limits()};
  ConnectionTable servers{reactor, server};
  Listener listener{reactor, anywhere(), servers};
  std::function<void()> say;
  const std::string much = std::string(4 * 1024 * 1024, 'x');
};

CASES_FIXTURE(HalfClose,
              "half close: the client ends first and receives all that the server still sends") {
  client.opened = [](Connection& connection) {
    connection.write("question");
    connection.finish_sending();
  };
  int pieces = 0;
  server.ended = [&](Connection& connection) {
    CHECK_EQ(server.received, "question");
    say = [this, id = connection.id(), &pieces] {
      Connection* still = servers.find(id);
      REQUIRE_NE(still, nullptr);
      still->write("piece ");
      if (++pieces == 20) return still->finish_sending();
      reactor.call_after(1ms, [this] { say(); });
    };
    say();
  };
  run();
  std::string expected;
  for (int i = 0; i < 20; ++i) expected += "piece ";
  CHECK_EQ(client.received, expected);
}

CASES_FIXTURE(HalfClose,
              "half close: the server ends first and receives all that the client still sends") {
  server.opened = [](Connection& connection) {
    connection.write("farewell");
    connection.finish_sending();
  };
  client.ended = [&](Connection& connection) {
    CHECK_EQ(client.received, "farewell");
    connection.write(much);
    connection.finish_sending();
  };
  run();
  CHECK_EQ(server.received.size(), much.size());
}

// Far more than all buffers between them: the echo stops reading while its answers are not taken,
// so a client that did not read above its high-water mark would wait for ever, and so would the
// server.
struct HalfCloseOverIPv4 : HalfClose {  // it is much, and the family takes no part
  using HalfClose::HalfClose;
  static auto rows() { return places({"IPv4"}); }
};

CASES_FIXTURE(HalfCloseOverIPv4,
              "half close: a client that has queued much takes the answers meanwhile") {
  const std::string more(32 * 1024 * 1024, 'x');
  server.echoes = true;
  server.ended = [](Connection& connection) { connection.finish_sending(); };
  client.opened = [&](Connection& connection) {
    connection.write(more);
    connection.finish_sending();
  };
  run();
  CHECK_EQ(client.received.size(), more.size());
}

}  // namespace
}  // namespace switchboard::test
