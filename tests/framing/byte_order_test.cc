// Integers as they travel, against the system's own htons(3) and at every alignment.
#include "switchboard/framing/byte_order.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>

namespace switchboard {
namespace {

TEST(ByteOrder, agrees_with_the_systems_own) {
  EXPECT_EQ(in_order(std::endian::big, std::uint16_t{0x1234}), htons(0x1234));
  EXPECT_EQ(in_order(std::endian::big, std::uint32_t{0x12345678}), htonl(0x12345678));
}

TEST(ByteOrder, swapping_reverses_the_bytes) {
  static_assert(byte_swapped(std::uint8_t{0x12}) == 0x12);
  static_assert(byte_swapped(std::uint16_t{0x1234}) == 0x3412);
  static_assert(byte_swapped(std::uint32_t{0x12345678}) == 0x78563412);
  static_assert(byte_swapped(std::uint64_t{0x0123456789ABCDEF}) == 0xEFCDAB8967452301);
}

template <typename T>
void expect_round_trip(T value) {
  for (const std::endian order : {std::endian::big, std::endian::little}) {
    for (std::size_t offset = 0; offset < 8; ++offset) {
      std::array<std::byte, 16> bytes{};
      write_integer(value, std::span{bytes}.subspan(offset), order);
      EXPECT_EQ(read_integer<T>(std::span{bytes}.subspan(offset), order), value);
      const std::size_t last = order == std::endian::big ? offset + sizeof(T) - 1 : offset;
      EXPECT_EQ(std::to_integer<unsigned>(bytes[last]), value & 0xFFU);
    }
  }
}

TEST(ByteOrder, what_was_written_is_read_again_at_any_alignment) {
  expect_round_trip(std::uint8_t{0xFE});
  expect_round_trip(std::uint16_t{0xFEDC});
  expect_round_trip(std::uint32_t{0xFEDCBA98});
  expect_round_trip(std::uint64_t{0xFEDCBA9876543210});
}

}  // namespace
}  // namespace switchboard
