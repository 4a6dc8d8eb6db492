// How `switchboard connect` passes bytes on, however they are cut.
#include "server/conversation.hpp"

#include <string>
#include <string_view>
#include <vector>

#include "support/testing.hpp"

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

// All that was sent, with a '|' between the calls.
std::string said(const Way& way, const std::vector<std::string>& pieces) {
  const ConversationOptions options = options_of(way);
  Outgoing outgoing{options};
  std::string all;
  for (const std::string& piece : pieces) all += text_of(outgoing.take(piece)) + "|";
  return all + text_of(outgoing.finish());
}

// All that was shown, with a '|' between the calls. A rest that was left comes again, as a
// Connection does it.
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

TEST_CASE("conversation: outgoing bytes go as they come") {
  CHECK_EQ(said({}, {"ab", "c\nd\0"s}), "ab|c\nd\0|"s);
}

TEST_CASE("conversation: with --line, outgoing bytes wait for the end of their line") {
  CHECK_EQ(said({.lines = true}, {"ab", "c\nd", "e\n", "last"}), "|abc\n|de\n||last");
  CHECK_EQ(said({.lines = true}, {"0123456789", "x", "y\n"}), "|0123456789x|y\n|");
}

TEST_CASE("conversation: with --CR LF, an outgoing newline gets a return unless it has one") {
  CHECK_EQ(said({.crlf = true}, {"a\nb\r\nc\r", "\n\n"}), "a\r\nb\r\nc\r|\n\r\n|");
  CHECK_EQ(said({.lines = true, .crlf = true}, {"a", "\nb"}), "|a\r\n|b");
}

TEST_CASE("conversation: with a framing, every outgoing line is a message") {
  CHECK_EQ(said({.framing = "u8"}, {"ab", "\n\nc\n", "last"}), "|\2ab\0\1c||\4last"s);
  CHECK_EQ(said({.framing = "crlf"}, {"PING\n"}), "PING\r\n|");
  CHECK_EQ(said({.framing = "fixed:2"}, {"ab\ncd"}), "ab|cd");
}

TEST_CASE("conversation: until close, all that goes out is one message") {
  CHECK_EQ(said({.framing = "close"}, {"ab\n", "c"}), "ab\n|c|");
}

TEST_CASE("conversation: an outgoing line that has no frame is an error") {
  CHECK_THROWS_AS(said({.framing = "fixed:2"}, {"abc\n"}), ConversationError);
  CHECK_THROWS_AS(said({.framing = "fixed:2"}, {"a"}), ConversationError);
  CHECK_THROWS_AS(said({.framing = "u8"}, {"0123456789", "x"}), ConversationError);
  CHECK_EQ(said({.framing = "lines"}, {"0123456789\n"}), "0123456789\n|");
}

TEST_CASE("conversation: incoming bytes are shown as they come") {
  CHECK_EQ(shown({}, {"ab", "c\nd\0"s}), "ab|c\nd\0|"s);
}

TEST_CASE("conversation: with --line, incoming bytes wait for the end of their line") {
  CHECK_EQ(shown({.lines = true}, {"ab", "c\nd", "e\n", "last"}), "|abc\n|de\n||last");
  CHECK_EQ(shown({.lines = true}, {"0123456789", "x", "y\n"}), "|0123456789x|y\n|");
}

TEST_CASE("conversation: with a framing, every incoming message is a line") {
  CHECK_EQ(shown({.framing = "u8"}, {"\2a", "b\0\1c"s}), "|ab\n\nc\n|");
  CHECK_EQ(shown({.framing = "crlf"}, {"+PONG\r", "\n"}), "|+PONG\n|");
}

TEST_CASE("conversation: until close, all that comes in is shown at the end, as it is") {
  CHECK_EQ(shown({.framing = "close"}, {"ab", "c"}), "||abc");
}

TEST_CASE("conversation: malformed input is an error, after all that came before it is shown") {
  const ConversationOptions options = options_of({.framing = "digits:2"});
  Incoming incoming{options};
  std::string out;
  const std::string input = "01a02bbxx";
  CHECK_THROWS_AS(incoming.take(std::as_bytes(std::span{input}), out), ConversationError);
  CHECK_EQ(out, "a\nbb\n");
  CHECK_THROWS_AS(shown({.framing = "u8"}, {"\2a"}), ConversationError);
  CHECK_THROWS_AS(shown({.framing = "close"}, {"0123456789x"}), ConversationError);
}

TEST_CASE("conversation: in hexadecimal, a line shows sixteen bytes") {
  CHECK_EQ(shown({.hex = true}, {"0123456789abcdef\0\n"s, "~"}),
           "00000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef\n"
           "00000010  00 0a                                            ..\n|"
           "00000012  7e                                               ~\n|");
  CHECK_EQ(shown({.hex = true, .framing = "u8"}, {"\1a\0\1b"s}),
           "00000000  61                                               a\n\n"
           "00000000  62                                               b\n|");
}

}  // namespace
}  // namespace switchboard::server
