#include "irc/names.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "chat/mask.hpp"
#include "chat/text.hpp"

namespace switchboard::irc {
namespace {

using chat::matches_mask;
using chat::same_name;

constexpr std::size_t most_bytes = 20;

TEST(Names, are_the_same_but_for_the_case_of_ascii_letters) {
  EXPECT_TRUE(same_name("ANNA", "anna"));
  EXPECT_EQ(folded("AnnA[]"), "anna[]");
  EXPECT_FALSE(same_name("a[]", "a{}"));  // they are in rfc1459, not here
  EXPECT_FALSE(same_name("\xC3\x84", "\xC3\xA4"));
  EXPECT_FALSE(same_name("ann", "anna"));
}

TEST(Nicknames, hold_nothing_that_means_something_else) {
  for (const char* good :
       {"a", "anna", "Anna-1", "[x]{y}|\\`^_", "gr\xC3\xBC\xC3\x9F", "a~b", "a#b", "a+"}) {
    EXPECT_TRUE(is_nickname(good, most_bytes)) << good;
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
    EXPECT_FALSE(is_nickname(bad, most_bytes)) << bad;
  }
}

TEST(ChannelNames, begin_with_a_mark_and_hold_no_blank_comma_or_control) {
  for (const char* good : {"#a", "##", "#a:b", "#gr\xC3\xBC\xC3\x9F", "#1", "#*"}) {
    EXPECT_TRUE(is_channel_name(good, most_bytes)) << good;
  }
  for (const char* bad :
       {"", "#", "a", "&a", "#a b", "#a,b", "#a\x07", "#a\t", "#aaaaaaaaaaaaaaaaaaaaaa"}) {
    EXPECT_FALSE(is_channel_name(bad, most_bytes)) << bad;
  }
}

struct MaskRow {
  std::string mask;
  std::vector<std::string> takes_in;
  std::vector<std::string> leaves_out;
};

TEST(Masks, take_in_what_they_say) {
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
      EXPECT_TRUE(matches_mask(row.mask, text)) << row.mask << ' ' << text;
    for (const auto& text : row.leaves_out)
      EXPECT_FALSE(matches_mask(row.mask, text)) << row.mask << ' ' << text;
  }
}

// Matchers that try every way for each '*' would still be at it tomorrow.
TEST(Masks, of_many_stars_are_no_burden) {
  std::string mask;
  for (int i = 0; i < 100; ++i) mask += "*a";
  const std::string text(400, 'a');
  EXPECT_TRUE(matches_mask(mask, text));
  EXPECT_FALSE(matches_mask(mask + "*b", text));
}

TEST(Masks, are_made_whole) {
  EXPECT_EQ(full_mask("anna"), "anna!*@*");
  EXPECT_EQ(full_mask("*"), "*!*@*");
  EXPECT_EQ(full_mask("anna!a"), "anna!a@*");
  EXPECT_EQ(full_mask("a@host"), "*!a@host");
  EXPECT_EQ(full_mask("anna!a@host"), "anna!a@host");
  EXPECT_EQ(full_mask("*@10.0.0.*"), "*!*@10.0.0.*");
}

}  // namespace
}  // namespace switchboard::irc
