#include "simulation/typist.hpp"

#include <algorithm>
#include <array>

namespace switchboard::simulation {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Longer than any service should bear with somebody who has half-closed.
constexpr Nanoseconds longest_lingering = std::chrono::seconds{30};

}  // namespace

Typist::Script Typist::draw() const {
  Random& random = world_.random();
  Script script;
  script.largest_piece = random.chance(0.2) ? 1 + random.below(4) : 1 + random.skewed(2000);
  // A byte at a time only for short scripts: a seed is to be over soon.
  script.lines =
      random.chance(0.1) ? 0 : 1 + random.skewed(std::min(bounds_.lines, 5 * script.largest_piece));
  script.largest_paste = random.chance(0.2) ? 50 : 1 + random.below(3);
  script.pause = random.duration(milliseconds{random.chance(0.5) ? 2 : 20});
  script.reads = random.chance(0.5) ? 1 : 0.2;
  script.vanishes = random.chance(0.2) ? 0.03 : 0;
  script.stalls = random.chance(0.3) ? random.between(1, 3) : 0;
  script.stall = random.duration(milliseconds{300});
  script.uses_crlf = random.chance(0.3);
  script.stays = random.chance(0.5);
  script.half_closes = random.chance(0.5);
  script.quits = random.chance(0.3);
  return script;
}

Typist::Typist(World& world, std::string address, std::uint32_t key, Bounds bounds, OnEnd on_end)
    : world_(world),
      key_(key),
      bounds_(bounds),
      address_(std::move(address)),
      on_end_(std::move(on_end)) {}

void Typist::connect() {
  script_ = draw();
  begin();
  ++connections_;
  to_send_.clear();
  received_.clear();
  stays_ = script_.stays;
  has_finished_ = false;
  has_typed_half_ = false;
  stalled_until_ = {};
  progressed_at_ = world_.kernel.now();
  stream_ = world_.kernel.connect(address_);
  if (stream_ == nullptr) return on_end_(*this, End::refused);
  act_later();
}

void Typist::act_later() {
  // Who has nothing to do looks ever more seldom.
  const Nanoseconds waited =
      std::min<Nanoseconds>(world_.kernel.now() - progressed_at_, seconds{1});
  const Nanoseconds pause =
      world_.random().duration(script_.pause + waited / 4) + std::chrono::microseconds{1};
  world_.kernel.happen(world_.kernel.now() + pause, [this] { act(); });
}

void Typist::act() {
  Random& random = world_.random();
  if (random.chance(script_.vanishes)) {
    world_.kernel.client_reset(*stream_);
    return end(End::left);
  }
  if (to_send_.empty() && script_.lines > 0 && !has_finished_) type_more();
  if (!to_send_.empty()) send_piece();
  if (script_.stalls > 0 && random.chance(0.05)) {
    --script_.stalls;
    stalled_until_ = world_.kernel.now() + script_.stall;
  }
  const bool in_the_mood =
      random.chance(script_.reads) || world_.kernel.now() - progressed_at_ > milliseconds{100};
  if (world_.kernel.now() >= stalled_until_ && in_the_mood) receive_some();
  if (has_ended()) return;
  if (has_typed_all() && !stays_ && !has_finished_) {
    if (!script_.half_closes) {
      world_.kernel.client_close(*stream_);
      return end(End::left);
    }
    world_.kernel.client_finish(*stream_);
    has_finished_ = true;
    progressed_at_ = world_.kernel.now();
  }
  act_later();
}

bool Typist::has_ended() {
  if (stream_->broken) {
    end(End::broken);
    return true;
  }
  if (world_.kernel.client_sees_end(*stream_)) {
    const bool was_told = view().has_farewell();
    world_.kernel.client_close(*stream_);
    end(was_told ? End::farewell : End::early);
    return true;
  }
  if (has_finished_ && world_.kernel.now() - progressed_at_ > longest_lingering) {
    world_.kernel.client_reset(*stream_);
    end(End::gave_up);
    return true;
  }
  return false;
}

std::string Typist::status() const {
  std::string text = "person " + std::to_string(key_) + " (" + view().name() + "): ";
  if (stream_ == nullptr) return text + "is gone";
  return text + "on " + std::to_string(stream_->fd) + ", " + std::to_string(script_.lines) +
         " lines and " + std::to_string(to_send_.size()) + " bytes to type, " +
         std::to_string(stream_->inward.bytes.size()) + " not read by the service, " +
         std::to_string(stream_->outward.bytes.size()) + " by them" +
         (has_finished_ ? ", half-closed" : "") + (stream_->closed_by_us ? ", closed" : "");
}

// --- Typing

void Typist::type_more() {
  std::size_t lines = std::min(script_.lines, world_.random().between(1, script_.largest_paste));
  for (; lines > 0; --lines, --script_.lines) {
    type(line());
  }
  if (script_.lines > 0 || stays_) return;
  if (script_.quits) {
    type(last_line());
    stays_ = true;  // and is shown out
  } else if (world_.random().chance(0.5)) {
    to_send_ += half_line();
    has_typed_half_ = true;
  }
}

void Typist::type(std::string_view text) {
  if (has_finished_ || has_typed_half_) return;
  to_send_ += text;
  to_send_ += script_.uses_crlf ? "\r\n" : "\n";
}

std::string Typist::name() const {
  Random& random = world_.random();
  return "n" + std::to_string(random.below(3) == 0 ? random.below(10) : key_ + 10);
}

std::string Typist::text() {
  return std::to_string(key_) + "." + std::to_string(++said_) + " ";
}

void Typist::send_piece() {
  std::size_t piece = world_.random().between(1, script_.largest_piece);
  piece = std::min({piece, to_send_.size(), stream_->inward.room() + 1});
  const auto bytes = std::as_bytes(std::span{to_send_}).first(piece);
  const std::size_t taken = world_.kernel.client_send(*stream_, bytes);
  if (taken > 0) progressed_at_ = world_.kernel.now();
  to_send_.erase(0, taken);
}

// --- Reading

void Typist::receive_some() {
  std::array<std::byte, 16 * 1024> bytes;
  const std::size_t most = world_.random().between(1, bytes.size());
  const std::size_t got = world_.kernel.client_receive(*stream_, std::span{bytes}.first(most));
  if (got > 0) progressed_at_ = world_.kernel.now();
  received_.append(reinterpret_cast<const char*>(bytes.data()), got);
  take_lines();
}

void Typist::take_lines() {
  std::size_t from = 0;
  while (true) {
    const std::size_t end = received_.find('\n', from);
    if (end == std::string::npos) break;
    std::string_view line = std::string_view{received_}.substr(from, end - from);
    const bool has_crlf = line.ends_with('\r');
    if (has_crlf) line.remove_suffix(1);
    world_.kernel.trace(
        [&] { return "person " + std::to_string(key_) + " < " + std::string{line}; });
    take(line, has_crlf);
    from = end + 1;
  }
  received_.erase(0, from);
}

void Typist::end(End how) {
  stream_.reset();
  end_view();
  on_end_(*this, how);
}

}  // namespace switchboard::simulation
