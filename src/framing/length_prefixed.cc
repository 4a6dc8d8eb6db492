#include "switchboard/framing/length_prefixed.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

#include "switchboard/framing/byte_order.hpp"

namespace switchboard {

namespace {

constexpr std::size_t most_varint_bytes = 10;  // 64 bits in groups of 7
constexpr std::size_t most_digits = 19;        // what 64 bits can hold whatever the digits are
constexpr std::size_t most_header_bytes = 19;

}  // namespace

LengthPrefix LengthPrefix::integer(std::size_t width_bytes, std::endian order) {
  if (width_bytes != 1 && width_bytes != 2 && width_bytes != 4 && width_bytes != 8) {
    throw std::invalid_argument("a length of " + std::to_string(width_bytes) +
                                " bytes; it may have 1, 2, 4 or 8");
  }
  return {Kind::integer, width_bytes, order};
}

LengthPrefix LengthPrefix::varint() noexcept {
  return {Kind::varint, most_varint_bytes, std::endian::little};
}

LengthPrefix LengthPrefix::digits(std::size_t count) {
  if (count < 1 || count > most_digits) {
    throw std::invalid_argument("a length of " + std::to_string(count) +
                                " digits; it may have 1 to 19");
  }
  return {Kind::digits, count, std::endian::big};
}

Frame LengthPrefixedCodec::next(std::span<const std::byte> input) const noexcept {
  const Header header = read_header(input);
  if (header.status != FrameStatus::complete) return {.status = header.status};
  if (header.length > limit_bytes_) return {.status = FrameStatus::too_long};
  const auto behind = input.subspan(header.size_bytes);
  const auto length = static_cast<std::size_t>(header.length);
  if (behind.size() < length) return {};
  return {FrameStatus::complete, behind.first(length), header.size_bytes + length};
}

LengthPrefixedCodec::Header LengthPrefixedCodec::read_header(
    std::span<const std::byte> input) const noexcept {
  switch (prefix_.kind_) {
    case LengthPrefix::Kind::integer:
      return read_integer_header(input);
    case LengthPrefix::Kind::varint:
      return read_varint(input);
    case LengthPrefix::Kind::digits:
      return read_digits(input);
  }
  return {};
}

LengthPrefixedCodec::Header LengthPrefixedCodec::read_integer_header(
    std::span<const std::byte> input) const noexcept {
  const std::size_t width = prefix_.width_bytes_;
  if (input.size() < width) return {};
  switch (width) {
    case 1:
      return {FrameStatus::complete, read_integer<std::uint8_t>(input), width};
    case 2:
      return {FrameStatus::complete, read_integer<std::uint16_t>(input, prefix_.order_), width};
    case 4:
      return {FrameStatus::complete, read_integer<std::uint32_t>(input, prefix_.order_), width};
    default:
      return {FrameStatus::complete, read_integer<std::uint64_t>(input, prefix_.order_), width};
  }
}

// Refuses at the first byte that is wrong, not when all are there.
LengthPrefixedCodec::Header LengthPrefixedCodec::read_digits(
    std::span<const std::byte> input) const noexcept {
  const std::size_t count = prefix_.width_bytes_;
  std::uint64_t length = 0;
  for (const std::byte digit : input.first(std::min(count, input.size()))) {
    if (digit < std::byte{'0'} || digit > std::byte{'9'}) return {.status = FrameStatus::malformed};
    length = length * 10 + (std::to_integer<std::uint64_t>(digit) - '0');
  }
  if (input.size() < count) return {};
  return {FrameStatus::complete, length, count};
}

LengthPrefixedCodec::Header LengthPrefixedCodec::read_varint(
    std::span<const std::byte> input) noexcept {
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < input.size(); ++i) {
    const auto byte = std::to_integer<std::uint64_t>(input[i]);
    // The tenth byte has the 64th bit, and must be the last.
    if (i == most_varint_bytes - 1 && byte > 1) return {.status = FrameStatus::malformed};
    length |= (byte & 0x7FU) << (7 * i);
    if ((byte & 0x80U) == 0) return {FrameStatus::complete, length, i + 1};
  }
  return {};
}

std::uint64_t LengthPrefixedCodec::greatest_length() const noexcept {
  std::uint64_t end = 1;
  switch (prefix_.kind_) {
    case LengthPrefix::Kind::varint:
      return UINT64_MAX;
    case LengthPrefix::Kind::integer:
      return UINT64_MAX >> (64U - 8U * prefix_.width_bytes_);
    case LengthPrefix::Kind::digits:
      for (std::size_t i = 0; i < prefix_.width_bytes_; ++i) end *= 10;
  }
  return end - 1;
}

std::size_t LengthPrefixedCodec::write_header(std::uint64_t length,
                                              std::span<std::byte> into) const noexcept {
  const std::size_t width = prefix_.width_bytes_;
  switch (prefix_.kind_) {
    case LengthPrefix::Kind::varint: {
      std::size_t written = 0;
      for (; length > 0x7F; length >>= 7U) into[written++] = std::byte(length | 0x80U);
      into[written++] = std::byte(length);
      return written;
    }
    case LengthPrefix::Kind::digits:
      for (std::size_t i = width; i-- > 0; length /= 10) into[i] = std::byte('0' + length % 10);
      return width;
    case LengthPrefix::Kind::integer:
      for (std::size_t i = 0; i < width; ++i, length >>= 8U) {
        into[prefix_.order_ == std::endian::little ? i : width - 1 - i] = std::byte(length);
      }
      return width;
  }
  return 0;
}

FrameStatus LengthPrefixedCodec::encode(std::span<const std::byte> payload,
                                        std::vector<std::byte>& out) const {
  if (payload.size() > limit_bytes_ || payload.size() > greatest_length()) {
    return FrameStatus::too_long;
  }
  std::array<std::byte, most_header_bytes> header;
  const std::size_t header_bytes = write_header(payload.size(), header);
  out.insert(out.end(), header.begin(), header.begin() + static_cast<std::ptrdiff_t>(header_bytes));
  out.insert(out.end(), payload.begin(), payload.end());
  return FrameStatus::complete;
}

}  // namespace switchboard
