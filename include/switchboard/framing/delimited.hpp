// Frames that end with a mark: "\n", "\r\n", or any other bytes that no payload holds.
#pragma once

#include <string>
#include <string_view>

#include "switchboard/framing/frame.hpp"

namespace switchboard {

class DelimitedCodec {
 public:
  // `limit_bytes` is of a payload, without the delimiter. Throws std::invalid_argument for an empty
  // delimiter.
  DelimitedCodec(std::string_view delimiter, std::size_t limit_bytes);

  // The payload comes without its delimiter. No byte is searched twice, however small the pieces
  // in which a frame arrives, but for the start of a delimiter that a receive may have cut in two.
  // too_long once no delimiter can begin within the limit any more.
  Frame next(std::span<const std::byte> input) noexcept;
  Frame at_end(std::span<const std::byte> rest) const noexcept { return nothing_left(rest); }
  // malformed: the delimiter would be found before the payload's end.
  FrameStatus encode(std::span<const std::byte> payload, std::vector<std::byte>& out) const;

 private:
  std::size_t find_delimiter(std::span<const std::byte> bytes) const noexcept;

  std::string delimiter_;
  std::size_t limit_bytes_;
  std::size_t searched_bytes_ = 0;  // at the beginning of the input: no delimiter begins there
};

}  // namespace switchboard
