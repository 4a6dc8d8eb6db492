// Frames whose first byte, their type, tells how long they are.
#pragma once

#include <array>
#include <initializer_list>
#include <utility>

#include "switchboard/framing/frame.hpp"

namespace switchboard {

// The type is part of the payload, since who reads the frame needs it.
class TypedCodec {
 public:
  struct Type {
    std::byte type;
    std::uint32_t frame_bytes;  // with the type itself
  };
  // Throws std::invalid_argument for a length of 0 and for a type that is named twice.
  explicit TypedCodec(std::span<const Type> types);
  TypedCodec(std::initializer_list<Type> types)
      : TypedCodec(std::span{types.begin(), types.size()}) {}

  // malformed: a type that is not in the table.
  Frame next(std::span<const std::byte> input) const noexcept;
  Frame at_end(std::span<const std::byte> rest) const noexcept { return nothing_left(rest); }
  // malformed: no such type, or not of its length.
  FrameStatus encode(std::span<const std::byte> payload, std::vector<std::byte>& out) const;

 private:
  std::array<std::uint32_t, 256> frame_bytes_{};  // 0: no such type
};

}  // namespace switchboard
