// The echo that answers message by message, over every poller.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "switchboard/echo/framed_echo_service.hpp"

#include "support/backends.hpp"
#include "support/sockets.hpp"

namespace switchboard::test {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

constexpr std::size_t limit_bytes = 1000;

ConnectionLimits limits() {
  ConnectionLimits limits;
  limits.input_limit_bytes = limit_bytes + 32;
  return limits;
}

class FramedEcho : public testing::TestWithParam<std::string> {
 protected:
  void serve(ChosenCodec codec) {
    service.emplace(reactor, std::move(codec), limits(), EchoService::OpenedCallback{},
                    [this](const Connection&, const Closed& closed) { ends.push_back(closed); });
    std::error_code error;
    ASSERT_NE(service->connections().adopt(std::move(pair.ours), error), nullptr);
  }

  void send(std::string_view text) {
    send_text(pair.theirs.get(), text);
    for (int i = 0; i < 4; ++i) reactor.turn(1ms);
  }
  void finish() {
    must(sys::shut_down_sending(pair.theirs.get()), "shutdown");
    for (int turns = 0; ends.empty() && turns < 1000; ++turns) {
      reactor.turn(10ms);
      receive();
    }
  }
  // What has come back since it was last asked, after some turns; and whether the end has.
  std::string receive() {
    std::array<std::byte, 4096> block;
    std::string text;
    while (!ended) {
      const auto received = sys::receive(pair.theirs.get(), block);
      if (received.would_block()) break;
      ended = must(received, "recv") == 0;
      if (ended) pair.theirs.reset();
      if (ended) break;
      text.append(reinterpret_cast<const char*>(block.data()), *received);
    }
    return all += text, text;
  }

  SocketPair pair = tcp_pair();
  Reactor reactor{find_backend(GetParam()).make()};
  std::optional<FramedEchoService> service;
  std::vector<Closed> ends;
  std::string all;
  bool ended = false;
};

TEST_P(FramedEcho, a_message_comes_back_when_it_is_whole_and_not_before) {
  serve(DelimitedCodec{"\r\n", limit_bytes});
  send("one\r");
  EXPECT_EQ(receive(), "");
  send("\ntwo\r\nthr");
  EXPECT_EQ(receive(), "one\r\ntwo\r\n");
  send("ee\r\n");
  EXPECT_EQ(receive(), "three\r\n");
  EXPECT_EQ(service->messages(), 3U);
  EXPECT_EQ(service->counts().bytes, 17U);
}

TEST_P(FramedEcho, zero_bytes_are_data) {
  serve(LengthPrefixedCodec{LengthPrefix::integer(2), limit_bytes});
  send("\0\3a\0b\0\0\0\1"s);
  EXPECT_EQ(receive(), "\0\3a\0b\0\0"s);
  send("c");
  EXPECT_EQ(receive(), "\0\1c"s);
}

TEST_P(FramedEcho, a_client_that_ends_between_messages_gets_all_and_the_end) {
  serve(FixedCodec{3});
  send("abcdef");
  finish();
  receive();
  EXPECT_EQ(all, "abcdef");
  EXPECT_TRUE(ended);
  ASSERT_EQ(ends.size(), 1U);
  EXPECT_EQ(ends[0].reason, CloseReason::peer_closed);
}

TEST_P(FramedEcho, a_client_that_ends_within_a_message_gets_what_was_whole) {
  serve(FixedCodec{3});
  send("abcde");
  finish();
  receive();
  EXPECT_EQ(all, "abc");
  ASSERT_EQ(ends.size(), 1U);
  EXPECT_EQ(ends[0].reason, CloseReason::protocol_error);
}

TEST_P(FramedEcho, what_is_no_message_ends_the_stream_behind_the_answers_before_it) {
  serve(LengthPrefixedCodec{LengthPrefix::digits(5), limit_bytes});
  send("00002hixxxxx");
  EXPECT_EQ(receive(), "00002hi");
  EXPECT_TRUE(ended);
  for (int turns = 0; ends.empty() && turns < 1000; ++turns) reactor.turn(10ms);
  ASSERT_EQ(ends.size(), 1U);
  EXPECT_EQ(ends[0].reason, CloseReason::protocol_error);
}

TEST_P(FramedEcho, a_length_over_the_limit_is_refused_before_its_bytes_come) {
  serve(LengthPrefixedCodec{LengthPrefix::digits(5), limit_bytes});
  send("01001");
  receive();
  EXPECT_TRUE(ended);
}

TEST_P(FramedEcho, the_longest_message_fits) {
  serve(DelimitedCodec{"\n", limit_bytes});
  const std::string longest(limit_bytes, 'x');
  send(longest);
  EXPECT_EQ(receive(), "");
  send("\n");
  EXPECT_EQ(receive(), longest + "\n");
}

TEST_P(FramedEcho, until_close_all_comes_back_behind_the_end) {
  serve(UntilCloseCodec{limit_bytes});
  send("all\nof ");
  send("it");
  EXPECT_EQ(receive(), "");
  finish();
  receive();
  EXPECT_EQ(all, "all\nof it");
  EXPECT_EQ(service->messages(), 1U);
}

TEST_P(FramedEcho, every_connection_is_decoded_for_itself) {
  serve(DelimitedCodec{"\n", limit_bytes});
  SocketPair other = tcp_pair();
  std::error_code error;
  ASSERT_NE(service->connections().adopt(std::move(other.ours), error), nullptr);
  send("mine");
  send_text(other.theirs.get(), "theirs\n");
  await(other.theirs.get(), POLLOUT);
  send("\n");
  EXPECT_EQ(receive(), "mine\n");
  await(other.theirs.get(), POLLIN);
  EXPECT_EQ(drain(other.theirs.get()), 7U);
}

INSTANTIATE_TEST_SUITE_P(Backends, FramedEcho, testing::ValuesIn(backend_names()), name_of_backend);

}  // namespace
}  // namespace switchboard::test
