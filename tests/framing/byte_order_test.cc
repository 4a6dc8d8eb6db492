// Integers as they travel, against the system's own htons(3) and at every alignment.
#include "switchboard/framing/byte_order.hpp"

#include <arpa/inet.h>

#include <array>
#include <cstdint>

#include "support/testing.hpp"

namespace switchboard {
namespace {

TEST_CASE("byte order: it agrees with htons and htonl") {
  CHECK_EQ(in_order(std::endian::big, std::uint16_t{0x1234}), htons(0x1234));
  CHECK_EQ(in_order(std::endian::big, std::uint32_t{0x12345678}), htonl(0x12345678));
}

TEST_CASE("byte order: swapping reverses the bytes") {
  CHECK_EQ(byte_swapped(std::uint8_t{0x12}), 0x12);
  CHECK_EQ(byte_swapped(std::uint16_t{0x1234}), 0x3412);
  CHECK_EQ(byte_swapped(std::uint32_t{0x12345678}), 0x78563412);
  CHECK_EQ(byte_swapped(std::uint64_t{0x0123456789ABCDEF}), 0xEFCDAB8967452301);
}

template <typename T>
void expect_round_trip(T value) {
  for (const std::endian order : {std::endian::big, std::endian::little}) {
    for (std::size_t offset = 0; offset < 8; ++offset) {
      std::array<std::byte, 16> bytes{};
      write_integer(value, std::span{bytes}.subspan(offset), order);
      CHECK_EQ(read_integer<T>(std::span{bytes}.subspan(offset), order), value);
      const std::size_t last = order == std::endian::big ? offset + sizeof(T) - 1 : offset;
      CHECK_EQ(std::to_integer<unsigned>(bytes[last]), value & 0xFFU);
    }
  }
}

TEST_CASE("byte order: a written value is read back at any alignment") {
  expect_round_trip(std::uint8_t{0xFE});
  expect_round_trip(std::uint16_t{0xFEDC});
  expect_round_trip(std::uint32_t{0xFEDCBA98});
  expect_round_trip(std::uint64_t{0xFEDCBA9876543210});
}

}  // namespace
}  // namespace switchboard
