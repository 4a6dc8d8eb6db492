// The loop: waits for what is ready, tells whoever watches it, runs timers and posted tasks.
//
// One turn, always in this order:
//   1. wait for events, no longer than until the next timer
//   2. dispatch them, each to the handler its token names
//   3. run the timers that are due
//   4. run what was posted, and the handlers of caught signals
//   5. flush every handler that marked itself dirty
//   6. release every handler that is done with
// Nothing is freed while somebody's callback may still be looking at it, whatever the callback
// closes.
//
// A Reactor and all that hangs on it belong to one thread. Only post() may be called from others.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "switchboard/backends.hpp"
#include "switchboard/poller.hpp"
#include "switchboard/reactor/block.hpp"
#include "switchboard/reactor/timer_queue.hpp"
#include "switchboard/sys/process.hpp"

namespace switchboard {

// Somebody who is told about one descriptor. Not owned by the reactor: it must outlive its
// registration, and its release where it asked for one.
class EventHandler {
 public:
  virtual void on_ready(Readiness readiness) = 0;
  virtual void on_flush() {}    // at the end of a turn in which it called mark_dirty()
  virtual void on_release() {}  // after the flush, once release_later() was called; may delete this

 protected:
  ~EventHandler() = default;
};

class Reactor {
 public:
  // Throws std::system_error where the poller or the wake-up pipe cannot be had.
  explicit Reactor(std::unique_ptr<Poller> poller = default_backend().make());
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;
  // Everything registered must be gone by now. Signals it caught go back to their default action.
  ~Reactor();

  // --- Registrations. The descriptor stays its owner's, who deregisters before closing it.

  // Watches nothing yet; set_interest() does. Who has no descriptor (-1) may be told of the end of
  // a turn: release_later(). The token is not given out again before its slot has had four billion
  // tenants.
  Token register_handler(int fd, EventHandler& handler);
  // Watching for neither takes the descriptor out of the poller, so that not even a hang-up is
  // reported. After an error nothing is watched.
  std::error_code set_interest(Token token, Interest interest);
  Interest interest(Token token) const noexcept;
  // At once: events of this turn that are still to be dispatched find nobody.
  void deregister(Token token) noexcept;
  // The same, and calls on_release() at the end of the turn, when nobody looks at the handler any
  // more; until that returns, nobody else has its slot. Needs no memory, and so never fails.
  void release_later(Token token) noexcept;
  // Null where the registration is gone.
  EventHandler* find(Token token) const noexcept;

  // --- The end of the turn. Who is marked during step 5 or 6 is flushed on the next turn, and who
  // asks for their release during step 6 is released on it; it does not wait, then.

  void mark_dirty(EventHandler& handler) { dirty_.push_back(&handler); }
  // Flushes before the next event is dispatched: for a handler that has written much to many, who
  // may begin with it while more is made.
  void flush_soon() noexcept { flush_soon_ = true; }
  // For a handler that dies before the end of the turn: whoever tears down a service by hand.
  void forget(EventHandler& handler) noexcept;

  // --- Time.

  // When this turn's wait ended, read once a turn and only if somebody asks.
  Instant now() noexcept;
  // `delay` from the moment of the call, rounded up to what the poller can do: never early. One
  // below zero counts as zero.
  TimerId call_after(Nanoseconds delay, TimerQueue::Callback callback);
  TimerId call_every(Nanoseconds interval, TimerQueue::Callback callback);
  bool cancel(TimerId timer) noexcept { return timers_.cancel(timer); }

  // --- From outside.

  using Task = std::function<void()>;
  // From any thread: runs on the next turn, in the order posted. Tasks that are still waiting when
  // the reactor is destroyed are destroyed unrun.
  void post(Task task);
  // On a turn of this loop, never inside the signal handler. One reactor of a process at a time may
  // catch signals; std::logic_error for a second one, std::system_error where the kernel refuses.
  void on_signal(int signal_number, std::function<void(int)> callback);

