#include "chat/text.hpp"

#include <utf8cpp/utf8.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace switchboard::chat {

namespace {

constexpr std::uint64_t high_bits = 0x8080808080808080U;

// How many bytes at the beginning are ASCII, by whole words: most of what is typed is nothing else,
// and needs no decoding.
std::size_t ascii_prefix(std::string_view text) noexcept {
  std::size_t length = 0;
  for (std::uint64_t word = 0; text.size() - length >= sizeof word; length += sizeof word) {
    std::memcpy(&word, text.data() + length, sizeof word);
    if ((word & high_bits) != 0) break;
  }
  return length;
}

constexpr bool is_control(std::uint32_t code_point) noexcept {
  return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0);
}

constexpr char lower(char letter) noexcept {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  text.remove_prefix(ascii_prefix(text));
  return utf8::is_valid(text.begin(), text.end());
}

// Without decoding: C1 is U+0080 to U+009F, which is C2 80 to C2 9F and nothing else.
bool has_control(std::string_view text) noexcept {
  unsigned char before = 0;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte < 0x20 || byte == 0x7f || (before == 0xc2 && byte < 0xa0)) return true;
    before = byte;
  }
  return false;
}

std::string without_control(std::string_view text) {
  if (!has_control(text)) return std::string{text};
  std::string clean;
  for (auto at = text.begin(); at != text.end();) {
    const auto from = at;
    const std::uint32_t code_point = utf8::unchecked::next(at);
    if (code_point == '\t') clean.push_back(' ');
    if (!is_control(code_point)) clean.append(from, at);
  }
  return clean;
}

bool same_name(std::string_view one, std::string_view other) noexcept {
  return std::ranges::equal(one, other, {}, lower, lower);
}

// FNV-1a, 64 bits.
std::size_t hash_folded(std::string_view name) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char letter : name) {
    hash = (hash ^ static_cast<unsigned char>(lower(letter))) * 0x100000001b3U;
  }
  return hash;
}

}  // namespace switchboard::chat
