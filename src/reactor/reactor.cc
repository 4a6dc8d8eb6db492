#include "switchboard/reactor/reactor.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cassert>
#include <stdexcept>
#include <utility>

namespace switchboard {

namespace {

// Signals belong to the process, and so to one reactor of it.
std::atomic<const Reactor*> signal_owner{nullptr};

sys::Pipe open_wake_pipe() {
  auto made = sys::open_pipe();
  if (!made) throw std::system_error(made.error(), "pipe for waking the reactor");
  return std::move(*made);
}

}  // namespace

Reactor::Reactor(std::unique_ptr<Poller> poller)
    : poller_(std::move(poller)), wake_pipe_(open_wake_pipe()) {
  assert(poller_ != nullptr);
  wake_token_ = register_handler(wake_pipe_.reader.get(), wake_up_);
  if (const auto error = set_interest(wake_token_, {.readable = true})) {
    throw std::system_error(error, "watching the reactor's own pipe");
  }
}

Reactor::~Reactor() {
  if (catches_signals_) {
    for (int number = 1; number <= sys::highest_signal; ++number) {
      if (signal_callbacks_[static_cast<std::size_t>(number)]) sys::release_signal(number);
    }
    (void)sys::take_signals();  // what nobody heard is not for the next reactor
    signal_owner.store(nullptr);
  }
  deregister(wake_token_);
  // Who is still to be released is not told any more: they may be gone themselves.
  while (first_released_ != no_slot) {
    free_slots_.push_back(first_released_);
    first_released_ = registrations_[first_released_].next();
  }
  assert(free_slots_.size() == registrations_.size() && "something is still registered");
}

Token Reactor::register_handler(int fd, EventHandler& handler) {
  assert(fd >= -1);
  if (free_slots_.empty()) {
    const std::size_t count = registrations_.size();
    // First, and so that deregister() never allocates.
    if (free_slots_.capacity() <= count) free_slots_.reserve(2 * count + 1);
    registrations_.emplace_back();
    free_slots_.push_back(static_cast<std::uint32_t>(registrations_.size() - 1));
  }
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  Registration& registration = registrations_[slot];
  registration.handler = &handler;
  registration.set(fd, {});
  return {slot, registration.generation};
}

const Reactor::Registration* Reactor::lookup(Token token) const noexcept {
  if (token.slot >= registrations_.size()) return nullptr;
  const Registration& registration = registrations_[token.slot];
  return registration.generation == token.generation ? &registration : nullptr;
}

Reactor::Registration* Reactor::lookup(Token token) noexcept {
  return const_cast<Registration*>(std::as_const(*this).lookup(token));
}

std::error_code Reactor::set_interest(Token token, Interest wanted) {
  Registration* registration = lookup(token);
  assert(registration != nullptr);
  const int fd = registration->fd();
  assert(fd >= 0 && "there is nothing to watch");
  const Interest present = registration->interest();
  if (wanted == present) return {};
  std::error_code error;
  if (wanted.any()) {
    error = present.any() ? poller_->modify(fd, token, wanted) : poller_->add(fd, token, wanted);
  }
  if (error || !wanted.any()) poller_->remove(fd);
  registration->set(fd, error ? Interest{} : wanted);
  return error;
}

Interest Reactor::interest(Token token) const noexcept {
  const Registration* registration = lookup(token);
  return registration == nullptr ? Interest{} : registration->interest();
}

void Reactor::deregister(Token token) noexcept {
  Registration* registration = lookup(token);
  if (registration == nullptr) return;
  end_watch(*registration);
  registration->handler = nullptr;
  free_slots_.push_back(token.slot);
}

void Reactor::release_later(Token token) noexcept {
  Registration* registration = lookup(token);
  if (registration == nullptr) return;
  end_watch(*registration);
  registration->set_next(no_slot);
  if (last_released_ == no_slot) {
    first_released_ = token.slot;
  } else {
    registrations_[last_released_].set_next(token.slot);
  }
  last_released_ = token.slot;
}

void Reactor::end_watch(Registration& registration) noexcept {
  if (registration.interest().any()) poller_->remove(registration.fd());
  registration.set(0, {});
  ++registration.generation;
}

EventHandler* Reactor::find(Token token) const noexcept {
  const Registration* registration = lookup(token);
  return registration == nullptr ? nullptr : registration->handler;
}

void Reactor::forget(EventHandler& handler) noexcept {
  std::replace(dirty_.begin(), dirty_.end(), &handler, static_cast<EventHandler*>(nullptr));
  for (auto slot = first_released_; slot != no_slot; slot = registrations_[slot].next()) {
    if (registrations_[slot].handler == &handler) registrations_[slot].handler = nullptr;
  }
}

Instant Reactor::now() noexcept {
  if (!now_) now_ = sys::monotonic_now();
  return *now_;
}

TimerId Reactor::call_after(Nanoseconds delay, TimerQueue::Callback callback) {
  // From the clock, not from now(): a turn that has lasted long must not make the timer early.
  // Nor before it: timers of the past would run ahead of those that have been due for longer.
  return timers_.add(sys::later(sys::monotonic_now(), std::max(delay, Nanoseconds::zero())),
                     Nanoseconds::zero(), std::move(callback));
}

TimerId Reactor::call_every(Nanoseconds interval, TimerQueue::Callback callback) {
  assert(interval > Nanoseconds::zero());
  return timers_.add(sys::later(sys::monotonic_now(), interval), interval, std::move(callback));
}

void Reactor::post(Task task) {
  assert(task);
  bool was_empty = false;
  {
    const std::lock_guard lock{posted_mutex_};
    was_empty = posted_.empty();
    posted_.push_back(std::move(task));
  }
  if (was_empty) sys::wake(wake_pipe_.writer.get());
}

void Reactor::on_signal(int signal_number, std::function<void(int)> callback) {
  assert(signal_number > 0 && signal_number <= sys::highest_signal && callback);
  const Reactor* nobody = nullptr;
  if (!signal_owner.compare_exchange_strong(nobody, this) && nobody != this) {
    throw std::logic_error("another reactor of this process catches signals already");
  }
  catches_signals_ = true;
  if (const auto error = sys::catch_signal(signal_number, wake_pipe_.writer.get())) {
    throw std::system_error(error, "sigaction for signal " + std::to_string(signal_number));
  }
  signal_callbacks_[static_cast<std::size_t>(signal_number)] = std::move(callback);
}

void Reactor::stop_on(std::initializer_list<int> signal_numbers) {
  for (const int number : signal_numbers) on_signal(number, [this](int) { stop(); });
}

void Reactor::run() {
  while (!stopping_) turn();
  stopping_ = false;
}

void Reactor::turn(Timeout at_most) {
  const auto events = poller_->wait(time_to_wait(at_most));
  now_.reset();
  dispatch(events);
  if (!timers_.empty()) timers_.run_due(now());
  if (woken_) {
    run_signals();
    run_posted();
    woken_ = false;  // last: where one of them threw, the next turn goes on with the rest at once
  }
  flush();
  release();
}

Timeout Reactor::time_to_wait(Timeout at_most) const {
  if (woken_ || !dirty_.empty() || first_released_ != no_slot) {
    return Nanoseconds::zero();
  }
  const auto deadline = timers_.next_deadline();
  if (!deadline) return at_most;
  const Nanoseconds left = std::max(*deadline - sys::monotonic_now(), Nanoseconds::zero());
  return at_most ? std::min(*at_most, left) : left;
}

void Reactor::dispatch(std::span<const Event> events) {
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Event& event = events[i];
    if (i + 1 < events.size()) prefetch(events[i + 1].token);
    EventHandler* handler = find(event.token);
    if (handler == nullptr) continue;  // deregistered earlier in this very batch
    handler->on_ready(event.readiness);
    ++dispatched_;
    if (is_time_to_flush()) flush();
  }
}

