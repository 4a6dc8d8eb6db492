// The blocking client against a socket of the test's own: every call, its deadline, and what it
// does where the stream ends or breaks in the middle. Single-threaded: the kernel completes a
// connection, and takes a little of what is sent, before anybody accepts.
#include "switchboard/net/blocking_client.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "switchboard/net/endpoint.hpp"

#include "support/sockets.hpp"
#include "support/temporary_folder.hpp"

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

class BlockingClientTest : public testing::TestWithParam<std::string> {
 protected:
  // Bound and perhaps listening.
  sys::Descriptor bound(std::optional<int> backlog) {
    const std::string& family = GetParam();
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

TEST_P(BlockingClientTest, what_it_sends_arrives_and_what_it_receives_is_cut_as_asked) {
  BlockingClient client{endpoint_of(listening), plenty};
  EXPECT_EQ(client.peer(), endpoint_of(listening));
  const auto server = accepted();
  client.send_all("hello");
  await(server.get(), POLLIN);
  EXPECT_EQ(drain(server.get()), 5U);

  send_text(server.get(), "one\r\ntwo\r\n\r\n12345rest\0!"s);
  EXPECT_EQ(client.receive_until("\r\n", plenty), "one");
  EXPECT_EQ(client.receive_until("\r\n", plenty), "two");
  EXPECT_EQ(client.receive_until("\r\n", plenty), "");
  EXPECT_EQ(client.receive_exactly(5, plenty), "12345");
  std::array<std::byte, 4> rest{};
  EXPECT_TRUE(client.receive_exactly(rest, plenty));
  EXPECT_EQ(rest[3], std::byte{'t'});
  EXPECT_EQ(client.receive_some(plenty), "\0!"s);
}

TEST_P(BlockingClientTest, a_delimiter_cut_in_two_by_a_receive_is_found) {
  BlockingClient client{endpoint_of(listening), plenty};
  const auto server = accepted();
  send_text(server.get(), "one\r");
  EXPECT_EQ(error_of([&] { client.receive_until("\r\n", short_while); }), std::errc::timed_out);
  send_text(server.get(), "\ntwo");
  EXPECT_EQ(client.receive_until("\r\n", plenty), "one");
  EXPECT_EQ(client.receive_some(plenty), "two");
}

TEST_P(BlockingClientTest, a_receive_that_ran_out_of_time_has_lost_nothing) {
  BlockingClient client{endpoint_of(listening), plenty};
  const auto server = accepted();
  EXPECT_EQ(error_of([&] { client.receive_some(short_while); }), std::errc::timed_out);
  send_text(server.get(), "123");
  EXPECT_EQ(error_of([&] { client.receive_exactly(5, short_while); }), std::errc::timed_out);
  EXPECT_EQ(error_of([&] { client.receive_to_end(short_while); }), std::errc::timed_out);
  send_text(server.get(), "45");
  EXPECT_EQ(client.receive_exactly(5, plenty), "12345");
}

TEST_P(BlockingClientTest, a_deadline_that_has_passed_still_gives_what_is_there) {
  BlockingClient client{endpoint_of(listening), plenty};
  const auto server = accepted();
  const Deadline passed{0ms};
  EXPECT_EQ(error_of([&] { client.receive_some(passed); }), std::errc::timed_out);
  send_text(server.get(), "there\nmore\n");
  EXPECT_EQ(client.receive_until("\n", plenty), "there");
  EXPECT_EQ(client.receive_until("\n", passed), "more");
  client.send_all("taken", passed);
}

// What does not fit nanoseconds had become a moment of the past.
TEST(DeadlineTest, the_longest_time_of_any_unit_is_not_over_yet) {
  const Deadline deadlines[] = {sys::Nanoseconds::max(), std::chrono::microseconds::max(),
                                std::chrono::seconds::max(), std::chrono::hours::max(),
                                std::chrono::duration<double>{1e300}};
  for (const Deadline& deadline : deadlines) EXPECT_GT(deadline.left().value_or(1h), 0s);
}

TEST(DeadlineTest, a_time_below_zero_is_over) {
  const Deadline deadlines[] = {-1ns, sys::Nanoseconds::min(), std::chrono::hours::min(),
                                std::chrono::duration<double>{-1e300}};
  for (const Deadline& deadline : deadlines) EXPECT_EQ(deadline.left(), 0ns);
}

TEST_P(BlockingClientTest, after_its_end_it_receives_all_that_the_server_still_sends) {
  BlockingClient client{endpoint_of(listening), plenty};
  auto server = accepted();
  client.send_all("request");
  client.finish_sending();
  await(server.get(), POLLIN);
  EXPECT_EQ(drain(server.get()), 7U);
  send_text(server.get(), "the last words");
  server.reset();
  EXPECT_EQ(client.receive_to_end(plenty), "the last words");
  EXPECT_EQ(client.receive_to_end(plenty), "");
}

TEST_P(BlockingClientTest, an_end_between_messages_is_none_and_within_one_an_error) {
  BlockingClient client{endpoint_of(listening), plenty};
  auto server = accepted();
  send_text(server.get(), "line\npart");
  server.reset();
  EXPECT_EQ(client.receive_until("\n", plenty), "line");
  EXPECT_THROW(client.receive_until("\n", plenty), StreamEnded);
  EXPECT_THROW(client.receive_exactly(5, plenty), StreamEnded);
  EXPECT_NE(text_of_error([&] { client.receive_exactly(5, plenty); }).find("after 4 of 5 bytes"),
            std::string::npos);
  EXPECT_EQ(client.receive_exactly(4, plenty), "part");
  EXPECT_EQ(client.receive_exactly(4, plenty), std::nullopt);
  EXPECT_EQ(client.receive_until("\n", plenty), std::nullopt);
  EXPECT_EQ(client.receive_some(plenty), std::nullopt);
  std::array<std::byte, 1> byte{};
  EXPECT_FALSE(client.receive_exactly(byte, plenty));
}

TEST_P(BlockingClientTest, more_than_the_limit_is_refused_and_still_there) {
  BlockingClient client{endpoint_of(listening), plenty};
  auto server = accepted();
  send_text(server.get(), "1234\n12345\n");
  EXPECT_EQ(client.receive_until("\n", plenty, 4), "1234");
  EXPECT_THROW(client.receive_until("\n", plenty, 4), std::length_error);
  EXPECT_EQ(client.receive_until("\n", plenty, SIZE_MAX), "12345");
  send_text(server.get(), "an endless line");
  EXPECT_THROW(client.receive_until("\n", plenty, 4), std::length_error);
  server.reset();
  EXPECT_THROW(client.receive_to_end(plenty, 4), std::length_error);
  EXPECT_EQ(client.receive_to_end(plenty), "an endless line");
}

TEST_P(BlockingClientTest, a_server_that_reads_nothing_is_not_waited_for_beyond_the_deadline) {
  BlockingClient client{endpoint_of(listening), plenty};
  const auto server = accepted();
  const std::string much(64 * 1024 * 1024, 'x');
  EXPECT_EQ(error_of([&] { client.send_all(much, short_while); }), std::errc::timed_out);
}

TEST_P(BlockingClientTest, a_send_that_is_taken_in_parts_arrives_whole) {
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
  EXPECT_EQ(client.receive_exactly(7, plenty), std::to_string(much.size()));
  reader.join();
}

TEST_P(BlockingClientTest, where_the_server_broke_off_the_error_says_who_and_what) {
  BlockingClient client{endpoint_of(listening), plenty};
  { const auto server = accepted(); }
  EXPECT_EQ(client.receive_to_end(plenty), "");
  std::string text;
  for (int i = 0; i < 100 && text.empty();
       ++i) {  // the first may be taken, and answered by a reset
    text = text_of_error([&] { client.send_all("into the void", plenty); });
  }
  EXPECT_NE(text.find("send to " + endpoint_of(listening).to_string()), std::string::npos) << text;
}

TEST_P(BlockingClientTest, where_nobody_listens_it_is_refused) {
  const auto closed = bound(std::nullopt);
  const Endpoint endpoint = endpoint_of(closed);
  EXPECT_EQ(error_of([&] { BlockingClient client(endpoint, plenty); }),
            std::errc::connection_refused);
  EXPECT_NE(text_of_error([&] {
              BlockingClient client(endpoint, plenty);
            }).find("connect to " + endpoint.to_string()),
            std::string::npos);
}

// A backlog that is full drops the SYN of TCP, and answers a Unix socket EAGAIN.
TEST_P(BlockingClientTest, a_server_that_does_not_answer_runs_into_the_deadline) {
  const auto full = bound(0);
  std::vector<BlockingClient> clients;
  const auto connect = [&] {
    for (int i = 0; i < 4; ++i) clients.emplace_back(endpoint_of(full), short_while);
  };
  EXPECT_EQ(error_of(connect), std::errc::timed_out);
}

INSTANTIATE_TEST_SUITE_P(Families, BlockingClientTest, testing::Values("IPv4", "IPv6", "Unix"),
                         [](const auto& family) { return family.param; });

// localhost may stand for two addresses; the server has one of them.
TEST(BlockingClient, every_address_of_a_name_is_tried) {
  const auto server = must(sys::open_stream_socket(AF_INET), "socket");
  must(sys::bind(server.get(), loopback(AF_INET, 0)), "bind");
  must(sys::listen(server.get()), "listen");
  const auto address = Endpoint::from(must(sys::local_address(server.get()), "getsockname"));
  BlockingClient client{Endpoint::parse("tcp://localhost:0").with_port(address.port()), plenty};
  EXPECT_EQ(client.peer(), address);
}

TEST(BlockingClient, a_name_that_is_none_is_an_error_with_the_name_in_it) {
  const auto nobody = Endpoint::parse("tcp://nobody.invalid:7");
  EXPECT_NE(text_of_error([&] { BlockingClient client(nobody, plenty); }).find("nobody.invalid"),
            std::string::npos);
}

// Nothing tells when there is room again: it asks again. (TCP sends its SYN again, after a second.)
TEST(BlockingClient, a_full_backlog_of_a_unix_socket_is_waited_for) {
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
}

TEST(BlockingClient, a_missing_socket_file_is_told) {
  const TemporaryFolder folder;
  const auto nobody = Endpoint::parse("unix://" + folder.file("nobody"));
  EXPECT_EQ(error_of([&] { BlockingClient client(nobody, plenty); }),
            std::errc::no_such_file_or_directory);
}

}  // namespace
}  // namespace switchboard::test
