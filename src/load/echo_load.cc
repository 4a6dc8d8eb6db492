#include "load/echo_load.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace switchboard::load {

namespace {

constexpr std::size_t most_around_a_message = 64 * 1024;

}  // namespace

ConnectionLimits limits_of_a_load(std::size_t message_bytes) {
  ConnectionLimits limits;
  limits.input_limit_bytes = message_bytes + most_around_a_message;
  limits.high_water_bytes = SIZE_MAX / 2;  // a stalled server must not keep us from our schedule
  limits.low_water_bytes = limits.high_water_bytes - 1;
  limits.output_limit_bytes = SIZE_MAX;
  limits.keepalive.idle = Nanoseconds::zero();
  return limits;
}

void Moments::push(std::uint64_t moment_ns) {
  if (size_ == capacity_) {
    auto larger = std::make_unique<std::uint64_t[]>(std::size_t{2} * capacity_);
    for (std::uint32_t i = 0; i < size_; ++i) {
      larger[i] = data()[(head_ + i) & (capacity_ - 1)];
    }
    more_ = std::move(larger);
    capacity_ *= 2;
    head_ = 0;
  }
  data()[(head_ + size_++) & (capacity_ - 1)] = moment_ns;
}

std::uint64_t Moments::pop() noexcept {
  const std::uint64_t moment = data()[head_];
  head_ = (head_ + 1) & (capacity_ - 1);
  --size_;
  return moment;
}

EchoLoad::EchoLoad(Reactor& reactor, const Settings& settings, Progress& progress)
    : reactor_(reactor),
      settings_(settings),
      progress_(progress),
      table_(reactor, *this, limits_of_a_load(settings.message_bytes)),
      opener_(table_, settings.server, Opener::Stay::yes,
              [this](Connection* connection, std::error_code error, Instant) {
                if (connection != nullptr) return greet(*connection);
                ++failures_["connect: " + error.message()];
              }) {}

// --- Opening

void EchoLoad::open() {
  for (std::size_t begun = 0; begun < settings_.connections || opener_.under_way() > 0;) {
    while (begun < settings_.connections && opener_.under_way() + under_way_ < opening_at_once) {
      opener_.begin();
      ++begun;
    }
    progress_.tell([&] { return "connections open: " + std::to_string(table_.size()); });
    if (!turn_patiently()) break;  // drain() names those that are silent
  }
  drain();
}

void EchoLoad::greet(Connection& connection) {
  const ConnectionId id = connection.id();
  if (id.slot >= peers_.size()) peers_.resize(std::size_t{id.slot} + 1);
  Peer& peer = peers_[id.slot];
  peer = Peer{};
  peer.sent_to = peer.received_to = ids_.size() * 131;
  ids_.push_back(id);
  send(connection, 1, since_epoch(sys::monotonic_now()));
}

// --- Sending

void EchoLoad::run_for(Nanoseconds duration) {
  if (is_open_loop()) {  // exactly what falls due in that time, however late it gets
    const double seconds = std::chrono::duration<double>(duration).count();
    return run_count(static_cast<std::uint64_t>(seconds * static_cast<double>(settings_.rate)));
  }
  bool over = false;
  const TimerId timer = reactor_.call_after(duration, [&] { over = true; });
  begin_sending(no_limit);
  while (!over && is_alive()) turn();
  reactor_.cancel(timer);
  budget_ = 0;
}

void EchoLoad::run_count(std::uint64_t messages) {
  begin_sending(messages);
  while (budget_ > 0 && is_alive()) turn();
}

void EchoLoad::begin_sending(std::uint64_t budget) {
  budget_ = budget;
  is_open_loop() ? schedule_.begin(settings_.rate) : fill_up();
}

void EchoLoad::fill_up() {
  const std::uint64_t now_ns = since_epoch(sys::monotonic_now());
  table_.for_each([&](Connection& connection) {
    const std::size_t under_way = peers_[connection.id().slot].moments.size();
    if (under_way < settings_.depth) offer(connection, settings_.depth - under_way, now_ns);
  });
}

