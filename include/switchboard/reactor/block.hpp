// Bytes that several owners look at: a Block holds them, a Slice is one owner's view of some.
//
// Counting is not atomic: blocks, slices and arenas belong to the thread of one reactor.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace switchboard {

// A counted run of bytes on the heap. Handled through Slice and Arena; freed with its last slice.
class Block {
 public:
  // Who may keep a slice of it for long. Bytes of an Arena are lent, and those of a connection's
  // input: a slice of them that outlives the turn may keep a large block alive for a few bytes, so
  // whoever stores one copies it (see OutputQueue::own_lent_bytes). Bytes of a block of one's own
  // may be kept for any time.
  enum class Kind : std::uint8_t { lent, owned };

  // The block has one reference, its maker's. `capacity` in bytes, below 4 GiB.
  static Block* make(std::size_t capacity, Kind kind);

  void retain() noexcept { ++references_; }
  void release() noexcept {
    assert(references_ > 0);
    if (--references_ == 0) destroy();
  }

  bool is_shared() const noexcept { return references_ > 1; }
  Kind kind() const noexcept { return kind_; }
  std::uint32_t capacity() const noexcept { return capacity_; }
  std::byte* data() noexcept { return reinterpret_cast<std::byte*>(this + 1); }

 private:
  Block(std::uint32_t capacity, Kind kind) noexcept : capacity_(capacity), kind_(kind) {}
  void destroy() noexcept;

  std::uint32_t references_ = 1;
  std::uint32_t capacity_;
  Kind kind_;
};

// A view of some bytes of a block that keeps them alive. 16 bytes; copying one counts, no more.
class Slice {
 public:
  Slice() noexcept = default;
  // Shares `block`, which has at least `offset` + `length` bytes.
  Slice(Block& block, std::uint32_t offset, std::uint32_t length) noexcept
      : block_(&block), offset_(offset), length_(length) {
    assert(std::size_t{offset} + length <= block.capacity());
    block_->retain();
  }
  Slice(const Slice& other) noexcept
      : block_(other.block_), offset_(other.offset_), length_(other.length_) {
    if (block_ != nullptr) block_->retain();
  }
  Slice(Slice&& other) noexcept { swap(other); }
  Slice& operator=(Slice other) noexcept {
    swap(other);
    return *this;
  }
  ~Slice() {
    if (block_ != nullptr) block_->release();
  }

  // A copy of `bytes` in a block of its own, with room for `capacity` bytes if that is more.
  static Slice copy_of(std::span<const std::byte> bytes, std::size_t capacity = 0,
                       Block::Kind kind = Block::Kind::owned);

  std::span<const std::byte> bytes() const noexcept {
    return block_ == nullptr ? std::span<const std::byte>{}
                             : std::span<const std::byte>{block_->data() + offset_, length_};
  }
  std::size_t size() const noexcept { return length_; }
  bool empty() const noexcept { return length_ == 0; }
  // What it keeps alive.
  std::size_t block_bytes() const noexcept { return block_ == nullptr ? 0 : block_->capacity(); }
  // Whether others look at the same block.
  bool is_shared() const noexcept { return block_ != nullptr && block_->is_shared(); }
  bool is_lent() const noexcept { return block_ != nullptr && block_->kind() == Block::Kind::lent; }

  // What is left without the first `count` bytes, or only those: views of the same block.
  Slice without_first(std::size_t count) const noexcept;
  Slice first(std::size_t count) const noexcept;
  void drop_first(std::size_t count) noexcept {
    assert(count <= length_);
    offset_ += static_cast<std::uint32_t>(count);
    length_ -= static_cast<std::uint32_t>(count);
  }

  // True, and grown by it, where `next` begins in the same block at the byte where this one ends.
  bool merge(const Slice& next) noexcept {
    if (block_ == nullptr || block_ != next.block_ || offset_ + length_ != next.offset_)
      return false;
    length_ += next.length_;
    return true;
  }

  // The rest of the block behind this slice, and taking its first `count` bytes into the slice. For
  // the block's maker, who alone knows that nobody else looks at, or writes to, what lies there.
  std::span<std::byte> room_behind() noexcept {
    return block_ == nullptr ? std::span<std::byte>{}
                             : std::span<std::byte>{block_->data() + offset_ + length_,
                                                    block_->capacity() - offset_ - length_};
  }
  void grow(std::size_t count) noexcept {
    assert(count <= room_behind().size());
    length_ += static_cast<std::uint32_t>(count);
  }

  // Copies as much of `bytes` as fits into the room behind, where this is the only slice of an
  // owned block. Gives how many bytes were taken.
  std::size_t append_in_place(std::span<const std::byte> bytes) noexcept;

 private:
  void swap(Slice& other) noexcept {
    std::swap(block_, other.block_);
    std::swap(offset_, other.offset_);
    std::swap(length_, other.length_);
  }

  Block* block_ = nullptr;
  std::uint32_t offset_ = 0;
  std::uint32_t length_ = 0;
};

// Room for the bytes of one turn, lent to whoever reads or writes in it.
//
// Taken from the front of one block after another. As soon as nobody holds a slice of the present
// block, its beginning is used again: a busy echo server lives in the same few cache-warm kilobytes
// for ever, and an idle connection owns no buffer.
class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() {
    if (block_ != nullptr) block_->release();
  }

  static constexpr std::size_t block_bytes = 256 * 1024;
  static constexpr std::size_t largest_reservation = 80 * 1024;

  // At least `at_least` (up to largest_reservation) writable bytes, good until the next call.
  std::span<std::byte> reserve(std::size_t at_least);
  // Room for `before` bytes and `at_least` behind them (together up to largest_reservation), which
  // begin a cache line: for the kernel to fill.
  std::span<std::byte> reserve_for_kernel(std::size_t before, std::size_t at_least);
  // Turns the first `count` bytes of the last reservation into a slice.
  Slice commit(std::size_t count) noexcept;

  // Committed since the block was last empty, with the gaps in front of what the kernel filled: how
  // much of the cache a turn has dirtied.
  std::size_t committed_bytes() const noexcept { return offset_; }

 private:
  std::span<std::byte> room(std::size_t at_least);

  Block* block_ = nullptr;
  std::uint32_t offset_ = 0;
};

}  // namespace switchboard
