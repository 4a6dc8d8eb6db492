#include "irc/names.hpp"

#include <algorithm>

namespace switchboard::irc {

namespace {

constexpr char last_control = 0x1F;
constexpr char delete_character = 0x7F;

bool is_control(char c) noexcept {
  return (c >= 0 && c <= last_control) || c == delete_character;
}

}  // namespace

std::string folded(std::string_view name) {
  std::string text{name};
  std::ranges::transform(text, text.begin(), fold);
  return text;
}

bool is_nickname(std::string_view name, std::size_t most_bytes) noexcept {
  constexpr std::string_view nowhere = " ,*?!@.:";
  constexpr std::string_view not_first = "$#&~%+-0123456789";
  if (name.empty() || name.size() > most_bytes) return false;
  if (not_first.find(name.front()) != std::string_view::npos) return false;
  return std::ranges::none_of(
      name, [&](char c) { return is_control(c) || nowhere.find(c) != std::string_view::npos; });
}

bool is_channel_name(std::string_view name, std::size_t most_bytes) noexcept {
  if (name.size() < 2 || name.size() > most_bytes || !is_channel_prefix(name.front())) return false;
  return std::ranges::none_of(name, [](char c) { return is_control(c) || c == ' ' || c == ','; });
}

std::string full_mask(std::string_view mask) {
  const std::size_t bang = mask.find('!');
  const std::size_t at = mask.rfind('@');
  std::string full;
  if (bang == std::string_view::npos && at == std::string_view::npos) {
    full.append(mask).append("!*@*");
  } else if (bang == std::string_view::npos) {
    full.append("*!").append(mask);
  } else if (at == std::string_view::npos || at < bang) {
    full.append(mask).append("@*");
  } else {
    full = mask;
  }
  return full;
}

}  // namespace switchboard::irc