void EchoLoad::offer(Connection& connection, std::uint64_t messages, std::uint64_t moment_ns) {
  messages = std::min(messages, budget_);
  if (budget_ != no_limit) budget_ -= messages;
  if (messages > 0) send(connection, messages, moment_ns);
}

void EchoLoad::send(Connection& connection, std::uint64_t messages, std::uint64_t moment_ns) {
  Peer& peer = peers_[connection.id().slot];
  for (std::uint64_t i = 0; i < messages; ++i) peer.moments.push(moment_ns);
  under_way_ += messages;
  std::uint64_t left = messages * settings_.message_bytes;
  bytes_sent_ += left;
  while (left > 0) {
    const Slice piece = pattern_.at(peer.sent_to, left);
    connection.write(piece);  // where it fails, on_closed() tells
    peer.sent_to += piece.size();
    left -= piece.size();
  }
}

void EchoLoad::turn() {
  if (is_open_loop()) {
    // What is due goes to the connections in turn, whether or not they have answered.
    schedule_.turn(
        reactor_, [this] { return budget_ > 0 && is_alive(); },
        [this](std::uint64_t number, Instant due) {
          Connection* connection = table_.find(ids_[number % ids_.size()]);
          if (connection != nullptr) offer(*connection, 1, since_epoch(due));
        });
  } else {
    reactor_.turn();
  }
  progress_.tell([&] { return "messages: " + std::to_string(messages()); });
}

// --- Receiving

std::size_t EchoLoad::on_data(Connection& connection, const Slice& input) {
  Peer& peer = peers_[connection.id().slot];
  const auto bytes = input.bytes();
  if (!pattern_.matches(peer.received_to, bytes)) {
    fail(connection, "wrong byte");
  } else if (peer.received_to + bytes.size() > peer.sent_to) {
    fail(connection, "more bytes than were sent");
  } else {
    peer.received_to += bytes.size();
    bytes_received_ += bytes.size();
    const std::uint64_t now_ns = since_epoch(sys::monotonic_now());
    const std::uint64_t back = take_back(peer, bytes.size(), now_ns);
    if (budget_ > 0 && back > 0 && !is_open_loop()) offer(connection, back, now_ns);
  }
  return bytes.size();
}

// How many messages these bytes completed.
std::uint64_t EchoLoad::take_back(Peer& peer, std::size_t bytes, std::uint64_t now_ns) {
  std::uint64_t back = 0;
  peer.partial += bytes;
  while (peer.partial >= settings_.message_bytes) {
    peer.partial -= settings_.message_bytes;
    const std::uint64_t moment_ns = peer.moments.pop();
    if (counting_ && moment_ns >= counted_from_ns_) times_.add(now_ns - moment_ns);
    ++back;
  }
  under_way_ -= back;
  return back;
}

void EchoLoad::start_counting() {
  times_.clear();
  counting_ = true;
  counted_from_ns_ = is_open_loop() ? since_epoch(sys::monotonic_now()) : 0;
}

void EchoLoad::stop_counting() noexcept {
  counting_ = false;
}

// --- Ending

void EchoLoad::drain() {
  budget_ = 0;
  while (under_way_ > 0 && turn_patiently()) {
  }
  if (under_way_ == 0) return;
  table_.for_each([&](Connection& connection) {
    if (!peers_[connection.id().slot].moments.empty()) fail(connection, "never came back");
  });
  reactor_.turn(Nanoseconds::zero());  // they close
}

// False where nothing has moved for as long as anybody would wait.
bool EchoLoad::turn_patiently() {
  return turn_until_moved(reactor_, [this] {
    return std::array<std::uint64_t, 4>{bytes_received_, ids_.size(), under_way_,
                                        opener_.under_way()};
  });
}

void EchoLoad::on_end(Connection& connection, std::span<const std::byte>) {
  fail(connection, "closed by the server");
}

void EchoLoad::fail(Connection& connection, const std::string& what) {
  ++failures_[what];
  connection.close(CloseReason::local);
}

void EchoLoad::on_closed(Connection& connection, const Closed& closed) {
  if (closed.reason != CloseReason::local) ++failures_[describe(closed)];
  under_way_ -= std::exchange(peers_[connection.id().slot].moments, Moments{}).size();
}

}  // namespace switchboard::load
