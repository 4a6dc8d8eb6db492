#include "simulation/client.hpp"

#include <algorithm>
#include <array>

namespace switchboard::simulation {

namespace {

using std::chrono::milliseconds;

// Longer than anything but a deadlock lasts.
constexpr Nanoseconds patience = std::chrono::seconds{3};
// Of one that hangs: longer than any service should bear with it.
constexpr Nanoseconds long_patience = std::chrono::seconds{20};

}  // namespace

Script Script::draw(Random& random) {
  Script script;
  script.bytes = random.chance(0.1) ? 0 : random.skewed(64 * 1024) + 1;
  script.largest_piece = random.chance(0.3) ? 1 + random.below(8) : 1 + random.skewed(32 * 1024);
  // One byte at a time only for short streams: a seed is to be over soon.
  script.bytes = std::min(script.bytes, 200 * script.largest_piece);
  script.pause = random.duration(milliseconds{random.chance(0.5) ? 1 : 20});
  script.reads = random.chance(0.5) ? 1 : 0.2;
  script.vanishes = random.chance(0.2) ? 0.02 : 0;
  script.stalls = random.chance(0.3) ? random.between(1, 3) : 0;
  script.stall = random.duration(milliseconds{300});
  script.half_closes = random.chance(0.7);
  script.sends_first = random.chance(0.1);
  script.hangs = script.half_closes && random.chance(0.05);
  return script;
}

void Script::shrink(std::size_t most_bytes) noexcept {
  bytes = std::min(bytes, most_bytes);
  largest_piece = std::max(largest_piece, most_bytes / 10);
}

Client::Client(World& world, std::string address, std::uint32_t key, OnEnd on_end)
    : world_(world), address_(std::move(address)), key_(key), on_end_(std::move(on_end)) {}

void Client::connect() {
  script_ = Script::draw(world_.random());
  if (world_.scale != Scale::full) script_.shrink(world_.scale == Scale::brief ? 500 : 60);
  sent_ = 0;
  finished_ = false;
  stalled_until_ = {};
  progressed_at_ = world_.kernel.now();
  received_.clear();
  stream_ = world_.kernel.connect(address_);
  if (stream_ == nullptr) return on_end_(*this, End::refused);
  act_later();
}

void Client::act_later() {
  // Who gets nowhere asks ever more seldom, so that a long wait costs few acts.
  const Nanoseconds waited = world_.kernel.now() - progressed_at_;
  const Nanoseconds pause =
      world_.random().duration(script_.pause + waited / 8) + std::chrono::microseconds{1};
  world_.kernel.happen(world_.kernel.now() + pause, [this] { act(); });
}

void Client::act() {
  Random& random = world_.random();
  world_.kernel.trace([&] {
    return "client " + std::to_string(key_) + " on " + std::to_string(stream_->fd) + ": sent " +
           std::to_string(sent_) + " of " + std::to_string(script_.bytes) + ", received " +
           std::to_string(received_.size()) +
           (stream_->closed_by_us ? ", closed by the service" : "") +
           (stream_->broken ? ", broken" : "");
  });
  if (random.chance(script_.vanishes)) {
    world_.kernel.client_reset(*stream_);
    return end(End::left);
  }
  if (sent_ < script_.bytes) send_piece();
  if (script_.stalls > 0 && random.chance(0.05)) {
    --script_.stalls;
    stalled_until_ = world_.kernel.now() + script_.stall;
  }
  const bool reads = !script_.hangs && (!script_.sends_first || sent_ == script_.bytes);
  const bool in_the_mood =
      random.chance(script_.reads) || world_.kernel.now() - progressed_at_ > milliseconds{100};
  if (reads && world_.kernel.now() >= stalled_until_ && in_the_mood) {
    receive_some();
  }
  if (stream_->broken) return end(End::broken);
  if (script_.hangs && stream_->closed_by_us) {
    world_.kernel.client_reset(*stream_);
    return end(End::left);
  }
  if (world_.kernel.now() - progressed_at_ > (script_.hangs ? long_patience : patience)) {
    world_.kernel.client_reset(*stream_);
    // Who does not read is not read from in the end: that was to be expected.
    const bool expected = (script_.sends_first || script_.hangs) && !stream_->inward.end_was_read;
    return end(expected ? End::left : End::gave_up);
  }
  if (world_.kernel.client_sees_end(*stream_)) {
    const bool complete = finished_;
    world_.kernel.client_close(*stream_);
    return end(complete ? End::complete : End::early);
  }
  if (sent_ == script_.bytes && !finished_) {
    if (!script_.half_closes) {
      world_.kernel.client_close(*stream_);
      return end(End::left);
    }
    world_.kernel.client_finish(*stream_);
    finished_ = true;
  }
  act_later();
}

void Client::send_piece() {
  std::array<std::byte, 4096> bytes;
  std::size_t piece = world_.random().between(1, script_.largest_piece);
  piece = std::min({piece, script_.bytes - sent_, bytes.size(), stream_->inward.room() + 1});
  for (std::size_t i = 0; i < piece; ++i) bytes[i] = stream_byte(key_, sent_ + i);
  const std::size_t taken = world_.kernel.client_send(*stream_, std::span{bytes}.first(piece));
  if (taken > 0) progressed_at_ = world_.kernel.now();
  sent_ += taken;
}

void Client::receive_some() {
  std::array<std::byte, 16 * 1024> bytes;
  const std::size_t most = world_.random().between(1, bytes.size());
  const std::size_t got = world_.kernel.client_receive(*stream_, std::span{bytes}.first(most));
  if (got > 0) progressed_at_ = world_.kernel.now();
  received_.insert(received_.end(), bytes.begin(),
                   bytes.begin() + static_cast<std::ptrdiff_t>(got));
}

void Client::end(End how) {
  stream_.reset();
  on_end_(*this, how);
}

}  // namespace switchboard::simulation
