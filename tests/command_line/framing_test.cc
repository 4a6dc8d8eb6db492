// The grammar of --framing: what each row makes, and what is said of a mistake.
#include "command_line/framing.hpp"

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "support/testing.hpp"

namespace switchboard::command_line {
namespace {

using namespace std::string_literals;

using test::contains;

constexpr std::size_t limit_bytes = 1000;

struct Example {
  const char* framing;
  std::string payload;
  std::string frame;
};

TEST_CASE("framing: every name makes its codec") {
  const std::vector<Example> examples{
      {"lines", "abc", "abc\n"},
      {"crlf", "abc", "abc\r\n"},
      {"mark:|", "abc", "abc|"},
      {R"(mark:\0)", "abc", "abc\0"s},
      {R"(mark:\r\n\t\\\x1f:)", "abc", "abc\r\n\t\\\x1f:"},
      {"fixed:3", "abc", "abc"},
      {"digits:5", "abc", "00003abc"},
      {"u8", "abc", "\x03"s + "abc"},
      {"u16", "abc", "\0\x03"s + "abc"},
      {"u16le", "abc", "\x03\0"s + "abc"},
      {"u32", "abc", "\0\0\0\x03"s + "abc"},
      {"u32le", "abc", "\x03\0\0\0"s + "abc"},
      {"u64", "abc", "\0\0\0\0\0\0\0\x03"s + "abc"},
      {"u64le", "abc", "\x03\0\0\0\0\0\0\0"s + "abc"},
      {"varint", std::string(300, 'x'), "\xac\x02" + std::string(300, 'x')},
      {"typed:p=1,q=3", "q12", "q12"},
      {"typed:0x00=2,==3", "\0a"s, "\0a"s},
      {"typed:==3", "=12", "=12"},
      {"close", "abc", "abc"},
  };
  for (const Example& example : examples) {
    INFO(example.framing);
    const Framing framing = parse_framing(example.framing, limit_bytes);
    std::vector<std::byte> out;
    CHECK_EQ(framing.codec.encode(std::as_bytes(std::span{example.payload}), out),
             FrameStatus::complete);
    CHECK_EQ((std::string{reinterpret_cast<const char*>(out.data()), out.size()}), example.frame);
    CHECK_LE(out.size(), framing.longest_frame_bytes);
    CHECK_EQ(framing.codec.is_until_close(), std::string_view{example.framing} == "close");
  }
}

struct Mistake {
  const char* framing;
  const char* shows;
  const char* mend;
};

TEST_CASE("framing: a mistake is shown with its mend") {
  const Mistake mistakes[] = {
      {"", "''", "write one of lines, crlf"},
      {"line", "'line'", "write one of lines, crlf"},
      {"LINES", "'LINES'", "write one of lines"},
      {"lines:", "'lines:'", "write lines"},
      {"u32:4", "u32 takes nothing", "write u32"},
      {"u24", "'u24'", "u16, u16le, u32"},
      {"fixed", "BYTES is missing", "write fixed:5"},
      {"fixed:", "BYTES is missing", "write fixed:5"},
      {"fixed:0", "'0'", "at least 1"},
      {"fixed:-1", "'-1'", "at least 1"},
      {"fixed:5x", "'5x'", "at least 1"},
      {"fixed:1001", "1001 bytes", "raise --frame-limit"},
      {"fixed:99999999999999999999", "'99999999999999999999'", "at least 1"},
      {"digits", "COUNT is missing", "write digits:5"},
      {"digits:0", "'0'", "write 1 to 19"},
      {"digits:20", "'20'", "write 1 to 19"},
      {"mark", "TEXT is missing", R"(write mark:\0)"},
      {R"(mark:\)", "backslash", "hexadecimal"},
      {R"(mark:\q)", "backslash", "hexadecimal"},
      {R"(mark:\x1)", "backslash", "hexadecimal"},
      {R"(mark:\xg0)", "backslash", "hexadecimal"},
      {"typed:", "TYPE=BYTES,... is missing", "write typed:p=1,q=5"},
      {"typed:p", "'p' has no length", "TYPE=BYTES"},
      {"typed:p=", "''", "at least 1"},
      {"typed:p=0", "'0'", "at least 1"},
      {"typed:p=1,p=2", "named twice", "name it once"},
      {"typed:pq=1", "'pq' is not a type", "one character"},
      {"typed:0x100=1", "'0x100' is not a type", "one character"},
      {"typed:=1", "'' is not a type", "one character"},
      {"typed:p=1001", "1001 bytes", "raise --frame-limit"},
      {"close:1", "close takes nothing", "write close"},
  };
  for (const Mistake& mistake : mistakes) {
    INFO(mistake.framing);
    try {
      parse_framing(mistake.framing, limit_bytes);
      FAIL_CHECK("accepted");
    } catch (const std::invalid_argument& refusal) {
      CHECK(contains(refusal.what(), mistake.shows));
      CHECK(contains(refusal.what(), mistake.mend));
    }
  }
}

TEST_CASE("framing: the limit is that of a message") {
  for (const char* text : {"lines", "u32", "digits:5", "varint", "close"}) {
    INFO(text);
    const Framing framing = parse_framing(text, 10);
    std::vector<std::byte> out;
    CHECK_EQ(framing.codec.encode(std::vector<std::byte>(10), out), FrameStatus::complete);
    CHECK_EQ(framing.codec.encode(std::vector<std::byte>(11), out), FrameStatus::too_long);
  }
}

TEST_CASE("framing: the help names each, in lines that fit a terminal") {
  const std::string help = framing_help();
  for (const char* name : {"lines", "crlf", "mark:TEXT", "fixed:BYTES", "digits:COUNT", "u8", "u16",
                           "u16le", "u32le", "u64le", "varint", "typed:TYPE", "close"}) {
    CHECK(contains(help, name));
  }
  for (std::string_view rest = help; !rest.empty(); rest.remove_prefix(rest.find('\n') + 1)) {
    CHECK_LE(rest.find('\n'), 100U);
  }
}

}  // namespace
}  // namespace switchboard::command_line
