// What somebody makes of the lines that a chat shows them: who is in which room. It must never
// contradict itself, nor what others were shown, nor the chat. Each dialect has its own way of
// writing it, and so its own View.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "chat/chat.hpp"
#include "simulation/truth.hpp"
#include "simulation/workload.hpp"

namespace switchboard::simulation {

class View {
 public:
  // `is_in_several`: rooms at a time, and each line says which room it is from.
  View(World& world, Truth& truth, bool is_in_several) noexcept
      : world_(world), truth_(truth), is_in_several_(is_in_several) {}
  virtual ~View() = default;

  // The next line, without its end.
  virtual void take(std::string_view line) = 0;
  // Has come into a room, or gone, of their own accord.
  void enter(const std::string& room, std::set<std::string> others, std::size_t more,
             std::uint64_t from = UINT64_MAX);
  void leave(const std::string& room, std::uint64_t to = 0);
  void leave_all(std::uint64_t to = 0);
  // Somebody else has left, or was shown out.
  void go(const std::string& room, const std::string& who);
  void set_name(std::string name);
  // Rooms may have people in them who are heard without being there.
  void admit_outsiders() noexcept { admits_outsiders_ = true; }

  const std::string& name() const noexcept { return name_; }
  bool wants_name() const noexcept { return name_.empty() && asked_again_; }
  void has_given_name() noexcept { asked_again_ = false; }
  // Whether it was told why its connection ends.
  bool has_farewell() const noexcept { return has_farewell_; }
  // Whether the chat has the same people in the same rooms.
  virtual void compare(const chat::Chat& chat) const;

 protected:
  struct Company {
    std::set<std::string> others{};
    std::size_t more = 0;     // whose names are not known yet
    bool is_complete = true;  // else nobody has said yet who is there
    Stay stay{};
  };

  void come(const std::string& room, const std::string& who);
  void go_everywhere(const std::string& who);
  void rename(const std::string& before, const std::string& now);
  void hear(const std::string& who);
  static bool know(Company& company, const std::string& who);
  // What has happened in the room that the line at hand is from.
  void note(const std::string& who, std::string_view text);
  void expect(bool holds, const char* what) { world_.expect(holds, what); }

  World& world_;
  Truth& truth_;
  const bool is_in_several_;
  std::string name_;
  bool asked_again_ = false;
  bool has_farewell_ = false;
  bool admits_outsiders_ = false;
  std::map<std::string, Company> rooms_;
  std::uint64_t number_ = 0;  // of the line at hand; the last one's where it shows none
  bool has_number_ = true;    // whether it shows one
  std::string room_;          // that it is from
};

// What the decimal digits at the beginning say; 0 where there are none.
std::size_t number_of(std::string_view digits);

}  // namespace switchboard::simulation
