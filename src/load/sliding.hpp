// A sequence that grows at its end and is forgotten from its front, in one piece of memory.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace switchboard::load {

// An item keeps its index for ever: the first one ever added has 0. References are good until the
// next push_back(), append() or forget_before().
template <typename T>
class Sliding {
 public:
  std::uint64_t begin() const noexcept { return first_; }
  std::uint64_t end() const noexcept { return base_ + items_.size(); }
  bool empty() const noexcept { return begin() == end(); }

  T& operator[](std::uint64_t index) noexcept {
    assert(index >= first_ && index < end());
    return items_[index - base_];
  }
  const T& operator[](std::uint64_t index) const noexcept {
    assert(index >= first_ && index < end());
    return items_[index - base_];
  }
  // From `index` to the end; begin() <= index <= end().
  const T* from(std::uint64_t index) const noexcept { return items_.data() + (index - base_); }

  void push_back(const T& item) { items_.push_back(item); }
  void append(const T* items, std::size_t count) {
    items_.insert(items_.end(), items, items + count);
  }
  // begin() <= index <= end().
  void forget_before(std::uint64_t index) {
    assert(index >= first_ && index <= end());
    first_ = index;
    // Once half is forgotten the other half moves: each item once, on average.
    if (first_ - base_ < items_.size() / 2 || first_ == base_) return;
    items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(first_ - base_));
    base_ = first_;
  }

 private:
  std::vector<T> items_;
  std::uint64_t base_ = 0;   // the index of items_[0]
  std::uint64_t first_ = 0;  // the lowest that is not forgotten
};

}  // namespace switchboard::load
