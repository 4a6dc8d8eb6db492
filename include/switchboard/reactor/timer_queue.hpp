// Timers in the order in which they are due.
//
// A 4-ary heap over a table of slots: adding, cancelling and expiring cost O(log n), looking at the
// next deadline O(1). Knows no clock and makes no system call: whoever owns it says what time it
// is.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "switchboard/poller.hpp"

namespace switchboard {

// Names one timer; stale as soon as it has fired (one-shot) or was cancelled. The default names
// none.
struct TimerId {
  std::uint32_t slot = UINT32_MAX;
  std::uint32_t generation = 0;
  bool operator==(const TimerId&) const = default;
};

class TimerQueue {
 public:
  using Callback = std::function<void()>;

  // Fires once at `deadline`, or, where `interval` is above zero, again and again. A repeating
  // timer keeps its rhythm; ticks that were slept through are left out, never made up for in a
  // burst.
  TimerId add(Instant deadline, Nanoseconds interval, Callback callback);

  // False where it has fired or been cancelled already. Any timer may be cancelled inside any
  // callback, its own included; its callback is destroyed at once, or after it returns.
  bool cancel(TimerId id) noexcept;

  // Runs what is due at `now`, earliest first, those of one deadline in the order they were added.
  // A timer added meanwhile waits for the next call, so that a zero delay cannot keep the loop
  // here. If a callback throws, it is passed on; the queue stays good.
  void run_due(Instant now);

  std::optional<Instant> next_deadline() const noexcept;
  std::size_t size() const noexcept { return heap_.size(); }
  bool empty() const noexcept { return heap_.empty(); }

 private:
  struct Entry {  // in the heap
    Instant deadline;
    std::uint64_t sequence;
    std::uint32_t slot;
    bool before(const Entry& other) const noexcept {
      return deadline != other.deadline ? deadline < other.deadline : sequence < other.sequence;
    }
  };
  struct Slot {
    Callback callback;
    Nanoseconds interval{0};
    std::uint32_t generation = 0;
    std::uint32_t heap_index = not_queued;
  };
  static constexpr std::uint32_t not_queued = UINT32_MAX;

  std::uint32_t take_slot();
  void free_slot(std::uint32_t slot) noexcept;
  void push(Entry entry);
  void erase(std::size_t index) noexcept;
  void sift_up(std::size_t index, Entry entry) noexcept;
  void sift_down(std::size_t index, Entry entry) noexcept;
  void place(std::size_t index, const Entry& entry) noexcept;
  void run_first(Instant now);

  std::vector<Entry> heap_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::uint64_t next_sequence_ = 0;
};

}  // namespace switchboard
