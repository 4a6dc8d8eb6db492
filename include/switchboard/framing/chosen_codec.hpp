// A codec that is chosen while the program runs.
#pragma once

#include <utility>
#include <variant>

#include "switchboard/framing/delimited.hpp"
#include "switchboard/framing/fixed.hpp"
#include "switchboard/framing/length_prefixed.hpp"
#include "switchboard/framing/typed.hpp"
#include "switchboard/framing/until_close.hpp"

namespace switchboard {

// Any of the others, by value: a copy serves another stream. As large as the largest of them, a
// little more than 1 KiB.
class ChosenCodec {
 public:
  template <Codec T>
  ChosenCodec(T codec) : codec_(std::move(codec)) {}  // NOLINT(google-explicit-constructor)

  Frame next(std::span<const std::byte> input) {
    return std::visit([&](auto& codec) { return codec.next(input); }, codec_);
  }
  Frame at_end(std::span<const std::byte> rest) const {
    return std::visit([&](const auto& codec) { return codec.at_end(rest); }, codec_);
  }
  FrameStatus encode(std::span<const std::byte> payload, std::vector<std::byte>& out) const {
    return std::visit([&](const auto& codec) { return codec.encode(payload, out); }, codec_);
  }

  // Whether a stream is one frame, which ends with it.
  bool is_until_close() const noexcept { return std::holds_alternative<UntilCloseCodec>(codec_); }

 private:
  std::variant<FixedCodec, TypedCodec, DelimitedCodec, LengthPrefixedCodec, UntilCloseCodec> codec_;
};

}  // namespace switchboard
