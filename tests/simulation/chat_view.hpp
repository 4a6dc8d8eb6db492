// What somebody makes of the lines that a chat shows them: who is in the room, what was said in
// which order. It must never contradict itself, nor what others were shown, nor the chat.
//
// The workload's clock numbers what happens: it shows the Nth message at minute N, and so every
// line that is told to many carries the message's number in its time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "chat/chat.hpp"
#include "simulation/workload.hpp"

namespace switchboard::simulation {

// One stretch of time in which somebody was in a room, by the numbers of the messages.
struct Stay {
  std::string room;
  std::set<std::string> own_names;
  std::vector<std::uint64_t> numbers;  // of what was seen, and is the room's
  // Everything between these was to be seen; by default between the first and the last that was.
  std::uint64_t from = UINT64_MAX;
  std::uint64_t to = 0;
};

// All that anybody was shown.
class Truth {
 public:
  explicit Truth(World& world) : world_(world) {}

  // `text` is the line behind the time. A room's, or nobody's in particular.
  void note(std::uint64_t number, const std::string& room, std::string_view who,
            std::string_view text);
  void note(Stay stay) { stays_.push_back(std::move(stay)); }
  // Whether everybody saw all that was said in their room while they were there.
  void check_stays() const;

 private:
  struct Shown {
    std::string who;
    std::string text;
  };
  void check(const Stay& stay) const;

  World& world_;
  std::map<std::uint64_t, Shown> shown_;
  std::map<std::string, std::map<std::uint64_t, std::string>> said_in_;  // room, number: who
  std::vector<Stay> stays_;
};

class View {
 public:
  // `knows_rooms`: each line ends with a tab and the room that it is from.
  View(World& world, Truth& truth, bool knows_rooms) noexcept
      : world_(world), truth_(truth), knows_rooms_(knows_rooms) {}

  // The next line, without its end.
  void take(std::string_view line);
  // Has come into a room, or gone, of their own accord.
  void enter(const std::string& room, std::set<std::string> others, std::size_t more,
             std::uint64_t from = UINT64_MAX);
  void leave(const std::string& room, std::uint64_t to = 0);
  void leave_all(std::uint64_t to = 0);
  // Somebody else has left, or was shown out.
  void go(const std::string& room, const std::string& who);
  void set_name(std::string name);

  const std::string& name() const noexcept { return name_; }
  bool wants_name() const noexcept { return name_.empty() && asked_again_; }
  void has_given_name() noexcept { asked_again_ = false; }
  // Whether it was told why its connection ends.
  bool has_farewell() const noexcept { return has_farewell_; }
  // Whether the chat has the same people in the same rooms.
  void compare(const chat::Chat& chat) const;

 private:
  struct Company {
    std::set<std::string> others;
    std::size_t more = 0;  // whose names are not known yet
    Stay stay;
  };

  void take_answer(std::string_view text);
  void take_event(std::string_view text);
  void take_arrow(std::string_view text);
  void come(const std::string& room, const std::string& who);
  void go_everywhere(const std::string& who);
  void rename(const std::string& before, const std::string& now);
  void hear(const std::string& who);
  static bool know(Company& company, const std::string& who);
  void note(const std::string& who, std::string_view text);
  void expect(bool holds, const char* what) { world_.expect(holds, what); }

  World& world_;
  Truth& truth_;
  const bool knows_rooms_;
  std::string name_;
  bool asked_again_ = false;
  bool has_farewell_ = false;
  std::map<std::string, Company> rooms_;
  std::uint64_t number_ = 0;  // of the line at hand
  std::string room_;          // that it is from
};

}  // namespace switchboard::simulation
