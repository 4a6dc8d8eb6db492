#include "switchboard/reactor/timer_queue.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace switchboard {

namespace {
// Four children a node: half the levels of a binary heap, and siblings share a cache line or two.
constexpr std::size_t arity = 4;
}  // namespace

TimerId TimerQueue::add(Instant deadline, Nanoseconds interval, Callback callback) {
  assert(callback);
  // Before a slot is taken: where there is no memory, nothing has happened.
  if (heap_.size() == heap_.capacity()) heap_.reserve(2 * heap_.size() + 1);
  const std::uint32_t slot = take_slot();
  slots_[slot].callback = std::move(callback);
  slots_[slot].interval = interval;
  push({deadline, next_sequence_++, slot});
  return {slot, slots_[slot].generation};
}

bool TimerQueue::cancel(TimerId id) noexcept {
  if (id.slot >= slots_.size() || slots_[id.slot].generation != id.generation) return false;
  erase(slots_[id.slot].heap_index);  // a repeating one is in the heap even while it runs
  free_slot(id.slot);
  return true;
}

void TimerQueue::run_due(Instant now) {
  const std::uint64_t end = next_sequence_;
  while (!heap_.empty() && heap_.front().deadline <= now && heap_.front().sequence < end) {
    run_first(now);
  }
}

void TimerQueue::run_first(Instant now) {
  const Entry due = heap_.front();
  erase(0);
  const TimerId id{due.slot, slots_[due.slot].generation};
  // The callback runs from here, not from its slot: it may cancel itself, and may add timers, which
  // moves the slots.
  Callback callback = std::move(slots_[due.slot].callback);
  const Nanoseconds interval = slots_[due.slot].interval;
  if (interval <= Nanoseconds::zero()) {
    free_slot(due.slot);
    callback();
    return;
  }
  // Queued again before it runs, so that a callback that throws leaves a whole queue behind.
  const auto ticks = std::max<Nanoseconds::rep>((now - due.deadline) / interval, 0) + 1;
  push({due.deadline + ticks * interval, next_sequence_++, due.slot});
  struct GiveBack {  // unless it was cancelled meanwhile
    TimerQueue& queue;
    TimerId id;
    Callback& callback;
    ~GiveBack() {
      Slot& slot = queue.slots_[id.slot];
      if (slot.generation == id.generation) slot.callback = std::move(callback);
    }
  } const give_back{*this, id, callback};
  callback();
}

std::optional<Instant> TimerQueue::next_deadline() const noexcept {
  if (heap_.empty()) return std::nullopt;
  return heap_.front().deadline;
}

std::uint32_t TimerQueue::take_slot() {
  if (free_slots_.empty()) {
    // First, and so that free_slot() never allocates.
    if (free_slots_.capacity() <= slots_.size()) free_slots_.reserve(2 * slots_.size() + 1);
    slots_.emplace_back();
    return static_cast<std::uint32_t>(slots_.size() - 1);
  }
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

void TimerQueue::free_slot(std::uint32_t slot) noexcept {
  ++slots_[slot].generation;
  slots_[slot].heap_index = not_queued;
  free_slots_.push_back(slot);
  // Last: destroying what the callback holds may call back into this queue.
  const Callback destroyed = std::exchange(slots_[slot].callback, nullptr);
}

void TimerQueue::push(Entry entry) {
  heap_.emplace_back();
  sift_up(heap_.size() - 1, entry);
}

void TimerQueue::erase(std::size_t index) noexcept {
  slots_[heap_[index].slot].heap_index = not_queued;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (index == heap_.size()) return;
  if (index > 0 && last.before(heap_[(index - 1) / arity])) {
    sift_up(index, last);
  } else {
    sift_down(index, last);
  }
}

void TimerQueue::sift_up(std::size_t index, Entry entry) noexcept {
  while (index > 0) {
    const std::size_t parent = (index - 1) / arity;
    if (!entry.before(heap_[parent])) break;
    place(index, heap_[parent]);
    index = parent;
  }
  place(index, entry);
}

void TimerQueue::sift_down(std::size_t index, Entry entry) noexcept {
  for (;;) {
    const std::size_t first_child = index * arity + 1;
    if (first_child >= heap_.size()) break;
    const std::size_t end = std::min(first_child + arity, heap_.size());
    std::size_t smallest = first_child;
    for (std::size_t child = first_child + 1; child < end; ++child) {
      if (heap_[child].before(heap_[smallest])) smallest = child;
    }
    if (!heap_[smallest].before(entry)) break;
    place(index, heap_[smallest]);
    index = smallest;
  }
  place(index, entry);
}

void TimerQueue::place(std::size_t index, const Entry& entry) noexcept {
  heap_[index] = entry;
  slots_[entry.slot].heap_index = static_cast<std::uint32_t>(index);
}

}  // namespace switchboard
