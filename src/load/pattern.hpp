// The bytes that a load client sends and wants back.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "switchboard/reactor/block.hpp"

namespace switchboard::load {

// An endless periodic stream, laid out once so that any run of it up to `longest_run` bytes is
// contiguous: sends are views of it, and what comes back is one memcmp, with nothing copied. The
// period is a prime, so that a lost, doubled or reordered block of any ordinary size shows, and
// short, so that it stays in the first cache. Connections start at different positions, so that
// another connection's bytes show too.
class Pattern {
 public:
  static constexpr std::uint64_t period = 1021;
  static constexpr std::size_t longest_run = 64 * 1024;

  Pattern() {
    Block* block = Block::make(period + longest_run, Block::Kind::owned);
    stream_ = Slice{*block, 0, static_cast<std::uint32_t>(period + longest_run)};
    std::byte* bytes = block->data();
    block->release();  // the slice keeps it
    std::uint32_t state = 1;
    for (std::size_t i = 0; i < period; ++i) {
      state = state * 1664525U + 1013904223U;
      bytes[i] = static_cast<std::byte>(state >> 24U);
    }
    for (std::size_t i = period; i < period + longest_run; ++i) bytes[i] = bytes[i - period];
  }

  // The stream from `position` on: `size` bytes, or longest_run if that is less.
  Slice at(std::uint64_t position, std::size_t size) const noexcept {
    return stream_.without_first(position % period).first(std::min(size, longest_run));
  }

  // Whether the received bytes are the stream's from `position` on.
  bool matches(std::uint64_t position, std::span<const std::byte> received) const noexcept {
    while (!received.empty()) {
      const std::size_t run = std::min(received.size(), longest_run);
      const auto expected = stream_.bytes().subspan(position % period, run);
      if (std::memcmp(expected.data(), received.data(), run) != 0) return false;
      received = received.subspan(run);
      position += run;
    }
    return true;
  }

 private:
  Slice stream_;
};

}  // namespace switchboard::load
