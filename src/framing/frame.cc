#include "switchboard/framing/frame.hpp"

namespace switchboard {

std::string_view to_string(FrameStatus status) noexcept {
  switch (status) {
    case FrameStatus::complete:
      return "complete";
    case FrameStatus::incomplete:
      return "incomplete";
    case FrameStatus::too_long:
      return "too long";
    case FrameStatus::malformed:
      return "malformed";
    case FrameStatus::truncated:
      return "truncated";
  }
  return "unknown";
}

}  // namespace switchboard