  // --- Running.

  // Turns until stop(). An exception that a callback lets out comes out of here; the reactor stays
  // good and may be run again.
  void run();
  // One turn, waiting no longer than `at_most`.
  void turn(Timeout at_most = std::nullopt);
  // Ends run() with the turn that it is called in. On another thread: post it.
  void stop() noexcept { stopping_ = true; }
  // stop() on these signals: what a small program wants.
  void stop_on(std::initializer_list<int> signal_numbers);

  Arena& arena() noexcept { return arena_; }

 private:
  // An early flush keeps what a turn touches within the cache, and peers from waiting for each
  // other. Not where a few events have made many handlers dirty, as a message to a thousand does:
  // those are flushed once a turn, however many messages it has brought.
  static constexpr std::size_t max_dirty_handlers = 16;
  static constexpr std::size_t max_dirty_handlers_per_event = 2;
  static constexpr std::size_t max_committed_bytes = 64 * 1024;

  class WakeUp final : public EventHandler {
   public:
    explicit WakeUp(Reactor& reactor) : reactor_(reactor) {}
    void on_ready(Readiness) override;

   private:
    Reactor& reactor_;
  };

  class Registration {  // 16 bytes: there is one for every connection
   public:
    EventHandler* handler = nullptr;
    std::uint32_t generation = 1;  // so that a default Token names nobody

    int fd() const noexcept { return static_cast<std::int32_t>(fd_and_interest_) >> 3; }
    Interest interest() const noexcept {
      return {.readable = (fd_and_interest_ & 1U) != 0,
              .writable = (fd_and_interest_ & 2U) != 0,
              .priority = (fd_and_interest_ & 4U) != 0};
    }
    // Of one that is to be released, which has no descriptor any more: the slot behind it.
    std::uint32_t next() const noexcept { return fd_and_interest_; }
    void set_next(std::uint32_t slot) noexcept { fd_and_interest_ = slot; }
    void set(int fd, Interest interest) noexcept {
      fd_and_interest_ = static_cast<std::uint32_t>(fd) << 3U | (interest.priority ? 4U : 0U) |
                         (interest.writable ? 2U : 0U) | (interest.readable ? 1U : 0U);
    }

   private:
    std::uint32_t fd_and_interest_ = 0;
  };

  static constexpr std::uint32_t no_slot = UINT32_MAX;

  const Registration* lookup(Token token) const noexcept;
  Registration* lookup(Token token) noexcept;
  void end_watch(Registration& registration) noexcept;
  Timeout time_to_wait(Timeout at_most) const;
  void dispatch(std::span<const Event> events);
  void prefetch(Token token) const noexcept;
  void run_posted();
  void run_signals();
  bool is_time_to_flush() const noexcept;
  // Both leave what is asked for meanwhile to the next turn.
  void flush();
  void release();

  std::unique_ptr<Poller> poller_;
  std::vector<Registration> registrations_;
  std::vector<std::uint32_t> free_slots_;
  std::vector<EventHandler*> dirty_;
  // To be released, in the order asked for: linked through their slots, so that none is without
  // room.
  std::uint32_t first_released_ = no_slot;
  std::uint32_t last_released_ = no_slot;
  TimerQueue timers_;
  Arena arena_;
  std::optional<Instant> now_;
  std::size_t dispatched_ = 0;  // since the last flush
  bool flush_soon_ = false;
  bool stopping_ = false;

  sys::Pipe wake_pipe_;
  WakeUp wake_up_{*this};
  Token wake_token_;
  std::mutex posted_mutex_;
  std::vector<Task> posted_;
  bool woken_ = false;
  std::array<std::function<void(int)>, sys::highest_signal + 1> signal_callbacks_;
  std::uint64_t caught_signals_ = 0;  // whose callbacks are still to run, one bit a signal
  bool catches_signals_ = false;
};

}  // namespace switchboard
