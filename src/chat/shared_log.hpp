// The bytes that many receivers are sent, one message behind the other.
//
// Slices of messages that follow each other touch, and merge in each receiver's OutputQueue: a
// thousand messages leave as one piece. A block is freed when its last receiver has sent it. Who
// was told little of what lies in a block (their own words are not told them) must not keep it for
// that: see OutputQueue::own_lent_bytes().
//
// A block is as large as what was said the last time, up to 64 KiB: the first one behind a burst
// may be that much for a short line, until everybody has sent it; the one behind it is small again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "switchboard/reactor/block.hpp"

namespace switchboard::chat {

class SharedLog {
 public:
  SharedLog() = default;
  SharedLog(SharedLog&& other) noexcept { swap(other); }
  SharedLog& operator=(SharedLog other) noexcept {
    swap(other);
    return *this;
  }
  ~SharedLog() {
    if (block_ != nullptr) block_->release();
  }

  // A copy of `bytes`, which are not empty, behind the last; below 4 GiB.
  Slice append(std::string_view bytes);

  // Gives the block back where nobody else holds a slice of it. Whether it holds none (any more).
  bool trim() noexcept;

 private:
  void swap(SharedLog& other) noexcept;

  Block* block_ = nullptr;
  std::uint32_t used_ = 0;
  std::uint32_t next_capacity_ = 0;
};

}  // namespace switchboard::chat
