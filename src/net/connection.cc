#include "switchboard/net/connection.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "switchboard/net/connection_table.hpp"
#include "switchboard/sys/socket.hpp"

namespace switchboard {

namespace {

// One read an event, of at most this: level-triggering brings us back, and others get their turn.
constexpr std::size_t max_bytes_per_read = 64 * 1024;
// One gathered send a flush, of at most this.
constexpr std::size_t max_pieces_per_flush = 256;
constexpr std::size_t max_bytes_per_flush = 1024 * 1024;
// Below this a copy into the arena is cheaper than a block of its own.
constexpr std::size_t max_bytes_copied_to_arena = 16 * 1024;
// Up to here the unconsumed beginning of a message is copied in front of what comes next; a longer
// one grows in a block of its own, which is made three times as large as what it then holds.
constexpr std::size_t max_bytes_kept_by_copy = 16 * 1024;
constexpr std::size_t block_bytes_for(std::size_t kept) noexcept {
  return 3 * kept;
}
static_assert(max_bytes_per_read + max_bytes_kept_by_copy <= Arena::largest_reservation);

CloseReason reason_for(int errno_value) noexcept {
  switch (errno_value) {
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
      return CloseReason::timed_out;
    default:
      return CloseReason::reset;
  }
}

}  // namespace

std::string_view to_string(CloseReason reason) noexcept {
  switch (reason) {
    case CloseReason::peer_closed:
      return "peer closed";
    case CloseReason::reset:
      return "reset";
    case CloseReason::timed_out:
      return "timed out";
    case CloseReason::idle:
      return "idle";
    case CloseReason::output_limit:
      return "output limit";
    case CloseReason::protocol_error:
      return "protocol error";
    case CloseReason::local:
      return "local";
    case CloseReason::shutdown:
      return "shutdown";
    case CloseReason::refused:
      return "refused";
  }
  return "unknown";
}

void ConnectionHandler::on_end(Connection& connection, std::span<const std::byte>) {
  connection.drain(CloseReason::peer_closed);
}

void ConnectionHandler::on_idle(Connection& connection) {
  connection.close(CloseReason::idle);
}

Connection::Connection(ConnectionTable& table, sys::Descriptor socket) noexcept
    : table_(table), socket_(std::move(socket)) {}

Connection::~Connection() {
  table_.reactor_.deregister(id_);
  table_.reactor_.cancel(drain_timer_);
  // Marked again after this turn's flush, or torn down with its table: nobody may come back to it.
  // Not where nothing is marked: to forget costs a look at all that are closed with it.
  if (dirty_ || (closed_ && !released_)) table_.reactor_.forget(*this);
}

std::optional<Endpoint> Connection::peer() const {
  const auto address = sys::peer_address(socket_.get());
  if (!address) return std::nullopt;
  return Endpoint::from(*address);
}

// --- Sending

bool Connection::write(const Slice& slice) {
  if (closed_ || finishing_ || output_failed_) return false;
  if (slice.empty()) return true;
  mark_dirty();  // first: where there is no memory, nothing has been queued
  output_.append(slice);
  if (output_.size_bytes() > table_.limits_.output_limit_bytes) {
    close_with(CloseReason::output_limit, 0);
    return false;
  }
  look_at_high_water();
  return true;
}

void Connection::look_at_high_water() noexcept {
  if (output_.size_bytes() >= table_.limits_.high_water_bytes) over_high_water_ = true;
}

bool Connection::write(std::span<const std::byte> bytes) {
  if (closed_ || finishing_ || output_failed_) return false;
  if (bytes.size() > max_bytes_copied_to_arena) return write(Slice::copy_of(bytes));
  Arena& arena = table_.reactor_.arena();
  std::copy(bytes.begin(), bytes.end(), arena.reserve(bytes.size()).begin());
  return write(arena.commit(bytes.size()));
}

// A handler's exception, or want of memory, goes on to whoever runs the reactor; but what it has
// interrupted cannot be taken up again: bytes are gone from the kernel, steps were left out.
template <typename Step>
void Connection::closing_if_thrown(Step step) {
  try {
    step();
  } catch (...) {
    close_with(CloseReason::local, 0);
    throw;
  }
}

void Connection::mark_dirty() {
  if (dirty_ || closed_) return;
  table_.reactor_.mark_dirty(*this);
  dirty_ = true;
}

void Connection::on_flush() {
  dirty_ = false;
  closing_if_thrown([this] {
    if (!closed_ && !output_.empty()) send_queued();
    if (!closed_) go_on_below_low_water();
    if (!closed_) finish_when_sent();
    if (!closed_) update_interest();
  });
}

void Connection::send_queued() {
  sys::Result<std::size_t> sent = std::size_t{0};
  if (output_.slices() == 1) {  // send(2) is a little cheaper than sendmsg(2)
    const auto bytes = output_.front();
    sent = sys::send(socket_.get(), bytes.first(std::min(bytes.size(), max_bytes_per_flush)));
  } else {
    std::array<iovec, max_pieces_per_flush> pieces;
    const std::size_t count = output_.gather(pieces, max_bytes_per_flush);
    sent = sys::send_gathered(socket_.get(), std::span{pieces}.first(count));
  }
  if (sent) {
    output_.consume(*sent);
    progressed_ = true;
    table_.note_activity(*this);
  } else if (!sent.would_block() && sent.errno_value() != ENOBUFS && sent.errno_value() != ENOMEM) {
    return stop_sending(sent.errno_value());
  }
  // ENOBUFS and ENOMEM: the kernel is short of memory for now; the socket is still writable, so the
  // next turn tries again.
  stalled_ = !output_.empty();
  if (stalled_) output_.own_lent_bytes();
}

void Connection::go_on_below_low_water() {
  if (over_high_water_ && output_.size_bytes() <= table_.limits_.low_water_bytes) {
    over_high_water_ = false;
    redeliver_ = !kept_.empty();
    if (!draining_) table_.handler_.on_drained(*this);
  }
  if (redeliver_ && !closed_ && wants_to_read()) {
    redeliver_ = false;
    if (!kept_.empty()) deliver(std::exchange(kept_, Slice{}), false);
  }
}

// --- Receiving

void Connection::pause_reading() {
  if (output_failed_ && !table_.limits_.keeps_rest_while_paused) {
    return close_with(reason_, errno_);  // as stop_sending() would have
  }
  mark_dirty();  // the end of the turn changes the interest
  paused_ = true;
}

void Connection::resume_reading() {
  mark_dirty();
  paused_ = false;
  redeliver_ = !kept_.empty();
}

bool Connection::wants_to_read() const noexcept {
  if (peer_ended_) return false;
  // Whatever the marks say: a peer that sends all before it reads would never take our last bytes.
  if (draining_) return true;
  return !paused_ && (!over_high_water_ || table_.limits_.reads_above_high_water);
}

void Connection::on_ready(Readiness readiness) {
  assert(!closed_);
  if (readiness.readable && wants_to_read()) {
    closing_if_thrown([this] { read(); });
  } else if (readiness.readable) {
    mark_dirty();  // the mark was lowered since: the end of the turn changes the interest
  }
  // A hang-up on a connection that is not being read comes here too: sending will tell.
  if (readiness.writable && !output_.empty()) mark_dirty();
}

void Connection::read() {
  Slice input;
  const bool in_arena = kept_.size() <= max_bytes_kept_by_copy;
  const auto received = in_arena ? receive_into_arena(input) : receive_behind_kept(input);
  if (!received) {
    const int error = received.errno_value();
    // Short of memory is for now, as would-block is: what has arrived waits in the kernel.
    if (!received.would_block() && error != ENOMEM && error != ENOBUFS) {
      close_with(reason_for(error), error);
    }
    return;
  }
  if (*received == 0) return reach_end();
  table_.note_activity(*this);
  if (!draining_) deliver(input, in_arena);
}

std::size_t Connection::most_to_read() const noexcept {
  if (draining_ || output_failed_ || table_.limits_.reads_above_high_water) {
    return max_bytes_per_read;
  }
  // No more than what an echo of it could still queue.
  return std::min(max_bytes_per_read, table_.limits_.high_water_bytes - output_.size_bytes());
}

sys::Result<std::size_t> Connection::receive_into_arena(Slice& input) {
  Arena& arena = table_.reactor_.arena();
  const std::size_t kept = kept_.size();
  const auto room = arena.reserve_for_kernel(kept, max_bytes_per_read);
  std::copy_n(kept_.bytes().begin(), kept, room.begin());
  const auto received = sys::receive(socket_.get(), room.subspan(kept, most_to_read()));
  if (received && *received > 0 && !draining_) {
    input = arena.commit(kept + *received);
    kept_ = Slice{};
  }
  return received;
}

sys::Result<std::size_t> Connection::receive_behind_kept(Slice& input) {
  if (kept_.room_behind().size() < kept_.size()) {
    // Lent: what the service writes of it must not keep all of it for as long as a peer stalls.
    kept_ = Slice::copy_of(kept_.bytes(), block_bytes_for(kept_.size()), Block::Kind::lent);
  }
  const auto room = kept_.room_behind();
  const auto received =
      sys::receive(socket_.get(), room.first(std::min(most_to_read(), room.size())));
  if (received && *received > 0) {
    kept_.grow(*received);
    input = std::exchange(kept_, Slice{});
  }
  return received;
}

void Connection::deliver(const Slice& input, bool in_arena) {
  const std::size_t consumed = table_.handler_.on_data(*this, input);
  assert(consumed <= input.size());
  if (closed_ || draining_ || consumed == input.size()) return;
  const Slice rest = input.without_first(consumed);
  if (rest.size() >= table_.limits_.input_limit_bytes && wants_to_read()) {
    return close_with(CloseReason::protocol_error, 0);
  }
  // Never a view of the arena, which a few bytes would keep from being used again, nor of a block
  // that has become far too large.
  const bool may_stay = rest.size() > max_bytes_kept_by_copy && !in_arena &&
                        rest.block_bytes() <= block_bytes_for(rest.size());
  kept_ = may_stay ? rest : Slice::copy_of(rest.bytes());
}

void Connection::reach_end() {
  peer_ended_ = true;
  if (output_failed_) return close_with(reason_, errno_);
  mark_dirty();  // there is no more to be read: the end of the turn changes the interest
  if (!draining_) {
    const Slice unconsumed = std::exchange(kept_, Slice{});
    table_.handler_.on_end(*this, unconsumed.bytes());
  }
  if (finished_) close_with(reason_, 0);
}

// --- Ending

void Connection::finish_sending() {
  if (closed_ || finishing_) return;
  mark_dirty();
  finishing_ = true;
}

void Connection::drain(CloseReason reason) {
  if (closed_ || draining_) return;
  if (output_failed_) return close_with(reason_, errno_);
  if (finished_ && peer_ended_) return close_with(reason, 0);
  mark_dirty();
  arm_drain_timer(finished_ ? table_.limits_.linger_timeout : table_.limits_.drain_timeout);
  draining_ = true;  // from here on nothing throws
  finishing_ = true;
  reason_ = reason;
  kept_ = Slice{};
}

void Connection::finish_when_sent() {
  if (!finishing_ || finished_ || output_failed_ || !output_.empty()) return;
  finished_ = true;
  // Where the peer has ended too, all that it sent was read, and close(2) alone ends our side well.
  if (peer_ended_) return close_with(reason_, 0);
  if (const auto error = sys::shut_down_sending(socket_.get())) return stop_sending(error.value());
  if (draining_) arm_drain_timer(table_.limits_.linger_timeout);
}

void Connection::arm_drain_timer(Nanoseconds delay) {
  table_.reactor_.cancel(drain_timer_);
  progressed_ = false;
  drain_timer_ = table_.reactor_.call_after(delay, [this] { on_drain_timer(); });
}

void Connection::on_drain_timer() {
  if (!finished_ && progressed_) return arm_drain_timer(table_.limits_.drain_timeout);
  close_with(reason_, 0);
}

void Connection::close(CloseReason reason) noexcept {
  close_with(reason, 0);
}

void Connection::stop_sending(int errno_value) {
  reason_ = reason_for(errno_value);
  errno_ = static_cast<std::uint16_t>(errno_value);
  // What the peer sent before it broke off may still be there to be read, and then its end.
  const bool may_be_forgotten = paused_ && !table_.limits_.keeps_rest_while_paused;
  if (draining_ || peer_ended_ || may_be_forgotten) return close_with(reason_, errno_);
  output_failed_ = true;
  over_high_water_ = false;
  redeliver_ = !kept_.empty();
  output_.clear();
}

void Connection::close_with(CloseReason reason, int errno_value) noexcept {
  if (closed_) return;
  closed_ = true;
  reason_ = reason;
  errno_ = static_cast<std::uint16_t>(errno_value);
  output_.clear();
  kept_ = Slice{};
  table_.reactor_.cancel(drain_timer_);
  table_.reactor_.release_later(id_);
}

void Connection::on_release() {
  released_ = true;
  table_.release(*this);
}

void Connection::update_interest() {
  const Interest wanted{.readable = wants_to_read(), .writable = !output_.empty()};
  if (const auto error = table_.reactor_.set_interest(id_, wanted)) {
    close_with(CloseReason::refused, error.value());
  }
}

}  // namespace switchboard
