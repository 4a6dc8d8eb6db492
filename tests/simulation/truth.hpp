// All that anybody in a chat was shown, in whatever dialect: nobody may be told what contradicts
// what another was told, and whoever was in a room has seen all that happened there meanwhile, in
// the room's one order.
//
// The workload's clock numbers what happens: it shows the Nth message at minute N, and so a line
// that shows a time carries the message's number. What happened is kept as the plain dialect would
// write it, without the time.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "simulation/workload.hpp"

namespace switchboard::simulation {

// What somebody has seen happen in a room.
struct Seen {
  std::uint64_t number = 0;  // 0: it showed no time
  std::string text{};        // only where there is no number
};

// One stretch of time in which somebody was in a room, by the numbers of the messages.
struct Stay {
  std::string room{};
  std::set<std::string> own_names{};
  std::vector<Seen> seen{};
  // Everything between these was to be seen; by default between the first and the last that was.
  std::uint64_t from = UINT64_MAX;
  std::uint64_t to = 0;
  // Whether they see what they do themselves, and what they say.
  bool hears_own_acts = false;
  bool hears_own_words = false;
};

class Truth {
 public:
  explicit Truth(World& world) : world_(world) {}

  // A room's, for everybody in it, or (`room` is empty) nobody's in particular.
  void note(std::uint64_t number, const std::string& room, std::string_view who,
            std::string_view text);
  void note(Stay stay) { stays_.push_back(std::move(stay)); }
  // Whether everybody saw all that happened in their room while they were there.
  void check_stays();

 private:
  struct Shown {
    std::string who;
    std::string text;
  };
  using Room = std::map<std::uint64_t, const Shown*>;

  void give_numbers(Stay& stay, const Room& room) const;
  void check(const Stay& stay, const Room& room) const;

  World& world_;
  std::map<std::uint64_t, Shown> shown_;
  std::map<std::string, Room> said_in_;
  std::vector<Stay> stays_;
};

// What is said to operators alone says so, as no dialect but IRC shows it.
inline constexpr std::string_view mark_of_status = "@ops ";

// Whether a line of the truth is something said; and whether nobody says that a second time, as
// what people make up begins with a number of their own.
constexpr bool is_words(std::string_view text) noexcept {
  return text.starts_with('<') || text.starts_with("* ");
}
constexpr bool is_said_once(std::string_view text) noexcept {
  if (!is_words(text)) return false;
  const std::size_t who = text.find(' ', 2);  // ends there
  return who + 1 < text.size() && text[who + 1] >= '0' && text[who + 1] <= '9';
}

}  // namespace switchboard::simulation
