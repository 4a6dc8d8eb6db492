#include "switchboard/framing/delimited.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace switchboard {

namespace {

constexpr std::size_t nowhere = SIZE_MAX;

std::size_t offset_of(const void* found, std::span<const std::byte> bytes) noexcept {
  if (found == nullptr) return nowhere;
  return static_cast<std::size_t>(static_cast<const std::byte*>(found) - bytes.data());
}

// "\r\n", above all. The second byte is the one to look for: in text, a "\r" without it is rare.
std::size_t find_pair(std::span<const std::byte> bytes, std::string_view pair) noexcept {
  std::size_t from = 1;
  while (from < bytes.size()) {
    const auto rest = bytes.subspan(from);
    const std::size_t found = offset_of(std::memchr(rest.data(), pair[1], rest.size()), rest);
    if (found == nowhere) return nowhere;
    from += found;
    if (bytes[from - 1] == static_cast<std::byte>(pair[0])) return from - 1;
    ++from;
  }
  return nowhere;
}

}  // namespace

DelimitedCodec::DelimitedCodec(std::string_view delimiter, std::size_t limit_bytes)
    : delimiter_(delimiter), limit_bytes_(limit_bytes) {
  if (delimiter.empty()) throw std::invalid_argument("a delimiter has at least one byte, not none");
}

// memmem(3) is linear whatever the bytes; memchr(3), which looks at many at once, is several times
// as fast, for one byte and for the second of two.
std::size_t DelimitedCodec::find_delimiter(std::span<const std::byte> bytes) const noexcept {
  if (bytes.size() < delimiter_.size()) return nowhere;
  if (delimiter_.size() == 2) return find_pair(bytes, delimiter_);
  const void* found =
      delimiter_.size() == 1
          ? std::memchr(bytes.data(), delimiter_.front(), bytes.size())
          : ::memmem(bytes.data(), bytes.size(), delimiter_.data(), delimiter_.size());
  return offset_of(found, bytes);
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
