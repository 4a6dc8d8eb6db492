// Bytes that wait for a socket to take them, in order, without being copied.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "switchboard/reactor/block.hpp"

namespace switchboard {

// A queue of slices. Pure memory: whoever owns it does the sending.
//
// An empty queue and a queue of one slice allocate nothing; from the second on the slices stand in
// a vector, which is freed when the queue runs empty. A slice that begins where the last one ends
// is merged into it, so that many small messages in one block leave as one piece.
class OutputQueue {
 public:
  void append(Slice slice);

  std::size_t size_bytes() const noexcept {
    return first_.size() + (rest_ == nullptr ? 0 : rest_->bytes);
  }
  bool empty() const noexcept { return first_.empty(); }
  std::size_t slices() const noexcept {
    return (first_.empty() ? 0U : 1U) +
           (rest_ == nullptr ? 0U : rest_->slices.size() - rest_->head);
  }

  // The front of the queue as one run of bytes; good until the queue is next changed.
  std::span<const std::byte> front() const noexcept { return first_.bytes(); }
  // Fills `pieces` from the front with at most `max_bytes` and gives how many were filled; good
  // until the queue is next changed.
  std::size_t gather(std::span<iovec> pieces, std::size_t max_bytes) const noexcept;
  // Drops the first `count` bytes, which were sent.
  void consume(std::size_t count) noexcept;
  void clear() noexcept;
  // Drops what stands behind the first `end`; nothing where there is none.
  void drop_behind(std::byte end) noexcept;

  // For bytes that the kernel did not take and that may stay for long, lest a few of them keep much
  // memory alive. Copies what is lent (Block::Kind) into blocks of the queue's own, and likewise
  // what is small, or less than a quarter of the block that others filled, but for the first and
  // the last. Behind it the queue keeps alive no more than eight times its bytes, and those two's
  // blocks. Takes time for the bytes that were appended since the last call.
  void own_lent_bytes();

 private:
  struct Rest {
    std::vector<Slice> slices;
    std::size_t head = 0;   // those before it have been consumed
    std::size_t bytes = 0;  // of all from head on
    std::size_t owned = 0;  // slices before this index stay as they are
  };

  Slice& back() noexcept { return rest_ == nullptr ? first_ : rest_->slices.back(); }
  void advance() noexcept;
  static bool is_better_copied(const Slice& slice, bool is_last) noexcept;

  Slice first_;
  std::unique_ptr<Rest> rest_;
};

}  // namespace switchboard
