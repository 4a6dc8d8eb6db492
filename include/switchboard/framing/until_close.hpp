// One frame a stream: all that comes before its end, as in HTTP/1.0 (RFC 1945 section 7.2.2).
#pragma once

#include "switchboard/framing/frame.hpp"

namespace switchboard {

// It cannot tell a stream that is over from one that was cut off: only a reset shows.
class UntilCloseCodec {
 public:
  explicit UntilCloseCodec(std::size_t limit_bytes) noexcept : limit_bytes_(limit_bytes) {}

  // Never complete: too_long past the limit, incomplete until then.
  Frame next(std::span<const std::byte> input) const noexcept;
  // All of it, empty or not.
  Frame at_end(std::span<const std::byte> rest) const noexcept;
  // The end of the stream is the sender's to make: finish_sending().
  FrameStatus encode(std::span<const std::byte> payload, std::vector<std::byte>& out) const;

 private:
  std::size_t limit_bytes_;
};

}  // namespace switchboard
