#include "load/churn_load.hpp"

#include <algorithm>

#include "load/echo_load.hpp"

namespace switchboard::load {

ChurnLoad::ChurnLoad(Reactor& reactor, const Settings& settings, Progress& progress)
    : reactor_(reactor),
      settings_(settings),
      progress_(progress),
      table_(reactor, *this, limits_of_a_load(settings.message_bytes)),
      opener_(table_, settings.server, Opener::Stay::no,
              [this](Connection* connection, std::error_code error, Instant began) {
                if (connection != nullptr) return send_message(*connection, began);
                ++failures_["connect: " + error.message()];
                ++ended_;
              }) {}

void ChurnLoad::run_for(Nanoseconds duration) {
  bool over = false;
  const TimerId timer = reactor_.call_after(duration, [&] { over = true; });
  budget_ = no_limit;
  while (!over && failures_.empty()) turn();
  reactor_.cancel(timer);
  budget_ = 0;
}

void ChurnLoad::run_count(std::uint64_t cycles) {
  budget_ = cycles;
  while (budget_ > 0 && failures_.empty()) turn();
}

void ChurnLoad::turn() {
  while (budget_ > 0 && begun_ - ended_ < settings_.connections) {
    --budget_;
    ++begun_;
    opener_.begin();
  }
  reactor_.turn();
  progress_.tell([&] { return "connections made: " + std::to_string(ended_); });
}

void ChurnLoad::send_message(Connection& connection, Instant began) {
  const ConnectionId id = connection.id();
  if (id.slot >= peers_.size()) peers_.resize(std::size_t{id.slot} + 1);
  Peer& peer = peers_[id.slot];
  peer = {.position = sent_++ * 131, .received = 0, .began = began};
  bytes_sent_ += settings_.message_bytes;
  for (std::size_t sent = 0; sent < settings_.message_bytes;) {
    const Slice piece = pattern_.at(peer.position + sent, settings_.message_bytes - sent);
    connection.write(piece);  // where it fails, on_closed() tells
    sent += piece.size();
  }
}

std::size_t ChurnLoad::on_data(Connection& connection, const Slice& input) {
  Peer& peer = peers_[connection.id().slot];
  const auto bytes = input.bytes();
  bytes_received_ += bytes.size();
  if (!pattern_.matches(peer.position + peer.received, bytes)) {
    fail(connection, "wrong byte");
  } else if (peer.received + bytes.size() > settings_.message_bytes) {
    fail(connection, "more bytes than were sent");
  } else {
    peer.received += bytes.size();
    if (peer.received == settings_.message_bytes) {
      const Nanoseconds took = sys::monotonic_now() - peer.began;
      if (counting_) times_.add(static_cast<std::uint64_t>(took.count()));
      connection.close(CloseReason::local);
    }
  }
  return bytes.size();
}

void ChurnLoad::start_counting() {
  times_.clear();
  counting_ = true;
}

void ChurnLoad::drain() {
  budget_ = 0;
  while (ended_ < begun_ && turn_until_moved(reactor_, [this] { return ended_; })) {
  }
  if (ended_ < begun_) failures_["never came back"] += begun_ - ended_;
}

void ChurnLoad::on_end(Connection& connection, std::span<const std::byte>) {
  fail(connection, "closed by the server");
}

void ChurnLoad::fail(Connection& connection, const char* what) {
  ++failures_[what];
  connection.close(CloseReason::local);
}

void ChurnLoad::on_closed(Connection&, const Closed& closed) {
  if (closed.reason != CloseReason::local) ++failures_[describe(closed)];
  ++ended_;
}

}  // namespace switchboard::load
