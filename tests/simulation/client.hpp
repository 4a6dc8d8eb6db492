// A scripted client of a stream service: sends in pieces, reads now and then, stops reading for a
// while, half-closes, vanishes, floods, and comes back. What it sends is a stream of its own, so
// that a service that answers with what it got can be checked byte by byte.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "simulation/workload.hpp"

namespace switchboard::simulation {

// How one connection goes; drawn anew for each.
struct Script {
  std::size_t bytes = 0;  // that it wants to send
  std::size_t largest_piece = 1;
  Nanoseconds pause{};     // the longest between two acts
  double reads = 1;        // probability, an act
  double vanishes = 0;     //
  std::size_t stalls = 0;  // how many times it reads nothing for a while
  Nanoseconds stall{};
  bool half_closes = true;   // at the end: and reads on; else closes at once
  bool sends_first = false;  // never reads before it has sent all
  bool hangs = false;        // half-closes, never reads, never goes: the service must end it

  static Script draw(Random& random);
  void shrink(std::size_t most_bytes) noexcept;  // and to few pieces
};

// The byte at each position of a client's stream.
inline std::byte stream_byte(std::uint32_t key, std::size_t position) noexcept {
  const std::uint32_t mixed =
      (static_cast<std::uint32_t>(position) + key * 40'503U) * 2'654'435'761U;
  return static_cast<std::byte>((mixed ^ mixed >> 15U) >> 8U);
}

class Client {
 public:
  enum class End : std::uint8_t {
    complete,  // it half-closed, and the service ended in good order
    early,     // the service ended before that
    broken,    // reset by the network or the service
    left,      // of its own accord
    refused,   // nobody listened
    gave_up,   // nothing had moved for long, though it wanted to read or to send
  };
  // Told once for each connection.
  using OnEnd = std::function<void(Client&, End)>;

  Client(World& world, std::string address, std::uint32_t key, OnEnd on_end);

  void connect();
  bool is_connected() const noexcept { return stream_ != nullptr; }
  const std::vector<std::byte>& received() const noexcept { return received_; }
  std::size_t sent() const noexcept { return sent_; }
  std::uint32_t key() const noexcept { return key_; }

 private:
  void act_later();
  void act();
  void send_piece();
  void receive_some();
  void end(End how);

  World& world_;
  const std::string address_;
  const std::uint32_t key_;
  OnEnd on_end_;
  Script script_;
  std::shared_ptr<Stream> stream_;
  std::size_t sent_ = 0;
  bool finished_ = false;
  Instant stalled_until_{};
  Instant progressed_at_{};
  std::vector<std::byte> received_;
};

}  // namespace switchboard::simulation
