// Where one message ends and the next begins.
//
// A stream carries bytes, not messages: a receive may give a part of one, or several. A codec finds
// the ends. Every codec here is pure: it makes no system call, keeps and copies no bytes, allocates
// nothing while decoding, and takes a zero byte for data like any other. What is not a whole frame
// yet stays with the caller; a Connection keeps it by itself where on_data() did not consume it.
//
// A codec serves one stream in one direction: it may remember how far it has searched already.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace switchboard {

enum class FrameStatus : std::uint8_t {
  complete,
  incomplete,  // so far so good, but its end has not come
  too_long,    // longer than the limit, whether or not all of it is there
  malformed,   // not what the codec's rules allow
  truncated,   // the stream has ended within it
};
std::string_view to_string(FrameStatus status) noexcept;

struct Frame {
  FrameStatus status = FrameStatus::incomplete;
  std::span<const std::byte> payload{};  // of the input; empty unless complete
  std::size_t size_bytes = 0;  // of the input, with header and delimiter; never 0 if complete
};

// What every codec offers.
//
// next(input): the frame at the beginning of `input`, which begins where the last complete one
// ended and holds at least what it held when asked before. After an error nothing more can be made
// of this stream.
// at_end(rest): what the unconsumed bytes are when nothing follows: `incomplete` where there are
// none and all is well.
// encode(payload, out): appends the frame to `out`, or says why there is no such frame
// (too_long, malformed) and leaves `out` as it was.
template <typename T>
concept Codec = requires(T codec, const T fixed, std::span<const std::byte> bytes,
                         std::vector<std::byte>& out) {
  { codec.next(bytes) } -> std::same_as<Frame>;
  { fixed.at_end(bytes) } -> std::same_as<Frame>;
  { fixed.encode(bytes, out) } -> std::same_as<FrameStatus>;
};

struct DecodedFrames {
  std::size_t consumed_bytes = 0;                // by the frames that were handed over
  FrameStatus status = FrameStatus::incomplete;  // of what is behind them, never complete
};

// Hands the payload of each whole frame in `input` to `use`, in order.
template <Codec T, std::invocable<std::span<const std::byte>> Use>
DecodedFrames decode_frames(T& codec, std::span<const std::byte> input, Use use) {
  DecodedFrames decoded;
  for (;;) {
    const Frame frame = codec.next(input.subspan(decoded.consumed_bytes));
    decoded.status = frame.status;
    if (frame.status != FrameStatus::complete) return decoded;
    decoded.consumed_bytes += frame.size_bytes;
    use(frame.payload);
  }
}

// For codecs whose frames end by themselves: an end of the stream is good between two frames only.
inline Frame nothing_left(std::span<const std::byte> rest) noexcept {
  return {.status = rest.empty() ? FrameStatus::incomplete : FrameStatus::truncated};
}

}  // namespace switchboard
