#include "switchboard/framing/until_close.hpp"

namespace switchboard {

Frame UntilCloseCodec::next(std::span<const std::byte> input) const noexcept {
  return {.status = input.size() > limit_bytes_ ? FrameStatus::too_long : FrameStatus::incomplete};
}

Frame UntilCloseCodec::at_end(std::span<const std::byte> rest) const noexcept {
  if (rest.size() > limit_bytes_) return {.status = FrameStatus::too_long};
  return {FrameStatus::complete, rest, rest.size()};
}

FrameStatus UntilCloseCodec::encode(std::span<const std::byte> payload,
                                    std::vector<std::byte>& out) const {
  if (payload.size() > limit_bytes_) return FrameStatus::too_long;
  out.insert(out.end(), payload.begin(), payload.end());
  return FrameStatus::complete;
}

}  // namespace switchboard
