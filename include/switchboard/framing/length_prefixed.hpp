// Frames that begin with the length of what follows.
#pragma once

#include <bit>
#include <cstdint>

#include "switchboard/framing/frame.hpp"

namespace switchboard {

// How the length is written. It counts the payload, not itself.
class LengthPrefix {
 public:
  // 1, 2, 4 or 8 bytes. Throws std::invalid_argument for another width.
  static LengthPrefix integer(std::size_t width_bytes, std::endian order = std::endian::big);
  // Base 128, least significant group first, the high bit set on all but the last byte (LEB128, as
  // in Protocol Buffers); at most 10 bytes.
  static LengthPrefix varint() noexcept;
  // So many ASCII digits, zeros in front: "00042". Throws std::invalid_argument unless 1 to 19.
  static LengthPrefix digits(std::size_t count);

 private:
  friend class LengthPrefixedCodec;
  enum class Kind : std::uint8_t { integer, varint, digits };

  LengthPrefix(Kind kind, std::size_t width_bytes, std::endian order) noexcept
      : kind_(kind), width_bytes_(static_cast<std::uint8_t>(width_bytes)), order_(order) {}

  Kind kind_;
  std::uint8_t width_bytes_;  // of a varint: at most
  std::endian order_;
};

class LengthPrefixedCodec {
 public:
  // `limit_bytes` is of a payload.
  LengthPrefixedCodec(LengthPrefix prefix, std::size_t limit_bytes) noexcept
      : prefix_(prefix), limit_bytes_(limit_bytes) {}

  // too_long as soon as the length is there and over the limit: nobody makes room for it.
  // malformed: not a digit, or a varint of more than 64 bits.
  Frame next(std::span<const std::byte> input) const noexcept;
  Frame at_end(std::span<const std::byte> rest) const noexcept { return nothing_left(rest); }
  // too_long: over the limit, or more than the prefix can tell.
  FrameStatus encode(std::span<const std::byte> payload, std::vector<std::byte>& out) const;

 private:
  struct Header {
    FrameStatus status = FrameStatus::incomplete;
    std::uint64_t length = 0;
    std::size_t size_bytes = 0;
  };
  Header read_header(std::span<const std::byte> input) const noexcept;
  Header read_integer_header(std::span<const std::byte> input) const noexcept;
  Header read_digits(std::span<const std::byte> input) const noexcept;
  static Header read_varint(std::span<const std::byte> input) noexcept;
  std::size_t write_header(std::uint64_t length, std::span<std::byte> into) const noexcept;
  std::uint64_t greatest_length() const noexcept;

  LengthPrefix prefix_;
  std::size_t limit_bytes_;
};

}  // namespace switchboard
