#include "switchboard/framing/fixed.hpp"

#include <stdexcept>

namespace switchboard {

FixedCodec::FixedCodec(std::size_t frame_bytes) : frame_bytes_(frame_bytes) {
  if (frame_bytes == 0) throw std::invalid_argument("a fixed frame has at least one byte, not 0");
}

Frame FixedCodec::next(std::span<const std::byte> input) const noexcept {
  if (input.size() < frame_bytes_) return {};
  return {FrameStatus::complete, input.first(frame_bytes_), frame_bytes_};
}

FrameStatus FixedCodec::encode(std::span<const std::byte> payload,
                               std::vector<std::byte>& out) const {
  if (payload.size() > frame_bytes_) return FrameStatus::too_long;
  if (payload.size() < frame_bytes_) return FrameStatus::malformed;
  out.insert(out.end(), payload.begin(), payload.end());
  return FrameStatus::complete;
}

}  // namespace switchboard
