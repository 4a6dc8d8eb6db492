#include "server/logfmt.hpp"

#include <array>
#include <random>
#include <stdexcept>

#include "server/log.hpp"
#include "support/testing.hpp"

namespace switchboard::server {
namespace {

using namespace std::string_view_literals;

TEST_CASE("logfmt: a value is quoted and escaped where it must be") {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 30> table{{
      {"word", "word"},
      {"tcp://[::1]:7007", "tcp://[::1]:7007"},
      {"unix:///run/x.sock", "unix:///run/x.sock"},
      {"d\xC3\xA9j\xC3\xA0", "d\xC3\xA9j\xC3\xA0"},
      {"\xE2\x82\xAC\xF0\x9F\x93\x9E", "\xE2\x82\xAC\xF0\x9F\x93\x9E"},
      {"", R"("")"},
      {"two words", R"("two words")"},
      {"a=b", R"("a=b")"},
      {R"(say "hi")", R"("say \"hi\"")"},
      {R"(back\slash)", R"("back\\slash")"},
      {"a\nb", R"("a\nb")"},
      {"a\r\tb", R"("a\r\tb")"},
      {"\x1B[31mred", R"("\x1b[31mred")"},
      {"a\0b"sv, R"("a\x00b")"},
      {"\x7F", R"("\x7f")"},
      {"\xC2\x9B\x33\x31m", R"("\u009b31m")"},                 // CSI in one character
      {"\xC2\xA0", "\"\xC2\xA0\""},                            // no-break space
      {"\xE2\x80\xAE\x67", R"("\u202eg")"},                    // right-to-left override
      {"\xE2\x80\xA8", R"("\u2028")"},                         // line separator
      {"\xEF\xBB\xBF", R"("\ufeff")"},                         // byte order mark
      {"\xFF", R"("\xff")"},                                   // never in UTF-8
      {"\x80", R"("\x80")"},                                   // a continuation of nothing
      {"\xC3", R"("\xc3")"},                                   // ends too early
      {"\xC3(", R"("\xc3(")"},                                 // goes on wrongly
      {"\xC0\x80", R"("\xc0\x80")"},                           // overlong
      {"\xE0\x9F\xBF", R"("\xe0\x9f\xbf")"},                   // overlong
      {"\xED\xA0\x80", R"("\xed\xa0\x80")"},                   // a surrogate
      {"\xF4\x90\x80\x80", R"("\xf4\x90\x80\x80")"},           // above U+10FFFF
      {"\xF0\x80\x80\x8A", R"("\xf0\x80\x80\x8a")"},           // an overlong line feed
      {"\xE2\x82\xAC\xE2\x82", "\"\xE2\x82\xAC\\xe2\\x82\""},  // the last one is cut off
  }};
  for (const auto& [text, written] : table) CHECK_EQ(logfmt_value(text), written);
}

TEST_CASE("logfmt: printable text is escaped likewise, without quotes") {
  CHECK_EQ(printable("plain \"text\" with a \\"), "plain \"text\" with a \\");
  CHECK_EQ(printable("a\nb\x1B[0m\xFF"), R"(a\nb\x1b[0m\xff)");
}

TEST_CASE("logfmt: a line has time, level, message and fields") {
  using namespace std::chrono;
  const WallTime time = sys_days{year{2026} / 11 / 23} + hours{14} + minutes{55} + seconds{1} +
                        milliseconds{123} + microseconds{999};
  const std::array<LogField, 3> fields{{{"endpoint", "tcp://127.0.0.1:7007"},
                                        {"reason", "peer closed"},
                                        {"count", std::uint64_t{18446744073709551615U}}}};
  CHECK_EQ(log_line(time, LogLevel::info, "listening", fields),
           "time=2026-11-23T14:55:01.123Z level=info msg=\"listening\" "
           "endpoint=tcp://127.0.0.1:7007 reason=\"peer closed\" count=18446744073709551615\n");
}

TEST_CASE("logfmt: a line has one end, whatever is in it") {
  std::mt19937 random{862};
  for (int i = 0; i < 20'000; ++i) {
    std::string text(random() % 16, '\0');
    for (char& c : text) c = static_cast<char>(random() % 256);
    const std::array<LogField, 1> fields{{{"peer", text}}};
    const std::string line = log_line({}, LogLevel::warn, text, fields);
    REQUIRE_EQ(line.find('\n'), line.size() - 1);
    for (const char c : line.substr(0, line.size() - 1)) {
      REQUIRE_FALSE_MESSAGE((static_cast<unsigned char>(c) < 0x20 || c == 0x7F), line);
    }
  }
}

TEST_CASE("logfmt: a level is read by its name") {
  for (const auto level : {LogLevel::debug, LogLevel::info, LogLevel::warn, LogLevel::error}) {
    CHECK_EQ(parse_log_level(to_string(level)), level);
  }
  CHECK_THROWS_AS(parse_log_level("INFO"), std::invalid_argument);
  CHECK_THROWS_AS(parse_log_level(""), std::invalid_argument);
}

TEST_CASE("rate limit: so many are let through each second, and the others are counted") {
  RateLimit limit{2};
  const sys::Instant start{std::chrono::hours{1}};
  CHECK(limit.admit(start));
  CHECK(limit.admit(start));
  CHECK_FALSE(limit.admit(start));
  CHECK_FALSE(limit.admit(start + std::chrono::milliseconds{999}));
  CHECK(limit.admit(start + std::chrono::seconds{1}));
  CHECK_EQ(limit.take_suppressed(), 2U);
  CHECK_EQ(limit.take_suppressed(), 0U);
}

}  // namespace
}  // namespace switchboard::server
