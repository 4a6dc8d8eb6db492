// Frames of one length, known to both sides: the simplest rule of all.
#pragma once

#include "switchboard/framing/frame.hpp"

namespace switchboard {

class FixedCodec {
 public:
  // Throws std::invalid_argument for 0.
  explicit FixedCodec(std::size_t frame_bytes);

  Frame next(std::span<const std::byte> input) const noexcept;
  Frame at_end(std::span<const std::byte> rest) const noexcept { return nothing_left(rest); }
  // too_long or malformed (too short) unless it is of just that length.
  FrameStatus encode(std::span<const std::byte> payload, std::vector<std::byte>& out) const;

 private:
  std::size_t frame_bytes_;
};

}  // namespace switchboard
