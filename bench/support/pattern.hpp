// The bytes that a load client sends and wants back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace switchboard::bench {

// An endless periodic stream, laid out once so that any run of it up to `longest_run` bytes is
// contiguous: sends go straight out of it and what comes back is one memcmp, with nothing copied.
// The period is a prime, so that a lost, doubled or reordered block of any ordinary size shows.
// Connections start at different positions, so that another connection's bytes show too.
class Pattern {
 public:
  static constexpr std::uint64_t period = 8191;

  explicit Pattern(std::size_t longest_run) : bytes_(period + longest_run) {
    std::uint32_t state = 1;
    for (std::size_t i = 0; i < period; ++i) {
      state = state * 1664525U + 1013904223U;
      bytes_[i] = static_cast<char>(state >> 24);
    }
    for (std::size_t i = period; i < bytes_.size(); ++i) bytes_[i] = bytes_[i - period];
  }

  std::size_t longest_run() const noexcept { return bytes_.size() - period; }

  // The stream from `position` on, longest_run() bytes of it.
  const char* at(std::uint64_t position) const noexcept {
    return bytes_.data() + position % period;
  }

  // Whether `size` (at most longest_run()) received bytes are the stream's from `position` on.
  bool matches(std::uint64_t position, const char* received, std::size_t size) const noexcept {
    return std::memcmp(at(position), received, size) == 0;
  }

 private:
  std::vector<char> bytes_;
};

}  // namespace switchboard::bench
