// Somebody who types into a chat: in pieces or in floods, with mistakes, and who stops reading, is
// cut off in the middle of a line, or stays to the end. What they type, and what they make of what
// they are shown, is a matter of the dialect.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "simulation/view.hpp"
#include "simulation/workload.hpp"

namespace switchboard::simulation {

class Typist {
 public:
  enum class End : std::uint8_t {
    farewell,  // the service said why, or they were to go
    early,     // it did not
    broken,    // reset by the network or the service
    left,      // of their own accord
    refused,   // nobody listened
    gave_up,   // half-closed, and for long the end did not come
  };
  using OnEnd = std::function<void(Typist&, End)>;

  struct Bounds {
    std::size_t lines;       // that somebody types
    std::size_t line_bytes;  // the longest that the service takes
  };
  Typist(World& world, std::string address, std::uint32_t key, Bounds bounds, OnEnd on_end);
  virtual ~Typist() = default;

  void connect();
  bool is_connected() const noexcept { return stream_ != nullptr; }
  bool has_come_back() const noexcept { return connections_ > 1; }
  std::uint32_t key() const noexcept { return key_; }
  // Has typed all, and only reads on.
  bool is_done() const noexcept { return is_connected() && stays_ && has_typed_all(); }
  // Has read all there is, and is not about to see the end.
  bool has_read_all() const noexcept {
    return stream_->outward.bytes.empty() && stream_->inward.bytes.empty() && received_.empty() &&
           !stream_->broken && !stream_->outward.ended && !stream_->closed_by_us;
  }
  std::string status() const;  // for the trace
  virtual const View& view() const = 0;

 protected:
  struct Script {
    std::size_t lines = 0;
    std::size_t largest_piece = 1;
    std::size_t largest_paste = 1;  // lines
    Nanoseconds pause{};
    double reads = 1;
    double vanishes = 0;
    std::size_t stalls = 0;
    Nanoseconds stall{};
    bool uses_crlf = false;
    bool stays = false;
    bool half_closes = false;
    bool quits = false;
  };

  // A connection begins; who has connected knows nothing yet.
  virtual void begin() = 0;
  // The next line to be typed, the last that a quitter types, and half a line; without their ends.
  virtual std::string line() = 0;
  virtual std::string last_line() const = 0;
  virtual std::string half_line() const = 0;
  // What comes, without its end.
  virtual void take(std::string_view line, bool has_crlf) = 0;
  // All that is to come has come, or never will.
  virtual void end_view() = 0;

  // Types a line behind what is being sent.
  void type(std::string_view text);
  std::string name() const;
  std::string text();  // that nobody else says, nor they again

  World& world_;
  const std::uint32_t key_;
  const Bounds bounds_;
  Script script_;

 private:
  Script draw() const;

  bool has_typed_all() const noexcept { return script_.lines == 0 && to_send_.empty(); }
  void act_later();
  void act();
  void type_more();
  void send_piece();
  void receive_some();
  void take_lines();
  bool has_ended();
  void end(End how);

  const std::string address_;
  OnEnd on_end_;
  std::shared_ptr<Stream> stream_;
  std::string to_send_;
  std::string received_;
  unsigned said_ = 0;
  unsigned connections_ = 0;  // so far
  bool stays_ = false;
  bool has_finished_ = false;
  bool has_typed_half_ = false;  // a line, and nothing behind it
  Instant stalled_until_{};
  Instant progressed_at_{};
};

}  // namespace switchboard::simulation
