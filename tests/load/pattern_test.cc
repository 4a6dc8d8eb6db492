#include "load/pattern.hpp"

#include <vector>

#include "support/testing.hpp"

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

TEST_CASE("pattern: it is one stream, wherever it is cut") {
  const Pattern pattern;
  const auto whole = run_of(pattern, 77, 200'000);
  CHECK_EQ(whole.size(), 200'000U);
  CHECK(pattern.matches(77, whole));
  for (const std::size_t at : {1U, 1000U, 65'536U, 131'073U}) {
    CHECK(pattern.matches(77 + at, std::span{whole}.subspan(at)));
  }
}

TEST_CASE("pattern: one wrong byte anywhere shows") {
  const Pattern pattern;
  auto bytes = run_of(pattern, 0, 100'000);
  for (std::size_t at = 0; at < bytes.size(); at += 997) {
    bytes[at] ^= std::byte{1};
    CHECK_FALSE(pattern.matches(0, bytes));
    bytes[at] ^= std::byte{1};
  }
}

TEST_CASE("pattern: a lost or doubled block shows") {
  const Pattern pattern;
  const auto bytes = run_of(pattern, 0, 4096);
  for (std::size_t lost = 1; lost <= 512; ++lost) {
    CHECK_FALSE_MESSAGE(pattern.matches(lost, std::span{bytes}.first(64)), lost);
  }
  for (const std::uint64_t lost : {1024U, 4096U, 16'384U, 65'536U}) {
    CHECK_FALSE_MESSAGE(pattern.matches(lost, std::span{bytes}.first(64)), lost);
  }
}

}  // namespace
}  // namespace switchboard::load
