#include "switchboard/reactor/block.hpp"

#include <algorithm>
#include <limits>
#include <new>

namespace switchboard {

namespace {

constexpr std::size_t cache_line = 64;

}  // namespace

Block* Block::make(std::size_t capacity, Kind kind) {
  assert(capacity <= std::numeric_limits<std::uint32_t>::max());
  void* memory = ::operator new(sizeof(Block) + capacity);
  return new (memory) Block(static_cast<std::uint32_t>(capacity), kind);
}

void Block::destroy() noexcept {
  this->~Block();
  ::operator delete(this);
}

Slice Slice::copy_of(std::span<const std::byte> bytes, std::size_t capacity, Block::Kind kind) {
  Block* block = Block::make(std::max(bytes.size(), capacity), kind);
  std::copy(bytes.begin(), bytes.end(), block->data());
  Slice slice{*block, 0, static_cast<std::uint32_t>(bytes.size())};
  block->release();
  return slice;
}

Slice Slice::without_first(std::size_t count) const noexcept {
  Slice rest = *this;
  rest.drop_first(count);
  return rest;
}

Slice Slice::first(std::size_t count) const noexcept {
  assert(count <= length_);
  Slice beginning = *this;
  beginning.length_ = static_cast<std::uint32_t>(count);
  return beginning;
}

std::size_t Slice::append_in_place(std::span<const std::byte> bytes) noexcept {
  if (block_ == nullptr || block_->is_shared() || is_lent()) return 0;
  const auto room = room_behind();
  const std::size_t taken = std::min(bytes.size(), room.size());
  std::copy_n(bytes.begin(), taken, room.begin());
  grow(taken);
  return taken;
}

std::span<std::byte> Arena::reserve(std::size_t at_least) {
  assert(at_least <= largest_reservation);
  return room(at_least);
}

// The kernel copies with REP MOVSB, which on AMD's Zen 3 takes nine times as long where the target
// is not aligned (as measured here; lunnova.dev/articles/ryzen-slow-short-rep-mov has it, too).
std::span<std::byte> Arena::reserve_for_kernel(std::size_t before, std::size_t at_least) {
  assert(before + at_least <= largest_reservation);
  const auto all = room(before + at_least + cache_line - 1);
  const auto target = reinterpret_cast<std::uintptr_t>(all.data()) + before;
  const std::size_t skipped = (cache_line - target % cache_line) % cache_line;
  offset_ += static_cast<std::uint32_t>(skipped);
  return all.subspan(skipped);
}

std::span<std::byte> Arena::room(std::size_t at_least) {
  if (block_ != nullptr && !block_->is_shared()) offset_ = 0;
  if (block_ == nullptr || block_bytes - offset_ < at_least) {
    Block* fresh = Block::make(block_bytes, Block::Kind::lent);
    if (block_ != nullptr) block_->release();  // lives on in the slices that were taken of it
    block_ = fresh;
    offset_ = 0;
  }
  return {block_->data() + offset_, block_bytes - offset_};
}

Slice Arena::commit(std::size_t count) noexcept {
  assert(block_ != nullptr && count <= block_bytes - offset_);
  Slice slice{*block_, offset_, static_cast<std::uint32_t>(count)};
  offset_ += static_cast<std::uint32_t>(count);
  return slice;
}

}  // namespace switchboard
