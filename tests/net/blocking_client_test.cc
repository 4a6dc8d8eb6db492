// The blocking client against a socket of the test's own: every call, its deadline, and what it
// does where the stream ends or breaks in the middle. Single-threaded: the kernel completes a
// connection, and takes a little of what is sent, before anybody accepts.
#include "switchboard/net/blocking_client.hpp"

#include <sys/socket.h>

#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "switchboard/net/endpoint.hpp"

#include "support/sockets.hpp"
#include "support/temporary_folder.hpp"
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

// Deadlines that are only reached by a failure, and those that are meant to be.
constexpr auto plenty = 30s;
constexpr auto short_while = 20ms;

template <typename Call>
std::error_code error_of(Call call) {
  try {
    call();
  } catch (const std::system_error& error) {
    return error.code();
  }
  return {};
}

template <typename Call>
std::string text_of_error(Call call) {
  try {
    call();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

class BlockingClientTest {
 protected:
  static auto rows() { return std::vector<std::string>{"IPv4", "IPv6", "Unix"}; }
  explicit BlockingClientTest(const std::string& its_family) : family(its_family) {}

  const std::string family;

  // Bound and perhaps listening.
  sys::Descriptor bound(std::optional<int> backlog) {
    const auto address =
        family == "Unix" ? Endpoint::parse("unix://" + folder.file("s" + std::to_string(++sockets)))
                               .resolve()
                               .front()
                         : loopback(family == "IPv4" ? AF_INET : AF_INET6, 0);
    auto socket = must(sys::open_stream_socket(address.family()), "socket");
    must(sys::bind(socket.get(), address), "bind");
    if (backlog && ::listen(socket.get(), *backlog) != 0) must(sys::make_error(errno), "listen");
    return socket;
  }

  static Endpoint endpoint_of(const sys::Descriptor& socket) {
    return Endpoint::from(must(sys::local_address(socket.get()), "getsockname"));
  }

  // The server's end of the connection that was made last.
  sys::Descriptor accepted() { return must(sys::accept(listening.get()), "accept").socket; }

  TemporaryFolder folder;
  int sockets = 0;
  sys::Descriptor listening = bound(8);
};

CASES_FIXTURE(BlockingClientTest,
              "blocking client: sent bytes arrive, and received ones are cut as asked") {
  BlockingClient client{endpoint_of(listening), plenty};
  CHECK_EQ(client.peer(), endpoint_of(listening));
  const auto server = accepted();
  client.send_all("hello");
  await(server.get(), POLLIN);
  CHECK_EQ(drain(server.get()), 5U);

  send_text(server.get(), "one\r\ntwo\r\n\r\n12345rest\0!"s);
  CHECK_EQ(client.receive_until("\r\n", plenty), "one");
  CHECK_EQ(client.receive_until("\r\n", plenty), "two");
  CHECK_EQ(client.receive_until("\r\n", plenty), "");
  CHECK_EQ(client.receive_exactly(5, plenty), "12345");
  std::array<std::byte, 4> rest{};
  CHECK(client.receive_exactly(rest, plenty));
  CHECK_EQ(rest[3], std::byte{'t'});
  CHECK_EQ(client.receive_some(plenty), "\0!"s);
}

CASES_FIXTURE(BlockingClientTest, "blocking client: a delimiter cut in two by a receive is found") {
  BlockingClient client{endpoint_of(listening), plenty};
  const auto server = accepted();
  send_text(server.get(), "one\r");
  CHECK_EQ(error_of([&] { client.receive_until("\r\n", short_while); }), std::errc::timed_out);
  send_text(server.get(), "\ntwo");
  CHECK_EQ(client.receive_until("\r\n", plenty), "one");
  CHECK_EQ(client.receive_some(plenty), "two");
}

CASES_FIXTURE(BlockingClientTest,
              "blocking client: a receive that ran out of time has lost nothing") {
  BlockingClient client{endpoint_of(listening), plenty};
  const auto server = accepted();
  CHECK_EQ(error_of([&] { client.receive_some(short_while); }), std::errc::timed_out);
  send_text(server.get(), "123");
  CHECK_EQ(error_of([&] { client.receive_exactly(5, short_while); }), std::errc::timed_out);
  CHECK_EQ(error_of([&] { client.receive_to_end(short_while); }), std::errc::timed_out);
  send_text(server.get(), "45");
  CHECK_EQ(client.receive_exactly(5, plenty), "12345");
}

CASES_FIXTURE(BlockingClientTest,
              "blocking client: a deadline that has passed still gives the bytes that are there") {
  BlockingClient client{endpoint_of(listening), plenty};
  const auto server = accepted();
  const Deadline passed{0ms};
  CHECK_EQ(error_of([&] { client.receive_some(passed); }), std::errc::timed_out);
  send_text(server.get(), "there\nmore\n");
  CHECK_EQ(client.receive_until("\n", plenty), "there");
  CHECK_EQ(client.receive_until("\n", passed), "more");
  client.send_all("taken", passed);
}

// A time that does not fit nanoseconds had become a moment of the past.
TEST_CASE("deadline: the longest time of any unit is not over yet") {
  const Deadline deadlines[] = {sys::Nanoseconds::max(), std::chrono::microseconds::max(),
                                std::chrono::seconds::max(), std::chrono::hours::max(),
                                std::chrono::duration<double>{1e300}};
  for (const Deadline& deadline : deadlines) CHECK_GT(deadline.left().value_or(1h), 0s);
}

TEST_CASE("deadline: a negative time is over") {
  const Deadline deadlines[] = {-1ns, sys::Nanoseconds::min(), std::chrono::hours::min(),
                                std::chrono::duration<double>{-1e300}};
  for (const Deadline& deadline : deadlines) CHECK_EQ(deadline.left(), 0ns);
}

CASES_FIXTURE(
    BlockingClientTest,
    "blocking client: after finishing its side, it receives all that the server still sends") {
  BlockingClient client{endpoint_of(listening), plenty};
  auto server = accepted();
  client.send_all("request");
  client.finish_sending();
  await(server.get(), POLLIN);
  CHECK_EQ(drain(server.get()), 7U);
  send_text(server.get(), "the last words");
  server.reset();
  CHECK_EQ(client.receive_to_end(plenty), "the last words");
  CHECK_EQ(client.receive_to_end(plenty), "");
}

CASES_FIXTURE(
    BlockingClientTest,
    "blocking client: an end between messages is an end, and one within a message an error") {
  BlockingClient client{endpoint_of(listening), plenty};
  auto server = accepted();
  send_text(server.get(), "line\npart");
  server.reset();
  CHECK_EQ(client.receive_until("\n", plenty), "line");
  CHECK_THROWS_AS(client.receive_until("\n", plenty), StreamEnded);
  CHECK_THROWS_AS(client.receive_exactly(5, plenty), StreamEnded);
  CHECK_NE(text_of_error([&] { client.receive_exactly(5, plenty); }).find("after 4 of 5 bytes"),
           std::string::npos);
  CHECK_EQ(client.receive_exactly(4, plenty), "part");
  CHECK_EQ(client.receive_exactly(4, plenty), std::nullopt);
  CHECK_EQ(client.receive_until("\n", plenty), std::nullopt);
  CHECK_EQ(client.receive_some(plenty), std::nullopt);
  std::array<std::byte, 1> byte{};
  CHECK_FALSE(client.receive_exactly(byte, plenty));
}

CASES_FIXTURE(BlockingClientTest,
              "blocking client: input over the limit is refused and still there") {
  BlockingClient client{endpoint_of(listening), plenty};
  auto server = accepted();
  send_text(server.get(), "1234\n12345\n");
  CHECK_EQ(client.receive_until("\n", plenty, 4), "1234");
  CHECK_THROWS_AS(client.receive_until("\n", plenty, 4), std::length_error);
  CHECK_EQ(client.receive_until("\n", plenty, SIZE_MAX), "12345");
  send_text(server.get(), "an endless line");
  CHECK_THROWS_AS(client.receive_until("\n", plenty, 4), std::length_error);
  server.reset();
  CHECK_THROWS_AS(client.receive_to_end(plenty, 4), std::length_error);
  CHECK_EQ(client.receive_to_end(plenty), "an endless line");
}

CASES_FIXTURE(
    BlockingClientTest,
    "blocking client: a server that reads nothing is not waited for beyond the deadline") {
  BlockingClient client{endpoint_of(listening), plenty};
  const auto server = accepted();
  const std::string much(64 * 1024 * 1024, 'x');
  CHECK_EQ(error_of([&] { client.send_all(much, short_while); }), std::errc::timed_out);
}

CASES_FIXTURE(BlockingClientTest, "blocking client: a send that is taken in parts arrives whole") {
  BlockingClient client{endpoint_of(listening), plenty};
  const auto server = accepted();
  const std::string much(8 * 1024 * 1024, 'x');
  std::thread reader{[&] {
    std::size_t total = 0;
    while (total < much.size()) {
      await(server.get(), POLLIN);
      total += drain(server.get());
    }
    send_text(server.get(), std::to_string(total));
  }};
  client.send_all(much, plenty);
  CHECK_EQ(client.receive_exactly(7, plenty), std::to_string(much.size()));
  reader.join();
}

CASES_FIXTURE(BlockingClientTest,
              "blocking client: if the server breaks off, the error names it and the reason") {
  BlockingClient client{endpoint_of(listening), plenty};
  { const auto server = accepted(); }
  CHECK_EQ(client.receive_to_end(plenty), "");
  std::string text;
  for (int i = 0; i < 100 && text.empty();
       ++i) {  // the first may be taken, and answered by a reset
    text = text_of_error([&] { client.send_all("into the void", plenty); });
  }
  CHECK_MESSAGE(text.find("send to " + endpoint_of(listening).to_string()) != std::string::npos,
                text);
}

CASES_FIXTURE(BlockingClientTest, "blocking client: an address on which nobody listens refuses") {
  const auto closed = bound(std::nullopt);
  const Endpoint endpoint = endpoint_of(closed);
  CHECK_EQ(error_of([&] { BlockingClient client(endpoint, plenty); }),
           std::errc::connection_refused);
  CHECK_NE(text_of_error([&] {
             BlockingClient client(endpoint, plenty);
           }).find("connect to " + endpoint.to_string()),
           std::string::npos);
}

// A backlog that is full drops the SYN of TCP, and answers a Unix socket EAGAIN.
CASES_FIXTURE(BlockingClientTest,
              "blocking client: a server that does not answer runs into the deadline") {
  const auto full = bound(0);
  std::vector<BlockingClient> clients;
  const auto connect = [&] {
    for (int i = 0; i < 4; ++i) clients.emplace_back(endpoint_of(full), short_while);
  };
  CHECK_EQ(error_of(connect), std::errc::timed_out);
}

// localhost may stand for two addresses; the server has one of them.
TEST_CASE("blocking client: every address of a name is tried") {
  const auto server = must(sys::open_stream_socket(AF_INET), "socket");
  must(sys::bind(server.get(), loopback(AF_INET, 0)), "bind");
  must(sys::listen(server.get()), "listen");
  const auto address = Endpoint::from(must(sys::local_address(server.get()), "getsockname"));
  BlockingClient client{Endpoint::parse("tcp://localhost:0").with_port(address.port()), plenty};
  CHECK_EQ(client.peer(), address);
}

TEST_CASE("blocking client: an unknown name is an error that has the name in it") {
  const auto nobody = Endpoint::parse("tcp://nobody.invalid:7");
  CHECK_NE(text_of_error([&] { BlockingClient client(nobody, plenty); }).find("nobody.invalid"),
           std::string::npos);
}

// Nothing tells when there is room again: it asks again. (TCP sends its SYN again, after a second.)
TEST_CASE("blocking client: a full backlog of a Unix socket is waited for") {
  const TemporaryFolder folder;
  const auto endpoint = Endpoint::parse("unix://" + folder.file("socket"));
  const auto full = must(sys::open_stream_socket(AF_UNIX), "socket");
  must(sys::bind(full.get(), endpoint.resolve().front()), "bind");
  if (::listen(full.get(), 0) != 0) must(sys::make_error(errno), "listen");
  std::vector<sys::Descriptor> accepted;
  std::thread acceptor{[&] {
    while (accepted.size() < 4) {
      await(full.get(), POLLIN);
      accepted.push_back(must(sys::accept(full.get()), "accept").socket);
    }
  }};
  std::vector<BlockingClient> clients;
  for (int i = 0; i < 4; ++i) clients.emplace_back(endpoint, plenty);
  acceptor.join();
  CHECK_EQ(accepted.size(), clients.size());
}

TEST_CASE("blocking client: a missing socket file is told") {
  const TemporaryFolder folder;
  const auto nobody = Endpoint::parse("unix://" + folder.file("nobody"));
  CHECK_EQ(error_of([&] { BlockingClient client(nobody, plenty); }),
           std::errc::no_such_file_or_directory);
}

}  // namespace
}  // namespace switchboard::test
