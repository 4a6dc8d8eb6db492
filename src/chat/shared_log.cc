#include "chat/shared_log.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

namespace switchboard::chat {

namespace {

// A quiet room's message costs little more than itself; a busy room's thousands share a block.
constexpr std::uint32_t smallest_block = 512;
constexpr std::uint32_t largest_block = 64 * 1024;

}  // namespace

Slice SharedLog::append(std::string_view bytes) {
  assert(!bytes.empty());
  if (block_ != nullptr && !block_->is_shared()) used_ = 0;  // everybody has sent all of it
  if (block_ == nullptr || block_->capacity() - used_ < bytes.size()) {
    const std::size_t wanted = std::max<std::size_t>(
        std::clamp(next_capacity_, smallest_block, largest_block), bytes.size());
    Block* fresh = Block::make(wanted, Block::Kind::owned);
    if (block_ != nullptr) block_->release();  // lives on in its slices
    block_ = fresh;
    used_ = 0;
    next_capacity_ = std::min(2 * block_->capacity(), largest_block);
  }
  std::ranges::copy(std::as_bytes(std::span{bytes}), block_->data() + used_);
  Slice slice{*block_, used_, static_cast<std::uint32_t>(bytes.size())};
  used_ += static_cast<std::uint32_t>(bytes.size());
  return slice;
}

bool SharedLog::trim() noexcept {
  if (block_ == nullptr) return true;
  if (block_->is_shared()) return false;
  // The next burst is likely to be as large as this one.
  next_capacity_ = std::min(std::bit_ceil(used_), largest_block);
  std::exchange(block_, nullptr)->release();
  return true;
}

void SharedLog::swap(SharedLog& other) noexcept {
  std::swap(block_, other.block_);
  std::swap(used_, other.used_);
  std::swap(next_capacity_, other.next_capacity_);
}

}  // namespace switchboard::chat
