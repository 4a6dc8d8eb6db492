#include "command_line/quantity.hpp"

#include <array>
#include <random>
#include <stdexcept>

#include "support/testing.hpp"

namespace switchboard::command_line {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::contains;

template <typename Parse>
std::string refusal_of(Parse parse) {
  try {
    parse();
  } catch (const std::invalid_argument& refusal) {
    return refusal.what();
  }
  return "accepted";
}

TEST_CASE("quantity: a size is read in every unit") {
  constexpr std::array<std::pair<const char*, std::size_t>, 14> table{{
      {"0", 0},
      {"1", 1},
      {"65536", 65'536},
      {"007", 7},
      {"64KiB", 65'536},
      {"1MiB", 1'048'576},
      {"2GiB", 2'147'483'648},
      {"64KB", 64'000},
      {"3MB", 3'000'000},
      {"2GB", 2'000'000'000},
      {"0KiB", 0},
      {"18446744073709551615", SIZE_MAX},
      {"17179869183GiB", SIZE_MAX - (std::size_t{1} << 30U) + 1},
      {"18014398509481983KiB", SIZE_MAX - 1023},
  }};
  for (const auto& row : table) {
    INFO(row.first);
    CHECK_EQ(parse_size(row.first, Off::refused), row.second);
  }
}

TEST_CASE("quantity: a duration is read in every unit") {
  const std::array<std::pair<const char*, Nanoseconds>, 7> table{{
      {"0s", seconds{0}},
      {"1ms", milliseconds{1}},
      {"250ms", milliseconds{250}},
      {"30s", seconds{30}},
      {"5m", seconds{300}},
      {"1h", hours{1}},
      {"876000h", longest_duration},
  }};
  for (const auto& row : table) {
    INFO(row.first);
    CHECK_EQ(parse_duration(row.first, Off::refused), row.second);
  }
}

TEST_CASE("quantity: a count is at least one") {
  CHECK_EQ(parse_count("1", Off::refused), 1U);
  CHECK_EQ(parse_count("10000", Off::allowed), 10'000U);
  CHECK_EQ(refusal_of([] { parse_count("0", Off::allowed); }),
           "'0' is not a count; write a whole number of at least 1, or off");
  CHECK(contains(refusal_of([] { parse_count("1KiB", Off::refused); }), "is not a count"));
}

TEST_CASE("quantity: if off is allowed, it is no value") {
  CHECK_EQ(parse_size("off", Off::allowed), std::nullopt);
  CHECK_EQ(parse_duration("off", Off::allowed), std::nullopt);
  CHECK_EQ(parse_count("off", Off::allowed), std::nullopt);
  CHECK(contains(refusal_of([] { parse_size("off", Off::refused); }), "cannot be off; write"));
  CHECK_EQ(refusal_of([] { parse_duration("off", Off::refused); }),
           "cannot be off; write a number and one of ms, s, m, h");
}

TEST_CASE("quantity: a refusal shows the text and names the units") {
  CHECK_EQ(refusal_of([] { parse_duration("5 parsecs", Off::allowed); }),
           "'5 parsecs' is not a duration; write a number and one of ms, s, m, h, or off");
  CHECK_EQ(
      refusal_of([] { parse_size("64K", Off::refused); }),
      "'64K' is not a size; write a number of bytes, or a number and one of KiB, MiB, GiB, KB, "
      "MB, GB");
}

TEST_CASE("quantity: anything but a whole number with its unit is refused") {
  for (const char* text : {"", " ", "-1", "-1KiB", "+1", "1.5MiB", "1,5MiB", "1 KiB", " 1", "1 ",
                           "KiB", "64kib", "64KIB", "64k", "1KiBx", "0x10", "1e3", "OFF", "1TiB"}) {
    INFO(text);
    const std::string refusal = refusal_of([text] { parse_size(text, Off::allowed); });
    CHECK(contains(refusal, "is not a size"));
    CHECK(contains(refusal, text));
    CHECK(contains(refusal, ", or off"));
  }
  for (const char* text :
       {"", "5", "0", "-5s", "1.5s", "5 s", "5S", "5sec", "5M", "s", "1d", "5ns"}) {
    INFO(text);
    const std::string refusal = refusal_of([text] { parse_duration(text, Off::refused); });
    CHECK(contains(refusal, "is not a duration"));
    CHECK(contains(refusal, text));
  }
}

TEST_CASE("quantity: a number too large is refused") {
  for (const char* text : {"18446744073709551616", "17179869184GiB", "18014398509481984KiB",
                           "99999999999999999999999999MB"}) {
    INFO(text);
    const std::string refusal = refusal_of([text] { parse_size(text, Off::refused); });
    CHECK(contains(refusal, "is more than"));
    CHECK(contains(refusal, "write less"));
  }
  for (const char* text : {"876001h", "99999999999999999999s", "18446744073709551615ms"}) {
    INFO(text);
    CHECK(contains(refusal_of([text] { parse_duration(text, Off::allowed); }),
                   "is more than 876000h; write less, or off"));
  }
}

TEST_CASE("quantity: a value is written in the largest unit that divides it") {
  CHECK_EQ(format_size(0), "0");
  CHECK_EQ(format_size(1000), "1000");
  CHECK_EQ(format_size(1025), "1025");
  CHECK_EQ(format_size(256 * 1024), "256KiB");
  CHECK_EQ(format_size(std::size_t{2} << 30U), "2GiB");
  CHECK_EQ(format_duration(seconds{0}), "0ms");
  CHECK_EQ(format_duration(milliseconds{1500}), "1500ms");
  CHECK_EQ(format_duration(seconds{5}), "5s");
  CHECK_EQ(format_duration(seconds{300}), "5m");
  CHECK_EQ(format_duration(hours{48}), "48h");
}

TEST_CASE("quantity: a written value is read back as the same") {
  std::mt19937_64 random{20261123};
  for (int i = 0; i < 10'000; ++i) {
    const std::size_t bytes = random() >> (random() % 64);
    REQUIRE_EQ(parse_size(format_size(bytes), Off::refused), bytes);
    const Nanoseconds time = milliseconds{random() % 3'000'000'000'000};
    REQUIRE_EQ(parse_duration(format_duration(time), Off::refused), time);
  }
}

// Whatever the bytes are: a value or a refusal, nothing else.
TEST_CASE("quantity: any bytes are read or refused") {
  constexpr std::string_view alphabet{"0123456789KMGiBhms-+. off\0\xFF\n", 27};
  std::mt19937 random{862};
  for (int i = 0; i < 100'000; ++i) {
    std::string text(random() % 24, '\0');
    for (char& c : text) c = alphabet[random() % alphabet.size()];
    CHECK_NOTHROW((void)refusal_of([&text] { parse_size(text, Off::allowed); }));
    CHECK_NOTHROW((void)refusal_of([&text] { parse_duration(text, Off::refused); }));
    CHECK_NOTHROW((void)refusal_of([&text] { parse_count(text, Off::allowed); }));
  }
}

}  // namespace
}  // namespace switchboard::command_line
