#include "switchboard/net/connection_table.hpp"

#include <algorithm>
#include <cassert>
#include <exception>
#include <memory>
#include <stdexcept>
#include <utility>

namespace switchboard {

namespace {

// Ticks are counted in 32 bits, so that a connection stays small: at this length for 497 days.
constexpr Nanoseconds shortest_tick = std::chrono::milliseconds{10};
constexpr int ticks_per_idle_timeout = 16;

ConnectionLimits checked(ConnectionLimits limits) {
  if (limits.high_water_bytes == 0 || limits.low_water_bytes >= limits.high_water_bytes) {
    throw std::invalid_argument("the low-water mark must be below the high-water mark");
  }
  for (const Nanoseconds time :
       {limits.idle_timeout, limits.drain_timeout, limits.linger_timeout}) {
    if (time < Nanoseconds::zero()) throw std::invalid_argument("a timeout is negative");
  }
  if (limits.output_limit_bytes < limits.high_water_bytes) {
    throw std::invalid_argument("the output limit must not be below the high-water mark");
  }
  return limits;
}

Nanoseconds tick_length_of(const ConnectionLimits& limits) noexcept {
  return std::max(limits.idle_timeout / ticks_per_idle_timeout, shortest_tick);
}

}  // namespace

ConnectionTable::ConnectionTable(Reactor& reactor, ConnectionHandler& handler,
                                 ConnectionLimits limits)
    : reactor_(reactor),
      handler_(handler),
      limits_(checked(limits)),
      tick_length_(tick_length_of(limits)),
      start_(sys::monotonic_now()) {}

ConnectionTable::~ConnectionTable() {
  reactor_.cancel(idle_timer_);
  reactor_.cancel(shutdown_timer_);
  while (first_ != nullptr) {
    Connection* connection = first_;
    unlink(*connection);
    delete connection;
  }
}

void ConnectionTable::set_limits(const ConnectionLimits& limits) {
  const bool was_full = full();
  const bool was_measured = limits_.idle_timeout > Nanoseconds::zero();
  const ConnectionLimits wanted = checked(limits);
  const bool is_measured = wanted.idle_timeout > Nanoseconds::zero() && first_ != nullptr;
  // First, for this alone may want memory; to move it below needs none.
  if (is_measured && idle_timer_ == TimerId{}) set_idle_timer(wanted.idle_timeout);
  limits_ = wanted;
  const Nanoseconds before = std::exchange(tick_length_, tick_length_of(limits_));
  // Not reactor_.now(), which may be older than a connection.
  const std::int64_t present = tick(sys::monotonic_now());
  for (Connection* each = first_; each != nullptr; each = each->next_) {
    // The end of the tick that it was, lest anybody is closed early.
    const auto moved = before * (std::int64_t{each->activity_tick_} + 1) / tick_length_;
    each->activity_tick_ =
        static_cast<std::uint32_t>(was_measured ? std::min<std::int64_t>(moved, present) : present);
    each->look_at_high_water();
  }
  if (is_measured) {
    set_idle_timer_for(*first_);
  } else {
    reactor_.cancel(std::exchange(idle_timer_, TimerId{}));
  }
  if (!was_full || full()) return;
  for (RoomWaiter* waiter : room_waiters_) waiter->on_room();
}

Connection* ConnectionTable::adopt(sys::Descriptor socket, std::error_code& error) {
  const int fd = socket.get();
  const auto destroy = [](Connection* unborn) { delete unborn; };
  std::unique_ptr<Connection, decltype(destroy)> owner(new Connection(*this, std::move(socket)),
                                                       destroy);
  owner->id_ = reactor_.register_handler(fd, *owner);
  error = reactor_.set_interest(owner->id_, {.readable = true});
  if (error) {
    say_last_words(fd);
    return nullptr;
  }
  if (limits_.idle_timeout > Nanoseconds::zero()) {
    // Not reactor_.now(), which may be older than this table.
    owner->activity_tick_ = tick(sys::monotonic_now());
    if (idle_timer_ == TimerId{}) set_idle_timer_for(*owner);
  }
  Connection* connection = owner.release();
  ++size_;
  link_last(*connection);
  try {
    handler_.on_open(*connection);
  } catch (...) {
    connection->close(CloseReason::local);
    throw;
  }
  return connection;
}

// They may not arrive: who is turned away has most likely spoken already, and what was not read of
// it makes a reset of the close.
void ConnectionTable::say_last_words(int fd) {
  const std::string_view words = handler_.last_words();
  if (!words.empty()) (void)sys::send(fd, std::as_bytes(std::span{words}));
}

Connection* ConnectionTable::find(ConnectionId id) noexcept {
  // Only connections are looked up by the ids of connections; whose they are is checked here.
  auto* connection = static_cast<Connection*>(reactor_.find(id));
  return connection != nullptr && &connection->table_ == this ? connection : nullptr;
}

void ConnectionTable::for_each(const std::function<void(Connection&)>& visit) {
  // Nothing is unlinked before the end of the turn, so the next one is still there afterwards.
  for (Connection* connection = first_; connection != nullptr; connection = connection->next_) {
    if (!connection->closed_) visit(*connection);
  }
}

void ConnectionTable::shut_down(Nanoseconds drain_timeout, std::function<void()> done) {
  shutting_down_ = true;
  on_empty_ = std::move(done);
  reactor_.cancel(shutdown_timer_);
  if (size_ == 0) return report_empty();
  for_each([](Connection& connection) { connection.drain(CloseReason::shutdown); });
  shutdown_timer_ = reactor_.call_after(drain_timeout, [this] {
    for_each([](Connection& connection) { connection.close(CloseReason::shutdown); });
  });
}

void ConnectionTable::release(Connection& connection) {
  const bool was_full = size_ >= limits_.max_connections;
  const std::error_code error =
      connection.errno_ == 0 ? std::error_code{} : sys::make_error(connection.errno_);
  std::exception_ptr thrown;
  try {
    handler_.on_closed(connection, {connection.reason_, error});
  } catch (...) {
    thrown = std::current_exception();
  }
  unlink(connection);
  delete &connection;
  --size_;
  if (was_full && !full()) {
    for (RoomWaiter* waiter : room_waiters_) waiter->on_room();
  }
  if (size_ == 0 && shutting_down_) report_empty();
  if (thrown) std::rethrow_exception(thrown);
}

void ConnectionTable::report_empty() {
  reactor_.cancel(shutdown_timer_);
  if (on_empty_) std::exchange(on_empty_, nullptr)();
}

void ConnectionTable::link_last(Connection& connection) noexcept {
  connection.previous_ = last_;
  connection.next_ = nullptr;
  (last_ == nullptr ? first_ : last_->next_) = &connection;
  last_ = &connection;
}

void ConnectionTable::unlink(Connection& connection) noexcept {
  (connection.previous_ == nullptr ? first_ : connection.previous_->next_) = connection.next_;
  (connection.next_ == nullptr ? last_ : connection.next_->previous_) = connection.previous_;
}

// The list is kept in order of activity, but only to the tick: a busy connection moves to the end
// sixteen times in an idle timeout, not with every message, and one timer serves all.
void ConnectionTable::note_activity(Connection& connection) noexcept {
  if (limits_.idle_timeout <= Nanoseconds::zero()) return;
  const std::uint32_t present = tick(reactor_.now());
  if (connection.activity_tick_ >= present) return;
  connection.activity_tick_ = present;
  unlink(connection);
  link_last(connection);
}

std::uint32_t ConnectionTable::tick(Instant when) const noexcept {
  return static_cast<std::uint32_t>(std::max(when - start_, Nanoseconds::zero()) / tick_length_);
}

Instant ConnectionTable::idle_deadline(const Connection& connection) const noexcept {
  // The last activity may have been at the very end of its tick.
  return sys::later(start_ + tick_length_ * (std::int64_t{connection.activity_tick_} + 1),
                    limits_.idle_timeout);
}

// In the place of the one that there is, whose memory it takes.
void ConnectionTable::set_idle_timer(Nanoseconds delay) {
  reactor_.cancel(std::exchange(idle_timer_, TimerId{}));
  idle_timer_ = reactor_.call_after(delay, [this] { close_idle(); });
}

void ConnectionTable::set_idle_timer_for(const Connection& next) {
  set_idle_timer(idle_deadline(next) - sys::monotonic_now());
}

void ConnectionTable::close_idle() {
  // At once, into the memory of the one that has fired, before on_idle() can give it to other
  // timers.
  set_idle_timer(tick_length_);
  // The last one of those at the front who are closed already: they stay where they are until the
  // end of the turn, whatever on_idle() does to others.
  const Connection* closed = nullptr;
  while (limits_.idle_timeout > Nanoseconds::zero()) {  // on_idle() may change it
    Connection* const next = closed != nullptr ? closed->next_ : first_;
    if (next == nullptr) break;
    if (next->closed_) {
      closed = next;
    } else if (idle_deadline(*next) > reactor_.now()) {
      return set_idle_timer_for(*next);
    } else {
      end_idle(*next);
    }
  }
  reactor_.cancel(std::exchange(idle_timer_, TimerId{}));
}

void ConnectionTable::end_idle(Connection& connection) {
  // What it was told last, in this very turn, has not been sent yet.
  const bool has_last_words = connection.draining_ && connection.dirty_;
  if (connection.draining_ && !has_last_words) return connection.close(CloseReason::idle);
  if (!has_last_words) tell_idle(connection);
  if (!connection.closed_) note_activity(connection);
}

void ConnectionTable::tell_idle(Connection& connection) {
  try {
    handler_.on_idle(connection);
  } catch (...) {
    connection.close(CloseReason::local);
    if (limits_.idle_timeout > Nanoseconds::zero()) set_idle_timer(Nanoseconds::zero());
    throw;
  }
}

}  // namespace switchboard
