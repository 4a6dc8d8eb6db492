#include "irc/message.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <ostream>
#include <string>
#include <vector>

namespace switchboard::irc {
namespace {

using testing::ElementsAreArray;

using Tags = std::map<std::string, std::string>;

struct Row {
  const char* name;
  std::string line;
  std::string source;
  std::string command;
  std::vector<std::string> parameters{};
  Tags tags{};  // unescaped; the last of a name counts
};
void PrintTo(const Row& row, std::ostream* out) {
  *out << row.line;
}

Tags tags_of(const Message& message) {
  Tags tags;
  std::string_view rest = message.tags;
  while (const auto tag = take_tag(rest)) tags[std::string{tag->name}] = unescape_tag(tag->value);
  return tags;
}

class Parsed : public testing::TestWithParam<Row> {};

TEST_P(Parsed, into_its_parts) {
  const Row& row = GetParam();
  Message message;
  ASSERT_EQ(parse_message(row.line, message), ParseStatus::complete);
  EXPECT_EQ(message.source, row.source);
  EXPECT_EQ(message.command, row.command);
  EXPECT_THAT(message.parameters(), ElementsAreArray(row.parameters));
  EXPECT_EQ(tags_of(message), row.tags);
}

// The situations that the public tests of parsers (github.com/ircdocs/parser-tests) ask for.
const std::vector<Row> rows{
    {"command_alone", "QUIT", "", "QUIT"},
    {"blank_behind_it", "QUIT ", "", "QUIT"},
    {"blanks_in_front", "  QUIT", "", "QUIT"},
    {"words", "one two three four", "", "one", {"two", "three", "four"}},
    {"many_blanks", "one   two  three   ", "", "one", {"two", "three"}},
    {"source", ":anna one two", "anna", "one", {"two"}},
    {"many_blanks_behind_a_source",
     ":irc.example 432   #me :Bad: no",
     "irc.example",
     "432",
     {"#me", "Bad: no"}},
    {"trailing", "SAY room :several words", "", "SAY", {"room", "several words"}},
    {"trailing_word", "JOIN :#room", "", "JOIN", {"#room"}},
    {"trailing_empty", "SAY room :", "", "SAY", {"room", ""}},
    {"trailing_of_blanks", "SAY room :  ", "", "SAY", {"room", "  "}},
    {"trailing_keeps_its_blanks", "SAY room :  a b ", "", "SAY", {"room", "  a b "}},
    {"trailing_colon", "SAY room ::)", "", "SAY", {"room", ":)"}},
    {"trailing_with_a_colon_word", "SAY room :haha :) ", "", "SAY", {"room", "haha :) "}},
    {"colon_within_a_word", "SAY a:b c", "", "SAY", {"a:b", "c"}},
    {"mode_with_trailing",
     ":op MODE #r +oo anna :bert",
     "op",
     "MODE",
     {"#r", "+oo", "anna", "bert"}},
    {"tab_is_no_blank", ":a\tb one two", "a\tb", "one", {"two"}},
    {"control_codes_in_a_source",
     ":a!b@c\x02"
     "d\x03"
     "5 one",
     "a!b@c\x02"
     "d\x03"
     "5",
     "one"},
    {"numeric", ":irc.example 001 anna :Hello", "irc.example", "001", {"anna", "Hello"}},
    {"fourteen_and_the_rest",
     "c 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 :17",
     "",
     "c",
     {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15 16 :17"}},
    {"fifteenth_with_colon",
     "c 1 2 3 4 5 6 7 8 9 10 11 12 13 14 :15 16",
     "",
     "c",
     {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15 16"}},
    {"tags", "@a=1;b;c= go", "", "go", {}, {{"a", "1"}, {"b", ""}, {"c", ""}}},
    {"tags_and_source", "@a;b=2 :anna go there", "anna", "go", {"there"}, {{"a", ""}, {"b", "2"}}},
    {"vendor_tags",
     "@a=1;example.com/a=2;+c=3 go",
     "",
     "go",
     {},
     {{"a", "1"}, {"example.com/a", "2"}, {"+c", "3"}}},
    {"the_last_of_equal_tags", "@a=1;b=2;a=3 go", "", "go", {}, {{"a", "3"}, {"b", "2"}}},
    {"escapes",
     R"(@a=b\\and\nk;c=72\s45;d=gh\:764;e=\r go)",
     "",
     "go",
     {},
     {{"a", "b\\and\nk"}, {"c", "72 45"}, {"d", "gh;764"}, {"e", "\r"}}},
    {"escapes_from_left_to_right", R"(@a=\\n\\\\:\s go)", "", "go", {}, {{"a", R"(\n\\: )"}}},
    {"unknown_escape", R"(@a=val\1 go)", "", "go", {}, {{"a", "val1"}}},
    {"escape_at_the_end", R"(@a=val\ go)", "", "go", {}, {{"a", "val"}}},
    {"equals_in_a_value", "@a=b=c go", "", "go", {}, {{"a", "b=c"}}},
    {"empty_tags", "@;;a;=x; go", "", "go", {}, {{"a", ""}}},
    {"no_tags_behind_the_mark", "@ go", "", "go"},
    {"many_blanks_behind_tags", "@a   :anna   go", "anna", "go", {}, {{"a", ""}}},
    {"utf8",
     "SAY #gr\xC3\xBC\xC3\x9F"
     "e :h\xC3\xA9",
     "",
     "SAY",
     {"#gr\xC3\xBC\xC3\x9F"
      "e",
      "h\xC3\xA9"}},
};
INSTANTIATE_TEST_SUITE_P(Lines, Parsed, testing::ValuesIn(rows),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(Message, nothing_but_blanks_is_empty) {
  Message message;
  EXPECT_EQ(parse_message("", message), ParseStatus::empty);
  EXPECT_EQ(parse_message("   ", message), ParseStatus::empty);
}

TEST(Message, what_has_no_command_or_a_forbidden_byte_is_malformed) {
  Message message;
  for (const std::string_view line :
       {std::string_view{":anna"}, std::string_view{":anna "}, std::string_view{"@a=1"},
        std::string_view{"@a=1 :anna"}, std::string_view{":"}, std::string_view{"@"},
        std::string_view{"PRIV-MSG x"}, std::string_view{"\x01go"}, std::string_view{"go a\0b", 6},
        std::string_view{"go a\rb"}, std::string_view{"go a\nb"}, std::string_view{"\xFF"}}) {
    EXPECT_EQ(parse_message(line, message), ParseStatus::malformed) << line;
  }
}

TEST(Message, a_parameter_that_was_not_given_is_empty) {
  Message message;
  ASSERT_EQ(parse_message("go one", message), ParseStatus::complete);
  EXPECT_EQ(message.parameter(0), "one");
  EXPECT_EQ(message.parameter(1), "");
  EXPECT_EQ(message.parameter(most_parameters - 1), "");
}

TEST(Message, is_put_together_with_a_colon_only_where_it_needs_one_or_is_text) {
  const auto put = [](std::string_view source, std::vector<std::string_view> parameters,
                      Last last) {
    std::string out = "before|";
    append_message(out, source, "CMD", parameters, last);
    return out;
  };
  EXPECT_EQ(put("", {}, Last::word), "before|CMD");
  EXPECT_EQ(put("a!b@c", {"x", "y"}, Last::word), "before|:a!b@c CMD x y");
  EXPECT_EQ(put("a", {"x", "y"}, Last::text), "before|:a CMD x :y");
  EXPECT_EQ(put("a", {"x", "y z"}, Last::word), "before|:a CMD x :y z");
  EXPECT_EQ(put("a", {"x", ""}, Last::word), "before|:a CMD x :");
  EXPECT_EQ(put("a", {":)"}, Last::word), "before|:a CMD ::)");
}

TEST(Message, what_is_put_together_is_taken_apart_to_the_same) {
  for (const Row& row : rows) {
    if (row.parameters.size() == most_parameters) continue;
    std::string line;
    const std::vector<std::string_view> parameters{row.parameters.begin(), row.parameters.end()};
    append_message(line, row.source, row.command, parameters);
    Message message;
    ASSERT_EQ(parse_message(line, message), ParseStatus::complete) << line;
    EXPECT_EQ(message.source, row.source);
    EXPECT_EQ(message.command, row.command);
    EXPECT_THAT(message.parameters(), ElementsAreArray(row.parameters));
  }
}

TEST(Tags, are_found_by_name) {
  EXPECT_EQ(find_tag("a=1;label=x;a=2", "a"), "2");
  EXPECT_EQ(find_tag("a=1;label=x;a=2", "label"), "x");
  EXPECT_EQ(find_tag("a=1", "b"), std::nullopt);
  EXPECT_EQ(find_tag("b", "b"), "");
  EXPECT_EQ(find_tag("", "b"), std::nullopt);
}

TEST(Tags, what_was_escaped_is_unescaped_to_the_same) {
  std::string every;
  for (int c = 1; c < 256; ++c) every += static_cast<char>(c);
  std::string escaped;
  append_escaped_tag(escaped, every);
  EXPECT_EQ(escaped.find_first_of("; \r\n"), std::string::npos);
  EXPECT_EQ(unescape_tag(escaped), every);
}

TEST(Tags, have_names_of_letters_digits_and_hyphens) {
  for (const char* good :
       {"a", "msgid", "+typing", "draft/x", "+draft/react", "ex.ample-1.com/k-1"}) {
    EXPECT_TRUE(is_tag_name(good)) << good;
  }
  for (const char* bad : {"", "+", "a_b", "a b", "/a", "a/", "+/a", "a/b/c", "++a", "\xC3\xA9"}) {
    EXPECT_FALSE(is_tag_name(bad)) << bad;
  }
}

}  // namespace
}  // namespace switchboard::irc
