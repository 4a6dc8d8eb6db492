// How the servers that a fan-out load may drive are spoken to: one row each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace switchboard::load {

// A publisher or a member, as a dialect introduces it.
struct Person {
  bool speaks;
  std::size_t number;  // among its like
  std::string_view room;
};

// One thing that a server says.
struct Frame {
  enum class Kind : std::uint8_t {
    unfinished,  // more must arrive first
    of_no_interest,
    message,
    ping,     // wants an answer
    welcome,  // from now on a room may be joined
    refusal,
    joined,     // is in a room from now on
    departure,  // somebody who shared a room has gone
    answer,     // to what was asked
  };
  Kind kind;
  std::size_t bytes;  // all of it
  // What was said in a message, what a ping wants back, what a refusal says, which room was joined
  // (without what the dialect puts in front of it), who has gone.
  std::string_view text;
};

struct Dialect {
  std::string_view name;
  std::string_view summary;
  // Room names come without what a dialect puts in front of them. Each appends to `out`.
  void (*greet)(std::string& out, const Person& person);  // at once
  void (*join)(std::string& out, const Person& person);   // at once too, unless it waits
  void (*publish)(std::string& out, std::string_view room, std::string_view text);
  void (*answer)(std::string& out, std::string_view ping);  // null where nobody asks
  // Anything that is answered at once; null where a crowd has nobody to ask, nor is told who goes.
  void (*ask)(std::string& out);
  // The first frame of `input`, which is not empty.
  Frame (*next)(std::string_view input);
  bool waits_for_welcome;
  // Whether all members of a room are promised one order of its messages, and not only each
  // publisher's.
  bool has_one_order;
  // Whether one is told when one is in a room.
  bool tells_who_joined;
  // Whether one may be in several rooms.
  bool has_many_rooms;
  // Whether a publisher need not look at what it is told.
  bool publisher_may_be_deaf;
  // Of a message, where that is the dialect's and not a server's setting; else 0.
  std::size_t longest_message;
};

std::span<const Dialect> dialects() noexcept;
// Throws std::invalid_argument, which names those that there are.
const Dialect& find_dialect(std::string_view name);

// What several rooms are called; which is not that in which a dialect may put people at first.
std::string room_name(std::size_t number);
// Of the `rooms` of a fan-out: a single one is that at first.
std::string room_of_fanout(std::size_t number, std::size_t rooms);
// For a report: a line of what was said, however much it was.
std::string describe_refusal(const Frame& refusal);
// Of the one who introduced themselves by this name; none where it is no member's.
std::optional<std::size_t> number_of(std::string_view name);

// In every message of the load, and before it nothing but what a server puts there.
inline constexpr std::string_view marker = "[load ";

}  // namespace switchboard::load
