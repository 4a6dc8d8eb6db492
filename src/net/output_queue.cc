#include "switchboard/net/output_queue.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace switchboard {

namespace {

// So that a peer that stalls while bytes trickle in costs a block for many of them, not for each.
constexpr std::size_t smallest_owned_block = 4096;
// A piece below this lies better with those around it than in a block of its own.
constexpr std::size_t smallest_left = 1024;

}  // namespace

void OutputQueue::append(Slice slice) {
  if (slice.empty()) return;
  if (first_.empty()) {
    first_ = std::move(slice);
    return;
  }
  const std::size_t added = slice.size();
  if (back().merge(slice)) {
    if (rest_ != nullptr) rest_->bytes += added;
    return;
  }
  if (rest_ == nullptr) rest_ = std::make_unique<Rest>();
  rest_->slices.push_back(std::move(slice));
  rest_->bytes += added;
}

std::size_t OutputQueue::gather(std::span<iovec> pieces, std::size_t max_bytes) const noexcept {
  std::size_t filled = 0;
  const auto add = [&](const Slice& slice) {
    const auto bytes = slice.bytes().first(std::min(slice.size(), max_bytes));
    // An iovec cannot say const; sendmsg(2) reads only.
    pieces[filled++] = {const_cast<std::byte*>(bytes.data()), bytes.size()};
    max_bytes -= bytes.size();
  };
  if (!first_.empty() && !pieces.empty() && max_bytes > 0) add(first_);
  if (rest_ == nullptr) return filled;
  for (std::size_t i = rest_->head; i < rest_->slices.size(); ++i) {
    if (filled == pieces.size() || max_bytes == 0) break;
    add(rest_->slices[i]);
  }
  return filled;
}

void OutputQueue::consume(std::size_t count) noexcept {
  assert(count <= size_bytes());
  while (count > 0) {
    const std::size_t taken = std::min(count, first_.size());
    first_.drop_first(taken);
    count -= taken;
    if (first_.empty()) advance();
  }
}

void OutputQueue::advance() noexcept {
  first_ =
      Slice{};  // lets go of the block now: a broadcast is freed when its last member has sent it
  if (rest_ == nullptr) return;
  first_ = std::move(rest_->slices[rest_->head++]);
  rest_->bytes -= first_.size();
  if (rest_->head == rest_->slices.size()) {
    rest_.reset();
  } else if (rest_->head >= rest_->slices.size() / 2 && rest_->head >= 64) {
    // Half of the vector is spent: close the gap, at a cost of one move for each slice consumed.
    rest_->slices.erase(rest_->slices.begin(),
                        rest_->slices.begin() + static_cast<std::ptrdiff_t>(rest_->head));
    rest_->owned -= std::min(rest_->owned, rest_->head);
    rest_->head = 0;
  }
}

void OutputQueue::clear() noexcept {
  first_ = Slice{};
  rest_.reset();
}

void OutputQueue::drop_behind(std::byte end) noexcept {
  const auto cut = [&](Slice& slice) {
    const auto bytes = slice.bytes();
    const auto found = std::ranges::find(bytes, end);
    if (found == bytes.end()) return false;
    slice = slice.first(static_cast<std::size_t>(found - bytes.begin()) + 1);
    return true;
  };
  if (cut(first_)) return rest_.reset();
  if (rest_ == nullptr) return;
  std::size_t kept = 0;
  for (std::size_t i = rest_->head; i < rest_->slices.size(); ++i) {
    const bool is_last = cut(rest_->slices[i]);
    kept += rest_->slices[i].size();
    if (!is_last) continue;
    rest_->slices.resize(i + 1);
    rest_->owned = std::min(rest_->owned, i + 1);
    rest_->bytes = kept;
    return;
  }
}

// The last one may grow yet, with what comes behind it in its block.
bool OutputQueue::is_better_copied(const Slice& slice, bool is_last) noexcept {
  if (slice.is_lent()) return true;
  return !is_last && (slice.size() < smallest_left || slice.size() < slice.block_bytes() / 4);
}

void OutputQueue::own_lent_bytes() {
  if (first_.is_lent()) {
    Slice owned = Slice::copy_of(first_.bytes());
    first_ = std::move(owned);
  }
  if (rest_ == nullptr) return;
  auto& slices = rest_->slices;
  std::size_t end = std::max(rest_->owned, rest_->head);
  bool is_left = false;
  for (std::size_t i = end; i < slices.size(); ++i) {
    Slice slice = std::move(slices[i]);
    is_left = !is_better_copied(slice, i + 1 == slices.size());
    if (!is_left) {
      Slice& before = end == rest_->head ? first_ : slices[end - 1];
      const std::size_t taken = before.append_in_place(slice.bytes());
      if (&before == &first_) rest_->bytes -= taken;
      slice.drop_first(taken);
      if (slice.empty()) continue;
      slice = Slice::copy_of(slice.bytes(), smallest_owned_block);
    }
    slices[end++] = std::move(slice);
  }
  slices.resize(end);
  rest_->owned = is_left ? end - 1 : end;  // when it is not the last any more, it may be copied
  if (rest_->head == end) rest_.reset();
}

}  // namespace switchboard
