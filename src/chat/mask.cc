#include "chat/mask.hpp"

#include <cstddef>

namespace switchboard::chat {

namespace {

constexpr char fold(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool matches_mask(std::string_view mask, std::string_view text) noexcept {
  constexpr std::size_t nowhere = std::string_view::npos;
  std::size_t m = 0;
  std::size_t t = 0;
  std::size_t star = nowhere;  // the last one met, and what of the text it has taken so far
  std::size_t taken = 0;
  while (t < text.size()) {
    if (m < mask.size() && mask[m] == '*') {
      star = m++;
      taken = t;
    } else if (m < mask.size() && (mask[m] == '?' || fold(mask[m]) == fold(text[t]))) {
      ++m;
      ++t;
    } else if (star != nowhere) {
      m = star + 1;
      t = ++taken;
    } else {
      return false;
    }
  }
  return mask.find_first_not_of('*', m) == nowhere;
}

}  // namespace switchboard::chat
