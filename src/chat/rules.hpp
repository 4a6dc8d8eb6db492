// Who may do what in a room. Rules hold for everybody in it, whatever dialect they speak.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace switchboard::chat {

// What somebody is in a room: these, or'ed.
using Standing = std::uint8_t;
inline constexpr Standing has_voice = 1;    // is heard where not everybody is
inline constexpr Standing is_operator = 2;  // makes the rules
inline constexpr Standing of_anybody = 0;

// A mask of "name!user@host", and who has put it on its list.
struct ListedMask {
  std::string mask;
  std::string by;
  std::chrono::system_clock::time_point at;
};
using MaskList = std::vector<ListedMask>;

// A ban that only silences begins with this, and an exemption from being silenced alone.
inline constexpr std::string_view quiet_prefix = "m:";

struct Rules {
  bool by_invitation = false;
  bool is_moderated = false;      // only voices and operators are heard
  bool refuses_outsiders = true;  // only who is in the room is heard
  bool is_unlisted = false;
  bool topic_is_locked = false;   // only operators set it
  bool refuses_requests = false;  // of programs to programs (CTCP), but for actions
  std::string key{};              // empty: none is needed
  std::size_t most_people = 0;    // 0: no limit
  MaskList bans{};
  MaskList exemptions{};                 // from bans
  MaskList welcome{};                    // need no invitation
  std::vector<std::uint64_t> invited{};  // by the serial numbers of persons; the oldest first

  // "name!user@host" twice, where what is shown is not the address; else `real` is empty. A mask
  // that takes in either takes in who it is.
  struct Names {
    std::string shown;
    std::string real;
  };
  bool bans_from_joining(const Names& who) const noexcept;
  bool bans_from_speaking(const Names& who) const noexcept;
  bool welcomes(const Names& who, std::uint64_t serial) const noexcept;
  void invite(std::uint64_t serial);

  static constexpr std::size_t most_invited = 100;
};

// Whether the text is a request of one program to another (CTCP), and not an action.
bool is_request(std::string_view text) noexcept;

}  // namespace switchboard::chat