bool Reactor::is_time_to_flush() const noexcept {
  if (flush_soon_ || arena_.committed_bytes() >= max_committed_bytes) return true;
  return dirty_.size() >= max_dirty_handlers &&
         dirty_.size() <= max_dirty_handlers_per_event * dispatched_;
}

void Reactor::flush() {
  dispatched_ = 0;
  flush_soon_ = false;
  const std::size_t end = dirty_.size();
  for (std::size_t i = 0; i < end; ++i) {
    // Taken out first: it may throw, and may forget others.
    EventHandler* handler = std::exchange(dirty_[i], nullptr);
    if (handler != nullptr) handler->on_flush();
  }
  dirty_.erase(dirty_.begin(), dirty_.begin() + static_cast<std::ptrdiff_t>(end));
}

void Reactor::release() {
  const std::uint32_t end = last_released_;
  while (first_released_ != no_slot) {
    const std::uint32_t slot = first_released_;
    // Taken out first: the handler may free itself, register others, throw.
    first_released_ = registrations_[slot].next();
    if (first_released_ == no_slot) last_released_ = no_slot;
    EventHandler* handler = std::exchange(registrations_[slot].handler, nullptr);
    registrations_[slot].set(0, {});
    try {
      if (handler != nullptr) handler->on_release();
    } catch (...) {
      free_slots_.push_back(slot);
      throw;
    }
    free_slots_.push_back(slot);
    if (slot == end) return;
  }
}

// With thousands of handlers each one's memory comes from afar: it may come while the one before it
// is busy.
void Reactor::prefetch(Token token) const noexcept {
  const auto* memory = reinterpret_cast<const std::byte*>(find(token));
  if (memory == nullptr) return;
  __builtin_prefetch(memory);
  __builtin_prefetch(memory + 64);
  __builtin_prefetch(memory + 128);
}

void Reactor::WakeUp::on_ready(Readiness) {
  sys::drain_pipe(reactor_.wake_pipe_.reader.get());
  reactor_.woken_ = true;
}

void Reactor::run_signals() {
  if (!catches_signals_) return;
  caught_signals_ |= sys::take_signals();
  while (caught_signals_ != 0) {
    const int number = std::countr_zero(caught_signals_);
    caught_signals_ &= caught_signals_ - 1;  // first: the callback may throw
    // A copy: the callback may put another in its place.
    const auto callback = signal_callbacks_[static_cast<std::size_t>(number)];
    if (callback) callback(number);
  }
}

void Reactor::run_posted() {
  std::vector<Task> tasks;
  {
    const std::lock_guard lock{posted_mutex_};
    tasks.swap(posted_);
  }
  std::size_t next = 0;
  try {
    while (next < tasks.size()) tasks[next++]();
  } catch (...) {
    // Those behind the one that threw keep their place before whatever was posted meanwhile.
    const std::lock_guard lock{posted_mutex_};
    posted_.insert(posted_.begin(),
                   std::move_iterator{tasks.begin() + static_cast<std::ptrdiff_t>(next)},
                   std::move_iterator{tasks.end()});
    throw;
  }
}

}  // namespace switchboard
