#include "switchboard/framing/typed.hpp"

#include <stdexcept>
#include <string>

namespace switchboard {

namespace {

std::size_t index_of(std::byte type) noexcept {
  return std::to_integer<std::size_t>(type);
}

}  // namespace

TypedCodec::TypedCodec(std::span<const Type> types) {
  for (const Type& type : types) {
    const std::string name = "frame type " + std::to_string(index_of(type.type));
    if (type.frame_bytes == 0) {
      throw std::invalid_argument(name + " has length 0; count the type itself, 1 or more");
    }
    if (frame_bytes_[index_of(type.type)] != 0) {
      throw std::invalid_argument(name + " is named twice; name it once");
    }
    frame_bytes_[index_of(type.type)] = type.frame_bytes;
  }
}

Frame TypedCodec::next(std::span<const std::byte> input) const noexcept {
  if (input.empty()) return {};
  const std::size_t size = frame_bytes_[index_of(input.front())];
  if (size == 0) return {.status = FrameStatus::malformed};
  if (input.size() < size) return {};
  return {FrameStatus::complete, input.first(size), size};
}

FrameStatus TypedCodec::encode(std::span<const std::byte> payload,
                               std::vector<std::byte>& out) const {
  if (payload.empty() || frame_bytes_[index_of(payload.front())] != payload.size()) {
    return FrameStatus::malformed;
  }
  out.insert(out.end(), payload.begin(), payload.end());
  return FrameStatus::complete;
}

}  // namespace switchboard
