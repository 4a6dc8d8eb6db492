// Modes of channels and of people: what a MODE command asks for, and how a change is told. Pure.
// modern.ircdocs.horse, "MODE message", "Channel modes", "User modes"; ircv3.net, "bot-mode".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace switchboard::irc {

// The four types of CHANMODES, and those that a member has.
enum class ModeType : std::uint8_t {
  list,          // A: adds a mask to a list, or takes it off; shows the list where none is given
  always,        // B: a parameter to set and to unset it
  when_set,      // C: a parameter to set it
  flag,          // D: none
  member_prefix  // a member's name to set and to unset it
};

struct ChannelMode {
  char letter;
  ModeType type;
  std::string_view meaning;
};
std::span<const ChannelMode> channel_modes() noexcept;
const ChannelMode* find_channel_mode(char letter) noexcept;
// The letters of a type in the order of the alphabet, capitals first: for ISUPPORT and RPL_MYINFO.
std::string channel_mode_letters(ModeType type);
// "beI,k,l,Cimnst"
std::string chanmodes_token();

inline constexpr std::string_view user_mode_letters = "Biow";
// The most changes with a parameter that one command makes: MODES of ISUPPORT. The rest is ignored.
inline constexpr std::size_t most_mode_parameters = 6;
inline constexpr std::size_t most_key_bytes = 23;  // KEYLEN

struct ModeChange {
  bool adding = true;
  char letter = '\0';
  std::string argument{};  // empty: none
  bool operator==(const ModeChange&) const = default;
};

struct ModeRequest {
  std::vector<ModeChange> changes{};  // in order
  std::string lists{};                // letters of lists to be shown, each once
  std::string unknown{};              // letters that are no modes, each once; '?' beyond ASCII
  std::string lacking{};              // letters that lack their parameter
};

// `parameters` without the target. Modes may be set before any '+'. A parameter that cannot be
// written as one (it begins with ':' or holds a blank) makes its mode lacking.
ModeRequest parse_channel_modes(std::span<const std::string_view> parameters);
ModeRequest parse_user_modes(std::string_view letters);

// Modestring and parameters for one or more messages, none of which has more than `most_bytes`:
// "+o-v alice bob".
std::vector<std::string> format_modes(std::span<const ModeChange> changes, std::size_t most_bytes);

}  // namespace switchboard::irc
