// What may be a name, and what a mask leaves out. CASEMAPPING=ascii, as in the chat itself: only
// the letters A to Z have another form. Pure. modern.ircdocs.horse, "Clients", "Channels".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace switchboard::irc {

constexpr char fold(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
std::string folded(std::string_view name);

// What no nickname may hold is what would make it something else: a channel, a mask, a list, a
// source, a membership prefix; and control characters. Letters beyond ASCII are welcome.
bool is_nickname(std::string_view name, std::size_t most_bytes) noexcept;

// With its '#'. Anything but blanks, commas and control characters, BELL among them.
bool is_channel_name(std::string_view name, std::size_t most_bytes) noexcept;
constexpr bool is_channel_prefix(char c) noexcept {
  return c == '#';
}

// nick!user@host, whatever of it was left out: "nick" is nick!*@*, "user@host" is *!user@host,
// "host.example" (a dot or a colon, and no wildcard's nick) stays a nick.
std::string full_mask(std::string_view mask);

}  // namespace switchboard::irc
