#include "command_line/quantity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <stdexcept>

namespace switchboard::command_line {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;

template <typename Parse>
std::string refusal_of(Parse parse) {
  try {
    parse();
  } catch (const std::invalid_argument& refusal) {
    return refusal.what();
  }
  return "accepted";
}

TEST(Size, IsReadInEveryUnit) {
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
  for (const auto& [text, bytes] : table) EXPECT_EQ(parse_size(text, Off::refused), bytes) << text;
}

TEST(Duration, IsReadInEveryUnit) {
  const std::array<std::pair<const char*, Nanoseconds>, 7> table{{
      {"0s", seconds{0}},
      {"1ms", milliseconds{1}},
      {"250ms", milliseconds{250}},
      {"30s", seconds{30}},
      {"5m", seconds{300}},
      {"1h", hours{1}},
      {"876000h", longest_duration},
  }};
  for (const auto& [text, time] : table)
    EXPECT_EQ(parse_duration(text, Off::refused), time) << text;
}

TEST(Count, IsAtLeastOne) {
  EXPECT_EQ(parse_count("1", Off::refused), 1U);
  EXPECT_EQ(parse_count("10000", Off::allowed), 10'000U);
  EXPECT_THAT(refusal_of([] { parse_count("0", Off::allowed); }),
              "'0' is not a count; write a whole number of at least 1, or off");
  EXPECT_THAT(refusal_of([] { parse_count("1KiB", Off::refused); }), HasSubstr("is not a count"));
}

TEST(Quantity, OffIsNoValueWhereItIsAllowed) {
  EXPECT_EQ(parse_size("off", Off::allowed), std::nullopt);
  EXPECT_EQ(parse_duration("off", Off::allowed), std::nullopt);
  EXPECT_EQ(parse_count("off", Off::allowed), std::nullopt);
  EXPECT_THAT(refusal_of([] { parse_size("off", Off::refused); }),
              HasSubstr("cannot be off; write"));
  EXPECT_THAT(refusal_of([] { parse_duration("off", Off::refused); }),
              "cannot be off; write a number and one of ms, s, m, h");
}

TEST(Quantity, RefusalShowsWhatWasWrittenAndNamesTheUnits) {
  EXPECT_EQ(refusal_of([] { parse_duration("5 parsecs", Off::allowed); }),
            "'5 parsecs' is not a duration; write a number and one of ms, s, m, h, or off");
  EXPECT_EQ(
      refusal_of([] { parse_size("64K", Off::refused); }),
      "'64K' is not a size; write a number of bytes, or a number and one of KiB, MiB, GiB, KB, "
      "MB, GB");
}

TEST(Quantity, WhatIsNoWholeNumberAndUnitIsRefused) {
  for (const char* text : {"", " ", "-1", "-1KiB", "+1", "1.5MiB", "1,5MiB", "1 KiB", " 1", "1 ",
                           "KiB", "64kib", "64KIB", "64k", "1KiBx", "0x10", "1e3", "OFF", "1TiB"}) {
    EXPECT_THAT(refusal_of([text] { parse_size(text, Off::allowed); }),
                AllOf(HasSubstr("is not a size"), HasSubstr(text), HasSubstr(", or off")))
        << text;
  }
  for (const char* text :
       {"", "5", "0", "-5s", "1.5s", "5 s", "5S", "5sec", "5M", "s", "1d", "5ns"}) {
    EXPECT_THAT(refusal_of([text] { parse_duration(text, Off::refused); }),
                AllOf(HasSubstr("is not a duration"), HasSubstr(text)))
        << text;
  }
}

TEST(Quantity, WhatOverflowsIsRefused) {
  for (const char* text : {"18446744073709551616", "17179869184GiB", "18014398509481984KiB",
                           "99999999999999999999999999MB"}) {
    EXPECT_THAT(refusal_of([text] { parse_size(text, Off::refused); }),
                AllOf(HasSubstr("is more than"), HasSubstr("write less")))
        << text;
  }
  for (const char* text : {"876001h", "99999999999999999999s", "18446744073709551615ms"}) {
    EXPECT_THAT(refusal_of([text] { parse_duration(text, Off::allowed); }),
                HasSubstr("is more than 876000h; write less, or off"))
        << text;
  }
}

TEST(Quantity, IsWrittenInTheLargestWholeUnit) {
  EXPECT_EQ(format_size(0), "0");
  EXPECT_EQ(format_size(1000), "1000");
  EXPECT_EQ(format_size(1025), "1025");
  EXPECT_EQ(format_size(256 * 1024), "256KiB");
  EXPECT_EQ(format_size(std::size_t{2} << 30U), "2GiB");
  EXPECT_EQ(format_duration(seconds{0}), "0ms");
  EXPECT_EQ(format_duration(milliseconds{1500}), "1500ms");
  EXPECT_EQ(format_duration(seconds{5}), "5s");
  EXPECT_EQ(format_duration(seconds{300}), "5m");
  EXPECT_EQ(format_duration(hours{48}), "48h");
}

TEST(Quantity, WhatIsWrittenIsReadBack) {
  std::mt19937_64 random{20261123};
  for (int i = 0; i < 10'000; ++i) {
    const std::size_t bytes = random() >> (random() % 64);
    ASSERT_EQ(parse_size(format_size(bytes), Off::refused), bytes);
    const Nanoseconds time = milliseconds{random() % 3'000'000'000'000};
    ASSERT_EQ(parse_duration(format_duration(time), Off::refused), time);
  }
}

// Whatever the bytes are: a value or a refusal, nothing else.
TEST(Quantity, AnyBytesAreReadOrRefused) {
  constexpr std::string_view alphabet{"0123456789KMGiBhms-+. off\0\xFF\n", 27};
  std::mt19937 random{862};
  for (int i = 0; i < 100'000; ++i) {
    std::string text(random() % 24, '\0');
    for (char& c : text) c = alphabet[random() % alphabet.size()];
    EXPECT_NO_THROW((void)refusal_of([&text] { parse_size(text, Off::allowed); }));
    EXPECT_NO_THROW((void)refusal_of([&text] { parse_duration(text, Off::refused); }));
    EXPECT_NO_THROW((void)refusal_of([&text] { parse_count(text, Off::allowed); }));
  }
}

}  // namespace
}  // namespace switchboard::command_line
