// The echo that answers message by message, over every poller.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "switchboard/echo/framed_echo_service.hpp"

#include "support/backends.hpp"
#include "support/sockets.hpp"
#include "support/testing.hpp"

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

class FramedEcho {
 protected:
  static auto rows() { return backend_names(); }
  explicit FramedEcho(const std::string& its_backend) : backend(its_backend) {}

  const std::string backend;

  void serve(ChosenCodec codec) {
    service.emplace(reactor, std::move(codec), limits(), EchoService::OpenedCallback{},
                    [this](const Connection&, const Closed& closed) { ends.push_back(closed); });
    std::error_code error;
    REQUIRE_NE(service->connections().adopt(std::move(pair.ours), error), nullptr);
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
  // Gives the bytes that have come back since the last call, and notes whether the end has come.
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
  Reactor reactor{find_backend(backend).make()};
  std::optional<FramedEchoService> service;
  std::vector<Closed> ends;
  std::string all;
  bool ended = false;
};

CASES_FIXTURE(FramedEcho, "framed echo: a message comes back when it is whole, and not before") {
  serve(DelimitedCodec{"\r\n", limit_bytes});
  send("one\r");
  CHECK_EQ(receive(), "");
  send("\ntwo\r\nthr");
  CHECK_EQ(receive(), "one\r\ntwo\r\n");
  send("ee\r\n");
  CHECK_EQ(receive(), "three\r\n");
  CHECK_EQ(service->messages(), 3U);
  CHECK_EQ(service->counts().bytes, 17U);
}

CASES_FIXTURE(FramedEcho, "framed echo: zero bytes are data") {
  serve(LengthPrefixedCodec{LengthPrefix::integer(2), limit_bytes});
  send("\0\3a\0b\0\0\0\1"s);
  CHECK_EQ(receive(), "\0\3a\0b\0\0"s);
  send("c");
  CHECK_EQ(receive(), "\0\1c"s);
}

CASES_FIXTURE(FramedEcho,
              "framed echo: a client that ends between messages gets them all and the end") {
  serve(FixedCodec{3});
  send("abcdef");
  finish();
  receive();
  CHECK_EQ(all, "abcdef");
  CHECK(ended);
  REQUIRE_EQ(ends.size(), 1U);
  CHECK_EQ(ends[0].reason, CloseReason::peer_closed);
}

CASES_FIXTURE(FramedEcho,
              "framed echo: a client that ends within a message gets those that were whole") {
  serve(FixedCodec{3});
  send("abcde");
  finish();
  receive();
  CHECK_EQ(all, "abc");
  REQUIRE_EQ(ends.size(), 1U);
  CHECK_EQ(ends[0].reason, CloseReason::protocol_error);
}

CASES_FIXTURE(
    FramedEcho,
    "framed echo: bytes that are not a message end the stream after the answers before them") {
  serve(LengthPrefixedCodec{LengthPrefix::digits(5), limit_bytes});
  send("00002hixxxxx");
  CHECK_EQ(receive(), "00002hi");
  CHECK(ended);
  for (int turns = 0; ends.empty() && turns < 1000; ++turns) reactor.turn(10ms);
  REQUIRE_EQ(ends.size(), 1U);
  CHECK_EQ(ends[0].reason, CloseReason::protocol_error);
}

CASES_FIXTURE(FramedEcho, "framed echo: a length over the limit is refused before its bytes come") {
  serve(LengthPrefixedCodec{LengthPrefix::digits(5), limit_bytes});
  send("01001");
  receive();
  CHECK(ended);
}

CASES_FIXTURE(FramedEcho, "framed echo: the longest message fits") {
  serve(DelimitedCodec{"\n", limit_bytes});
  const std::string longest(limit_bytes, 'x');
  send(longest);
  CHECK_EQ(receive(), "");
  send("\n");
  CHECK_EQ(receive(), longest + "\n");
}

CASES_FIXTURE(FramedEcho, "framed echo: with until-close, all comes back after the end") {
  serve(UntilCloseCodec{limit_bytes});
  send("all\nof ");
  send("it");
  CHECK_EQ(receive(), "");
  finish();
  receive();
  CHECK_EQ(all, "all\nof it");
  CHECK_EQ(service->messages(), 1U);
}

CASES_FIXTURE(FramedEcho, "framed echo: every connection is decoded for itself") {
  serve(DelimitedCodec{"\n", limit_bytes});
  SocketPair other = tcp_pair();
  std::error_code error;
  REQUIRE_NE(service->connections().adopt(std::move(other.ours), error), nullptr);
  send("mine");
  send_text(other.theirs.get(), "theirs\n");
  await(other.theirs.get(), POLLOUT);
  send("\n");
  CHECK_EQ(receive(), "mine\n");
  await(other.theirs.get(), POLLIN);
  CHECK_EQ(drain(other.theirs.get()), 7U);
}

}  // namespace
}  // namespace switchboard::test
