#include "switchboard/framing/delimited.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace switchboard {

namespace {

constexpr std::size_t nowhere = SIZE_MAX;

}  // namespace

DelimitedCodec::DelimitedCodec(std::string_view delimiter, std::size_t limit_bytes)
    : delimiter_(delimiter), limit_bytes_(limit_bytes) {
  if (delimiter.empty()) throw std::invalid_argument("a delimiter has at least one byte, not none");
}

// memmem(3) is linear whatever the bytes; memchr(3) is several times as fast for a single one.
std::size_t DelimitedCodec::find_delimiter(std::span<const std::byte> bytes) const noexcept {
  if (bytes.empty()) return nowhere;
  const void* found =
      delimiter_.size() == 1
          ? std::memchr(bytes.data(), delimiter_.front(), bytes.size())
          : ::memmem(bytes.data(), bytes.size(), delimiter_.data(), delimiter_.size());
  if (found == nullptr) return nowhere;
  return static_cast<std::size_t>(static_cast<const std::byte*>(found) - bytes.data());
}

Frame DelimitedCodec::next(std::span<const std::byte> input) noexcept {
  // A delimiter that begins behind the limit ends a frame that is too long.
  std::size_t window = input.size();
  if (window > limit_bytes_ && window - limit_bytes_ > delimiter_.size()) {
    window = limit_bytes_ + delimiter_.size();
  }
  const std::size_t from = std::min(searched_bytes_, window);
  const std::size_t found = find_delimiter(input.first(window).subspan(from));
  if (found != nowhere) {
    searched_bytes_ = 0;
    const std::size_t length = from + found;
    return {FrameStatus::complete, input.first(length), length + delimiter_.size()};
  }
  // Its last bytes may be the beginning of a delimiter.
  searched_bytes_ = window - std::min(window, delimiter_.size() - 1);
  return {.status =
              searched_bytes_ > limit_bytes_ ? FrameStatus::too_long : FrameStatus::incomplete};
}

FrameStatus DelimitedCodec::encode(std::span<const std::byte> payload,
                                   std::vector<std::byte>& out) const {
  if (payload.size() > limit_bytes_) return FrameStatus::too_long;
  const std::size_t before = out.size();
  const auto mark = std::as_bytes(std::span{delimiter_});
  out.insert(out.end(), payload.begin(), payload.end());
  out.insert(out.end(), mark.begin(), mark.end());
  // Searched as the receiver will: "a|" in front of "||" would end one byte early.
  if (find_delimiter(std::span{out}.subspan(before)) == payload.size()) {
    return FrameStatus::complete;
  }
  out.resize(before);
  return FrameStatus::malformed;
}

}  // namespace switchboard
