// What `switchboard connect` makes of bytes, however they are cut.
#include "server/conversation.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace switchboard::server {
namespace {

using namespace std::string_literals;

constexpr std::size_t limit_bytes = 10;

struct Way {
  bool lines = false;
  bool crlf = false;
  bool hex = false;
  const char* framing = nullptr;
};

ConversationOptions options_of(const Way& way) {
  ConversationOptions options;
  options.lines = way.lines;
  options.crlf = way.crlf;
  options.hex = way.hex;
  options.limit_bytes = limit_bytes;
  if (way.framing != nullptr) {
    options.framing = command_line::parse_framing(way.framing, limit_bytes);
  }
  return options;
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// What was sent, a '|' between the calls.
std::string said(const Way& way, const std::vector<std::string>& pieces) {
  const ConversationOptions options = options_of(way);
  Outgoing outgoing{options};
  std::string all;
  for (const std::string& piece : pieces) all += text_of(outgoing.take(piece)) + "|";
  return all + text_of(outgoing.finish());
}

// What was shown, a '|' between the calls. What was left comes again, as a Connection does it.
std::string shown(const Way& way, const std::vector<std::string>& pieces) {
  const ConversationOptions options = options_of(way);
  Incoming incoming{options};
  std::string all;
  std::string kept;
  for (const std::string& piece : pieces) {
    kept += piece;
    kept.erase(0, incoming.take(std::as_bytes(std::span{kept}), all));
    all += "|";
  }
  incoming.finish(std::as_bytes(std::span{kept}), all);
  return all;
}

TEST(Outgoing, BytesGoAsTheyCome) {
  EXPECT_EQ(said({}, {"ab", "c\nd\0"s}), "ab|c\nd\0|"s);
}

TEST(Outgoing, WithLinesAPartWaitsForItsEnd) {
  EXPECT_EQ(said({.lines = true}, {"ab", "c\nd", "e\n", "last"}), "|abc\n|de\n||last");
  EXPECT_EQ(said({.lines = true}, {"0123456789", "x", "y\n"}), "|0123456789x|y\n|");
}

TEST(Outgoing, WithCrlfANewlineGetsAReturnUnlessItHasOne) {
  EXPECT_EQ(said({.crlf = true}, {"a\nb\r\nc\r", "\n\n"}), "a\r\nb\r\nc\r|\n\r\n|");
  EXPECT_EQ(said({.lines = true, .crlf = true}, {"a", "\nb"}), "|a\r\n|b");
}

TEST(Outgoing, WithFramingEveryLineIsAMessage) {
  EXPECT_EQ(said({.framing = "u8"}, {"ab", "\n\nc\n", "last"}), "|\2ab\0\1c||\4last"s);
  EXPECT_EQ(said({.framing = "crlf"}, {"PING\n"}), "PING\r\n|");
  EXPECT_EQ(said({.framing = "fixed:2"}, {"ab\ncd"}), "ab|cd");
}

TEST(Outgoing, UntilCloseAllIsOneMessage) {
  EXPECT_EQ(said({.framing = "close"}, {"ab\n", "c"}), "ab\n|c|");
}

TEST(Outgoing, WhatHasNoFrameIsAnError) {
  EXPECT_THROW(said({.framing = "fixed:2"}, {"abc\n"}), ConversationError);
  EXPECT_THROW(said({.framing = "fixed:2"}, {"a"}), ConversationError);
  EXPECT_THROW(said({.framing = "u8"}, {"0123456789", "x"}), ConversationError);
  EXPECT_EQ(said({.framing = "lines"}, {"0123456789\n"}), "0123456789\n|");
}

TEST(Incoming, BytesAreShownAsTheyCome) {
  EXPECT_EQ(shown({}, {"ab", "c\nd\0"s}), "ab|c\nd\0|"s);
}

TEST(Incoming, WithLinesAPartWaitsForItsEnd) {
  EXPECT_EQ(shown({.lines = true}, {"ab", "c\nd", "e\n", "last"}), "|abc\n|de\n||last");
  EXPECT_EQ(shown({.lines = true}, {"0123456789", "x", "y\n"}), "|0123456789x|y\n|");
}

TEST(Incoming, WithFramingEveryMessageIsALine) {
  EXPECT_EQ(shown({.framing = "u8"}, {"\2a", "b\0\1c"s}), "|ab\n\nc\n|");
  EXPECT_EQ(shown({.framing = "crlf"}, {"+PONG\r", "\n"}), "|+PONG\n|");
}

TEST(Incoming, UntilCloseAllIsShownAtTheEndAsItIs) {
  EXPECT_EQ(shown({.framing = "close"}, {"ab", "c"}), "||abc");
}

TEST(Incoming, WhatIsNoFrameIsAnErrorBehindWhatWasBeforeIt) {
  const ConversationOptions options = options_of({.framing = "digits:2"});
  Incoming incoming{options};
  std::string out;
  const std::string input = "01a02bbxx";
  EXPECT_THROW(incoming.take(std::as_bytes(std::span{input}), out), ConversationError);
  EXPECT_EQ(out, "a\nbb\n");
  EXPECT_THROW(shown({.framing = "u8"}, {"\2a"}), ConversationError);
  EXPECT_THROW(shown({.framing = "close"}, {"0123456789x"}), ConversationError);
}

TEST(Incoming, InHexadecimalSixteenBytesALine) {
  EXPECT_EQ(shown({.hex = true}, {"0123456789abcdef\0\n"s, "~"}),
            "00000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef\n"
            "00000010  00 0a                                            ..\n|"
            "00000012  7e                                               ~\n|");
  EXPECT_EQ(shown({.hex = true, .framing = "u8"}, {"\1a\0\1b"s}),
            "00000000  61                                               a\n\n"
            "00000000  62                                               b\n|");
}

}  // namespace
}  // namespace switchboard::server
