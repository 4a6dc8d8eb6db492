// Integers as they travel: of either byte order, at any address.
//
// A network's order is big-endian (RFC 1700, "data notation"); std::endian names it, so that no
// caller has to know what the machine's own is. Reading through memcpy needs no alignment.
#pragma once

#include <bit>
#include <cassert>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <span>

namespace switchboard {

// The same bytes, last one first.
template <std::unsigned_integral T>
constexpr T byte_swapped(T value) noexcept {
  T swapped = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    swapped = static_cast<T>(static_cast<T>(swapped << (sizeof(T) > 1 ? 8 : 0)) | (value & 0xFF));
    value = static_cast<T>(value >> (sizeof(T) > 1 ? 8 : 0));
  }
  return swapped;
}

// From the machine's order to `order`, or back.
template <std::unsigned_integral T>
constexpr T in_order(std::endian order, T value) noexcept {
  return order == std::endian::native ? value : byte_swapped(value);
}

// The integer in the first sizeof(T) bytes of `from`, which must be there.
template <std::unsigned_integral T>
T read_integer(std::span<const std::byte> from, std::endian order = std::endian::big) noexcept {
  assert(from.size() >= sizeof(T));
  T value;
  std::memcpy(&value, from.data(), sizeof value);
  return in_order(order, value);
}

// Writes the integer into the first sizeof(T) bytes of `into`, which must be there.
template <std::unsigned_integral T>
void write_integer(T value, std::span<std::byte> into,
                   std::endian order = std::endian::big) noexcept {
  assert(into.size() >= sizeof(T));
  value = in_order(order, value);
  std::memcpy(into.data(), &value, sizeof value);
}

}  // namespace switchboard
