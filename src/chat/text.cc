#include "chat/text.hpp"

#include <utf8cpp/utf8.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <iterator>

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

struct CodePoints {
  std::uint32_t first;
  std::uint32_t last;
};

// Of Unicode's Default_Ignorable_Code_Point and White_Space, what lies beyond ASCII and C1, and
// what writes notes between the lines. Ascending.
constexpr auto unseen = std::to_array<CodePoints>({
    {0x00a0, 0x00a0},    // no-break space
    {0x00ad, 0x00ad},    // soft hyphen
    {0x034f, 0x034f},    // grapheme joiner
    {0x061c, 0x061c},    // Arabic letter mark
    {0x115f, 0x1160},    // Hangul fillers
    {0x1680, 0x1680},    // Ogham space
    {0x17b4, 0x17b5},    // Khmer vowels inherent
    {0x180b, 0x180f},    // Mongolian selectors and separator
    {0x2000, 0x200f},    // spaces, zero-width ones, marks of direction
    {0x2028, 0x202f},    // separators, embeddings and overrides
    {0x205f, 0x206f},    // mathematical space, word joiner, isolates
    {0x3000, 0x3000},    // ideographic space
    {0x3164, 0x3164},    // Hangul filler
    {0xfe00, 0xfe0f},    // variation selectors
    {0xfeff, 0xfeff},    // byte order mark
    {0xffa0, 0xffa0},    // halfwidth Hangul filler
    {0xfff0, 0xfffb},    // specials
    {0x1bca0, 0x1bca3},  // shorthand controls
    {0x1d173, 0x1d17a},  // musical controls
    {0xe0000, 0xe0fff},  // tags, more variation selectors
});

constexpr bool is_unseen(std::uint32_t code_point) noexcept {
  const auto* const next =
      std::ranges::upper_bound(unseen, code_point, {}, &CodePoints::first);  // begins behind it
  return next != unseen.begin() && code_point <= std::prev(next)->last;
}

constexpr auto turning = std::to_array<CodePoints>({
    {0x061c, 0x061c},  // Arabic letter mark
    {0x200e, 0x200f},  // marks of direction
    {0x2028, 0x202e},  // separators, embeddings and overrides
    {0x2066, 0x2069},  // isolates
});

constexpr bool is_turning(std::uint32_t code_point) noexcept {
  return std::ranges::any_of(turning, [&](const CodePoints& range) {
    return range.first <= code_point && code_point <= range.last;
  });
}

constexpr char lower(char letter) noexcept {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

// The lowest byte first, whatever the machine does.
std::uint64_t folded_word(std::string_view at_most_eight) noexcept {
  std::uint64_t word = 0;
  unsigned shift = 0;
  for (const char letter : at_most_eight) {
    word |= std::uint64_t{static_cast<unsigned char>(lower(letter))} << shift;
    shift += 8;
  }
  return word;
}

class SipState {
 public:
  explicit SipState(const HashKey& key) noexcept
      : v0_(key[0] ^ 0x736f6d6570736575U),
        v1_(key[1] ^ 0x646f72616e646f6dU),
        v2_(key[0] ^ 0x6c7967656e657261U),
        v3_(key[1] ^ 0x7465646279746573U) {}

  void take(std::uint64_t word) noexcept {
    v3_ ^= word;
    round();
    v0_ ^= word;
  }
  std::uint64_t finish() noexcept {
    v2_ ^= 0xffU;
    for (int i = 0; i < 3; ++i) round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  void round() noexcept {
    v0_ += v1_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v3_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ += v3_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ += v1_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v2_ = std::rotl(v2_, 32);
  }

  std::uint64_t v0_;
  std::uint64_t v1_;
  std::uint64_t v2_;
  std::uint64_t v3_;
};

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

bool has_unseen(std::string_view text) noexcept {
  text.remove_prefix(ascii_prefix(text));
  for (auto at = text.begin(); at != text.end();) {
    if (is_unseen(utf8::unchecked::next(at))) return true;
  }
  return false;
}

std::string without_turning(std::string_view text) {
  std::string clean;
  for (auto at = text.begin(); at != text.end();) {
    const auto from = at;
    if (!is_turning(utf8::unchecked::next(at))) clean.append(from, at);
  }
  return clean;
}

bool same_name(std::string_view one, std::string_view other) noexcept {
  return std::ranges::equal(one, other, {}, lower, lower);
}

std::size_t hash_folded(std::string_view name, const HashKey& key) noexcept {
  SipState state{key};
  const std::uint64_t length = name.size();
  for (; name.size() >= sizeof(std::uint64_t); name.remove_prefix(sizeof(std::uint64_t))) {
    state.take(folded_word(name.substr(0, sizeof(std::uint64_t))));
  }
  state.take(folded_word(name) | length << 56U);
  return state.finish();
}

}  // namespace switchboard::chat
