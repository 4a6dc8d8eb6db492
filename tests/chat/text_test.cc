#include "chat/text.hpp"

#include <string>
#include <string_view>

#include "support/testing.hpp"

namespace switchboard::chat {
namespace {

struct TextRow {
  const char* what;
  std::string_view text;
  bool is_utf8;
  bool has_control = false;     // of what is UTF-8
  std::string_view clean = {};  // where it has some
};

using namespace std::string_view_literals;

constexpr TextRow text_rows[] = {
    {"nothing", "", true},
    {"ASCII", "hello, you there", true},
    {"ASCII of eight and of nine letters", "12345678 123456789", true},
    {"two bytes", "gr\xC3\xBC\xC3\x9F", true},
    {"three bytes", "\xE2\x82\xAC", true},
    {"four bytes", "\xF0\x9F\x98\x80", true},
    {"the last code point", "\xF4\x8F\xBF\xBF", true},
    {"beyond the last", "\xF4\x90\x80\x80", false},
    {"an overlong slash", "\xC0\xAF", false},
    {"an overlong NUL", "\xC0\x80", false},
    {"overlong in three bytes", "\xE0\x80\xAF", false},
    {"a surrogate", "\xED\xA0\x80", false},
    {"a lone continuation", "\x80", false},
    {"one that is cut short", "eight or more \xE2\x82", false},
    {"Latin-1", "gr\xFC\xDF", false},
    {"a bad byte behind nine good ones", "123456789\xFF", false},
    {"NUL", "a\0b"sv, true, true, "ab"},
    {"bell", "a\x07", true, true, "a"},
    {"escape", "\x1B[2Jgone", true, true, "[2Jgone"},
    {"carriage return", "one\rtwo", true, true, "onetwo"},
    {"line feed", "one\ntwo", true, true, "onetwo"},
    {"tab", "a\tb", true, true, "a b"},
    {"DEL", "a\x7F", true, true, "a"},
    {"the first of C1", "a\xC2\x80z", true, true, "az"},
    {"CSI of C1",
     "a\xC2\x9B"
     "2Jz",
     true, true, "a2Jz"},
    {"the last of C1", "\xC2\x9F", true, true, ""},
    {"a no-break space, which is behind C1", "\xC2\xA0", true},
    {"bytes of C1 in other letters", "\xC4\x80\xE2\x82\x9B\xC3\x82\xC3\x9B", true},
};

TEST_CASE("text: it is UTF-8 or not, and loses its control characters") {
  for (const TextRow& row : text_rows) {
    INFO(row.what);
    CHECK_EQ(is_utf8(row.text), row.is_utf8);
    if (!row.is_utf8) continue;
    CHECK_EQ(has_control(row.text), row.has_control);
    CHECK_EQ(without_control(row.text), row.has_control ? row.clean : row.text);
  }
}

TEST_CASE("text: letters that nobody sees are found") {
  struct Row {
    const char* what;
    std::string_view text;
    bool has_unseen;
  };
  for (const Row& row : {
           Row{"nothing", "", false},
           Row{"ASCII", "anna the 1st", false},
           Row{"umlauts, Greek, Chinese", "gr\xC3\xBC\xC3\x9F \xCE\xB1 \xE6\x97\xA5", false},
           Row{"an emoji", "\xF0\x9F\x98\x80", false},
           Row{"a no-break space", "anna\xC2\xA0", true},
           Row{"a soft hyphen", "an\xC2\xADna", true},
           Row{"an ideographic space", "\xE3\x80\x80", true},
           Row{"a zero-width space", "anna\xE2\x80\x8B", true},
           Row{"a zero-width joiner", "an\xE2\x80\x8Dna", true},
           Row{"the other direction from here on",
               "\xE2\x80\xAE"
               "anna",
               true},
           Row{"a direction in isolation",
               "\xE2\x81\xA7"
               "anna",
               true},
           Row{"a byte order mark", "anna\xEF\xBB\xBF", true},
           Row{"a Hangul filler", "\xE3\x85\xA4", true},
           Row{"a variation selector", "anna\xEF\xB8\x8F", true},
           Row{"a letter of a tag", "anna\xF3\xA0\x81\x81", true},
           Row{"the letters around U+2000 to U+200F", "\xE1\xBF\xBE\xE2\x80\x90", false},
       }) {
    CHECK_MESSAGE(has_unseen(row.text) == row.has_unseen, row.what);
  }
}

// Whatever stands around a code point, and wherever it is in a word of eight bytes.
TEST_CASE("text: every control character is found and nothing else is lost") {
  for (std::uint32_t code_point = 0; code_point < 0x800; ++code_point) {
    std::string letter;
    if (code_point < 0x80) {
      letter.push_back(static_cast<char>(code_point));
    } else {
      letter.push_back(static_cast<char>(0xC0 | code_point >> 6));
      letter.push_back(static_cast<char>(0x80 | (code_point & 0x3F)));
    }
    const bool is_control = code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0);
    const std::string before(code_point % 9, 'b');
    const std::string text = before + letter + "\xC3\xBC";
    REQUIRE_MESSAGE(is_utf8(text), code_point);
    REQUIRE_MESSAGE(has_control(text) == is_control, code_point);
    const std::string kept = code_point == '\t' ? " " : is_control ? "" : letter;
    REQUIRE_MESSAGE(without_control(text) == before + kept + "\xC3\xBC", code_point);
  }
}

constexpr HashKey key{0x0706050403020100U, 0x0F0E0D0C0B0A0908U};

// What Python 3.11 says of the same bytes with PYTHONHASHSEED=0.
TEST_CASE("text: names are hashed by SipHash") {
  constexpr HashKey none{};
  CHECK_EQ(hash_folded("", none), 0xD1FBA762150C532CU);
  CHECK_EQ(hash_folded("\0"sv, none), 0x68A914128E01E473U);
  CHECK_EQ(hash_folded("anna", none), 0x29D67270D19B0595U);
  CHECK_EQ(hash_folded("12345678", none), 0x3489982430560A87U);
  CHECK_EQ(hash_folded("SOMEBODY_with_a_long_name", none), 0x15FD4005C0D10625U);
  CHECK_NE(hash_folded("anna", key), hash_folded("anna", none));
}

TEST_CASE("text: names are the same but for the case of ASCII") {
  struct Row {
    std::string_view one;
    std::string_view other;
    bool is_same;
  };
  for (const Row& row : {Row{"anna", "ANNA", true},
                         {"", "", true},
                         {"a[z]", "A[Z]", true},
                         {"a[]", "a{}", false},  // the same in rfc1459
                         {"@", "`", false},      // a bit apart, and no letters
                         {"ann", "anna", false},
                         {"\xC3\x84", "\xC3\xA4", false}}) {
    CHECK_MESSAGE(same_name(row.one, row.other) == row.is_same, row.one, " and ", row.other);
    if (row.is_same) {
      CHECK_MESSAGE(hash_folded(row.one, key) == hash_folded(row.other, key), row.one);
    }
  }
}

}  // namespace
}  // namespace switchboard::chat
