// What one room said, in its one order: what every member of the room must see, byte for byte. (Or
// what one publisher of it said, where a server promises no more than an order of each.)
//
// Whoever is ahead appends to it, message by message, each looked at in full. All others have what
// they received compared with it, thousands of messages at a time, and differ by a position only.
// It is kept from where the slowest member stands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "load/sliding.hpp"

namespace switchboard::load {

class RoomStream {
 public:
  // How many of the room's messages a member has got.
  using Position = std::uint64_t;
  struct Message {
    std::uint32_t publisher;
    std::uint64_t number;  // of its publisher's
    std::uint64_t moment_ns;
  };
  struct Match {
    std::uint64_t messages;
    std::size_t bytes;
  };

  // One more member, which stands at the end, where it begins.
  Position enter() noexcept;
  Position begin() const noexcept { return entries_.begin(); }
  Position end() const noexcept { return entries_.end(); }
  // begin() <= position < end().
  Message at(Position position) const noexcept;

  // `frame` is the message with whatever the server puts round it.
  void append(std::string_view frame, const Message& message);
  // How much of `bytes`, from its beginning and in whole messages, is what stands at `position`.
  Match match(Position position, std::string_view bytes) const noexcept;
  // A member has got what is between.
  void move(Position from, Position to) noexcept;

  // Calls got(moment_ns, messages) for what is between, which is not empty: once for each run of
  // messages that were published at the same moment.
  template <typename Got>
  void for_each_moment(Position from, Position to, Got got) const;

  // Forgets what all members have got, and calls passed(publisher) for each message of it.
  template <typename Passed>
  void forget_passed(Passed passed);

 private:
  struct Entry {
    std::uint64_t begin;  // in bytes_
    std::uint64_t number;
    std::uint64_t run;  // in runs_
    std::uint32_t publisher;
    std::uint32_t waiting;  // members that are to get it next
  };
  struct Run {
    Position begin;
    std::uint64_t moment_ns;
  };

  std::uint64_t offset_of(Position position) const noexcept {
    return position == end() ? bytes_.end() : entries_[position].begin;
  }
  std::uint32_t& waiting_at(Position position) noexcept {
    return position == end() ? waiting_at_end_ : entries_[position].waiting;
  }
  // The message that the byte at `offset` belongs to.
  Position position_of(std::uint64_t offset) const noexcept;
  Match match_one_by_one(Position position, std::string_view bytes) const noexcept;

  Sliding<char> bytes_;
  Sliding<Entry> entries_;
  Sliding<Run> runs_;
  std::uint32_t waiting_at_end_ = 0;
};

template <typename Got>
void RoomStream::for_each_moment(Position from, Position to, Got got) const {
  for (std::uint64_t run = entries_[from].run; from < to; ++run) {
    const Position behind = run + 1 < runs_.end() ? runs_[run + 1].begin : end();
    const Position last = behind < to ? behind : to;
    got(runs_[run].moment_ns, last - from);
    from = last;
  }
}

template <typename Passed>
void RoomStream::forget_passed(Passed passed) {
  Position slowest = begin();
  for (; slowest < end() && entries_[slowest].waiting == 0; ++slowest) {
    passed(entries_[slowest].publisher);
  }
  if (slowest == begin()) return;
  bytes_.forget_before(offset_of(slowest));
  runs_.forget_before(slowest == end() ? runs_.end() : entries_[slowest].run);
  entries_.forget_before(slowest);
}

}  // namespace switchboard::load
