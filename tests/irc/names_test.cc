#include "irc/names.hpp"

#include <chrono>
#include <string>
#include <vector>

#include "chat/mask.hpp"
#include "chat/text.hpp"
#include "support/testing.hpp"

namespace switchboard::irc {
namespace {

using chat::matches_mask;
using chat::same_name;

constexpr std::size_t most_bytes = 20;

TEST_CASE("name: the case of ASCII letters makes no difference") {
  CHECK(same_name("ANNA", "anna"));
  CHECK_EQ(folded("AnnA[]"), "anna[]");
  CHECK_FALSE(same_name("a[]", "a{}"));  // they are in rfc1459, not here
  CHECK_FALSE(same_name("\xC3\x84", "\xC3\xA4"));
  CHECK_FALSE(same_name("ann", "anna"));
}

TEST_CASE("name: a nickname holds nothing that means something else") {
  for (const char* good :
       {"a", "anna", "Anna-1", "[x]{y}|\\`^_", "gr\xC3\xBC\xC3\x9F", "a~b", "a#b", "a+"}) {
    CHECK_MESSAGE(is_nickname(good, most_bytes), good);
  }
  for (const char* bad : {"",
                          "1a",
                          "-a",
                          "#a",
                          "&a",
                          "~a",
                          "%a",
                          "+a",
                          "$a",
                          "@a",
                          ":a",
                          "a b",
                          "a,b",
                          "a*",
                          "a?",
                          "a!b",
                          "a@b",
                          "a.b",
                          "a:b",
                          "a\tb",
                          "a\x01",
                          "a\x7F",
                          "a_name_of_more_bytes_than_may_be"}) {
    CHECK_FALSE_MESSAGE(is_nickname(bad, most_bytes), bad);
  }
}

TEST_CASE("name: a channel begins with a mark and holds no blank, comma or control character") {
  for (const char* good : {"#a", "##", "#a:b", "#gr\xC3\xBC\xC3\x9F", "#1", "#*"}) {
    CHECK_MESSAGE(is_channel_name(good, most_bytes), good);
  }
  for (const char* bad :
       {"", "#", "a", "&a", "#a b", "#a,b", "#a\x07", "#a\t", "#aaaaaaaaaaaaaaaaaaaaaa"}) {
    CHECK_FALSE_MESSAGE(is_channel_name(bad, most_bytes), bad);
  }
}

struct MaskRow {
  std::string mask;
  std::vector<std::string> takes_in;
  std::vector<std::string> leaves_out;
};

TEST_CASE("mask: every mask takes in the names like it and no others") {
  const std::vector<MaskRow> rows{
      {"", {""}, {"a"}},
      {"*", {"", "a", "a!b@c"}, {}},
      {"**", {"", "a"}, {}},
      {"?", {"a", "?"}, {"", "ab"}},
      {"*?", {"a", "ab"}, {""}},
      {"a*b*c", {"abc", "aXbYc", "abbcc", "abcbc"}, {"abcd", "ab", "acb"}},
      {"*@10.0.0.1", {"anna!a@10.0.0.1"}, {"anna!a@10.0.0.2", "anna!a@10.0.0.1.2"}},
      {"cool*@*", {"cool!a@b", "coolest!a@b"}, {"koolest!a@b", "cool!a"}},
      {"cool!?user@*", {"cool!~user@b"}, {"cool!user@b"}},
      {"cool!a?*@*", {"cool!ab@c", "cool!abc@c"}, {"cool!a@c"}},
      {"c[o]l!*@*", {"c[o]l!a@b"}, {"col!a@b", "c[!a@b"}},  // no sets of characters here
      {"ANNA!*", {"anna!x"}, {"ann!x"}},
      {"*aab", {"aaab", "aabaab"}, {"aaba"}},
  };
  for (const MaskRow& row : rows) {
    for (const auto& text : row.takes_in)
      CHECK_MESSAGE(matches_mask(row.mask, text), row.mask, " and ", text);
    for (const auto& text : row.leaves_out)
      CHECK_FALSE_MESSAGE(matches_mask(row.mask, text), row.mask, " and ", text);
  }
}

// Matchers that try every way for each '*' would still be at it tomorrow.
TEST_CASE("mask: many stars are no burden") {
  std::string mask;
  for (int i = 0; i < 100; ++i) mask += "*a";
  const std::string text(400, 'a');
  CHECK(matches_mask(mask, text));
  CHECK_FALSE(matches_mask(mask + "*b", text));
}

TEST_CASE("mask: a part is made a whole mask") {
  CHECK_EQ(full_mask("anna"), "anna!*@*");
  CHECK_EQ(full_mask("*"), "*!*@*");
  CHECK_EQ(full_mask("anna!a"), "anna!a@*");
  CHECK_EQ(full_mask("a@host"), "*!a@host");
  CHECK_EQ(full_mask("anna!a@host"), "anna!a@host");
  CHECK_EQ(full_mask("*@10.0.0.*"), "*!*@10.0.0.*");
}

}  // namespace
}  // namespace switchboard::irc
