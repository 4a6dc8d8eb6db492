// The program on networks that come and go: each host a namespace, the cable between them a veth
// pair. Skipped where namespaces are forbidden.
#include <chrono>
#include <future>
#include <string>
#include <vector>

#include "server/echo_server.hpp"
#include "support/backends.hpp"
#include "support/network_namespace.hpp"
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 1;
  for (char& byte : bytes) {
    state = state * 1'664'525U + 1'013'904'223U;
    byte = static_cast<char>(state >> 24U);
  }
  return bytes;
}

// The server is the left host's, its clients the right one's.
class Network {
 protected:
  static auto rows() { return backend_names(); }
  explicit Network(const std::string& its_backend) : backend(its_backend) {
    if (const auto& why = why_no_networks()) skip(*why);
  }

  // Listens for the other host, and for its own.
  struct Server : EchoServer {
    Server(const TwoHosts& hosts, const std::vector<std::string>& options)
        : EchoServer(options, 2, {.network_namespace = hosts.left.fd()}) {}
  };

  std::vector<std::string> with_listeners(std::vector<std::string> options) const {
    options.insert(options.end(), {"--backend", backend, "--log-level", "debug", "--listen",
                                   std::string{"tcp://"} + TwoHosts::left_address + ":0",
                                   "--listen", "tcp://127.0.0.1:0"});
    return options;
  }

  const std::string backend;

  static Client connect(const TwoHosts& hosts, const Server& server) {
    return hosts.right.inside([&] { return Client{server.endpoint(0)}; });
  }
  static void expect_others_are_served(const TwoHosts& hosts, const Server& server) {
    auto other = hosts.left.inside([&] { return Client{server.endpoint(1)}; });
    CHECK(other.echoes("hello"));
  }

  // "connection=N.N " of the connection that was opened first.
  static std::string await_opened(Server& server) {
    const std::string line = server.process().await_error_line("connection opened");
    const std::size_t begin = line.find("connection=");
    return line.substr(begin, line.find(' ', begin) + 1 - begin);
  }

  static void expect_closed(Server& server, const std::string& connection,
                            const std::string& reason, std::chrono::milliseconds timeout) {
    const auto start = steady_clock::now();
    std::string line;
    do line = server.process().await_error_line("connection closed");
    while (line.find(connection) == std::string::npos);
    CHECK(contains(line, reason));
    // Generous: it is not to last until TCP itself gives up, a quarter of an hour.
    CHECK_LT(steady_clock::now() - start, timeout + seconds{10});
  }
};

CASES_FIXTURE(Network, "network: a flow goes on where it stopped once the link is back") {
  const TwoHosts hosts;
  Server server{hosts, with_listeners({})};
  Client client = connect(hosts, server);
  CHECK(client.echoes("before"));
  const std::string unsent = pattern(10'000);  // little enough for the socket's buffer to take
  for (int i = 0; i < 2; ++i) {
    hosts.pull();
    client.send(unsent);
    expect_others_are_served(hosts, server);
    CHECK_FALSE(client.has_input());
    hosts.plug_in();
    CHECK_EQ(client.receive(unsent.size()), unsent);
  }
}

CASES_FIXTURE(Network, "network: a flow survives a link that flaps") {
  const TwoHosts hosts;
  Server server{hosts, with_listeners({"--high-water", "100KiB"})};
  Client client = connect(hosts, server);
  const std::string bytes = pattern(20'000'000);
  auto flow = std::async(std::launch::async, [&] { return client.exchange(bytes, true); });
  for (int i = 0; i < 5; ++i) {
    hosts.pull();
    expect_others_are_served(hosts, server);
    hosts.plug_in();
    expect_others_are_served(hosts, server);
  }
  CHECK_EQ(flow.get(), bytes);
}

CASES_FIXTURE(Network, "network: a peer that vanished is closed as idle") {
  const TwoHosts hosts;
  Server server{hosts, with_listeners({"--idle-timeout", "1s"})};
  Client client = connect(hosts, server);
  const std::string connection = await_opened(server);
  CHECK(client.echoes("hello"));
  hosts.pull();
  expect_closed(server, connection, "reason=idle", seconds{1});
  expect_others_are_served(hosts, server);
}

CASES_FIXTURE(Network, "network: a peer that vanished without taking its bytes is closed as idle") {
  const TwoHosts hosts;
  Server server{hosts, with_listeners({"--idle-timeout", "1s"})};
  Client client = connect(hosts, server);
  const std::string connection = await_opened(server);
  client.send_until_stuck();  // its echo fills the buffers of both hosts
  hosts.pull();
  expect_closed(server, connection, "reason=idle", seconds{1});
  expect_others_are_served(hosts, server);
}

CASES_FIXTURE(Network, "network: a peer that vanished is found out by keepalive") {
  const TwoHosts hosts;
  Server server{hosts, with_listeners({"--idle-timeout", "off", "--keepalive", "2s"})};
  Client client = connect(hosts, server);
  // Not with bytes on their way: for those TCP has its retransmissions, and we our idle timeout.
  const std::string connection = await_opened(server);
  hosts.pull();
  expect_closed(server, connection, "reason=\"timed out\"", seconds{2});
  expect_others_are_served(hosts, server);
}

CASES_FIXTURE(Network, "network: a peer that is only silent is left alone by keepalive") {
  const TwoHosts hosts;
  Server server{hosts, with_listeners({"--idle-timeout", "3s", "--keepalive", "2s"})};
  Client client = connect(hosts, server);
  const std::string connection = await_opened(server);
  CHECK(client.echoes("hello"));
  // Probes are answered by its kernel, and are nothing that moves.
  expect_closed(server, connection, "reason=idle", seconds{3});
}

CASES_FIXTURE(Network, "network: packet loss and delay cost no byte") {
  const TwoHosts hosts;
  try {
    for (const NetworkNamespace* host : {&hosts.left, &hosts.right}) {
      host->run({"tc", "qdisc", "add", "dev", TwoHosts::device, "root", "netem", "delay", "5ms",
                 "3ms", "loss", "2%"});
    }
  } catch (const std::runtime_error& failure) {
    skip(failure.what());
  }
  Server server{hosts, with_listeners({})};
  std::vector<std::future<void>> flows;
  for (std::size_t i = 1; i <= 5; ++i) {
    flows.push_back(std::async(std::launch::async, [&, bytes = pattern(i * 50'000)] {
      CHECK_EQ(connect(hosts, server).exchange(bytes, true), bytes);
    }));
  }
  for (auto& flow : flows) flow.get();
}

}  // namespace
}  // namespace switchboard::test
