#include "load/pattern.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace switchboard::load {
namespace {

std::vector<std::byte> run_of(const Pattern& pattern, std::uint64_t position, std::size_t size) {
  std::vector<std::byte> bytes;
  while (bytes.size() < size) {
    const Slice piece = pattern.at(position + bytes.size(), size - bytes.size());
    bytes.insert(bytes.end(), piece.bytes().begin(), piece.bytes().end());
  }
  return bytes;
}

TEST(Pattern, is_one_stream_wherever_it_is_cut) {
  const Pattern pattern;
  const auto whole = run_of(pattern, 77, 200'000);
  EXPECT_EQ(whole.size(), 200'000U);
  EXPECT_TRUE(pattern.matches(77, whole));
  for (const std::size_t at : {1U, 1000U, 65'536U, 131'073U}) {
    EXPECT_TRUE(pattern.matches(77 + at, std::span{whole}.subspan(at)));
  }
}

TEST(Pattern, one_wrong_byte_anywhere_shows) {
  const Pattern pattern;
  auto bytes = run_of(pattern, 0, 100'000);
  for (std::size_t at = 0; at < bytes.size(); at += 997) {
    bytes[at] ^= std::byte{1};
    EXPECT_FALSE(pattern.matches(0, bytes));
    bytes[at] ^= std::byte{1};
  }
}

TEST(Pattern, a_lost_or_doubled_block_shows) {
  const Pattern pattern;
  const auto bytes = run_of(pattern, 0, 4096);
  for (std::size_t lost = 1; lost <= 512; ++lost) {
    EXPECT_FALSE(pattern.matches(lost, std::span{bytes}.first(64))) << lost;
  }
  for (const std::uint64_t lost : {1024U, 4096U, 16'384U, 65'536U}) {
    EXPECT_FALSE(pattern.matches(lost, std::span{bytes}.first(64))) << lost;
  }
}

}  // namespace
}  // namespace switchboard::load
