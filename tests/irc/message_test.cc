#include "irc/message.hpp"

#include <map>
#include <string>
#include <vector>

#include "support/testing.hpp"

namespace switchboard::irc {
namespace {

using test::Texts;

using Tags = std::map<std::string, std::string>;

struct Row {
  std::string name;
  std::string line;
  std::string source;
  std::string command;
  Texts parameters{};
  Tags tags{};  // unescaped; the last of a name counts
};

Tags tags_of(const Message& message) {
  Tags tags;
  std::string_view rest = message.tags;
  while (const auto tag = take_tag(rest)) tags[std::string{tag->name}] = unescape_tag(tag->value);
  return tags;
}

Texts parameters_of(const Message& message) {
  return {message.parameters().begin(), message.parameters().end()};
}

// The situations that the public tests of parsers (github.com/ircdocs/parser-tests) ask for.
const std::vector<Row> rows{
    {"a command alone", "QUIT", "", "QUIT"},
    {"a blank behind the command", "QUIT ", "", "QUIT"},
    {"blanks in front of the command", "  QUIT", "", "QUIT"},
    {"words", "one two three four", "", "one", {"two", "three", "four"}},
    {"many blanks", "one   two  three   ", "", "one", {"two", "three"}},
    {"a source", ":anna one two", "anna", "one", {"two"}},
    {"many blanks behind a source",
     ":irc.example 432   #me :Bad: no",
     "irc.example",
     "432",
     {"#me", "Bad: no"}},
    {"a trailing parameter", "SAY room :several words", "", "SAY", {"room", "several words"}},
    {"a trailing word", "JOIN :#room", "", "JOIN", {"#room"}},
    {"an empty trailing parameter", "SAY room :", "", "SAY", {"room", ""}},
    {"a trailing parameter of blanks", "SAY room :  ", "", "SAY", {"room", "  "}},
    {"a trailing parameter with its blanks", "SAY room :  a b ", "", "SAY", {"room", "  a b "}},
    {"a trailing parameter that begins with a colon", "SAY room ::)", "", "SAY", {"room", ":)"}},
    {"a trailing parameter with a word with a colon",
     "SAY room :haha :) ",
     "",
     "SAY",
     {"room", "haha :) "}},
    {"a colon within a word", "SAY a:b c", "", "SAY", {"a:b", "c"}},
    {"MODE with a trailing parameter",
     ":op MODE #r +oo anna :bert",
     "op",
     "MODE",
     {"#r", "+oo", "anna", "bert"}},
    {"a tab, which is no blank", ":a\tb one two", "a\tb", "one", {"two"}},
    {"control codes in a source",
     ":a!b@c\x02"
     "d\x03"
     "5 one",
     "a!b@c\x02"
     "d\x03"
     "5",
     "one"},
    {"a numeric", ":irc.example 001 anna :Hello", "irc.example", "001", {"anna", "Hello"}},
    {"fourteen parameters and the rest",
     "c 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 :17",
     "",
     "c",
     {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15 16 :17"}},
    {"a fifteenth parameter with a colon",
     "c 1 2 3 4 5 6 7 8 9 10 11 12 13 14 :15 16",
     "",
     "c",
     {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15 16"}},
    {"tags", "@a=1;b;c= go", "", "go", {}, {{"a", "1"}, {"b", ""}, {"c", ""}}},
    {"tags and source", "@a;b=2 :anna go there", "anna", "go", {"there"}, {{"a", ""}, {"b", "2"}}},
    {"vendor tags",
     "@a=1;example.com/a=2;+c=3 go",
     "",
     "go",
     {},
     {{"a", "1"}, {"example.com/a", "2"}, {"+c", "3"}}},
    {"the last of equal tags", "@a=1;b=2;a=3 go", "", "go", {}, {{"a", "3"}, {"b", "2"}}},
    {"escapes",
     R"(@a=b\\and\nk;c=72\s45;d=gh\:764;e=\r go)",
     "",
     "go",
     {},
     {{"a", "b\\and\nk"}, {"c", "72 45"}, {"d", "gh;764"}, {"e", "\r"}}},
    {"escapes from left to right", R"(@a=\\n\\\\:\s go)", "", "go", {}, {{"a", R"(\n\\: )"}}},
    {"an unknown escape", R"(@a=val\1 go)", "", "go", {}, {{"a", "val1"}}},
    {"an escape at the end", R"(@a=val\ go)", "", "go", {}, {{"a", "val"}}},
    {"an equals sign in a value", "@a=b=c go", "", "go", {}, {{"a", "b=c"}}},
    {"empty tags", "@;;a;=x; go", "", "go", {}, {{"a", ""}}},
    {"no tags behind the mark", "@ go", "", "go"},
    {"many blanks behind tags", "@a   :anna   go", "anna", "go", {}, {{"a", ""}}},
    {"UTF-8",
     "SAY #gr\xC3\xBC\xC3\x9F"
     "e :h\xC3\xA9",
     "",
     "SAY",
     {"#gr\xC3\xBC\xC3\x9F"
      "e",
      "h\xC3\xA9"}},
};

CASES("message: a line is taken apart", rows, const Row& row) {
  Message message;
  REQUIRE_EQ(parse_message(row.line, message), ParseStatus::complete);
  CHECK_EQ(message.source, row.source);
  CHECK_EQ(message.command, row.command);
  CHECK_EQ(parameters_of(message), row.parameters);
  CHECK_EQ(tags_of(message), row.tags);
}

TEST_CASE("message: a line of nothing but blanks is empty") {
  Message message;
  CHECK_EQ(parse_message("", message), ParseStatus::empty);
  CHECK_EQ(parse_message("   ", message), ParseStatus::empty);
}

TEST_CASE("message: a line without a command or with a forbidden byte is malformed") {
  Message message;
  for (const std::string_view line :
       {std::string_view{":anna"}, std::string_view{":anna "}, std::string_view{"@a=1"},
        std::string_view{"@a=1 :anna"}, std::string_view{":"}, std::string_view{"@"},
        std::string_view{"PRIV-MSG x"}, std::string_view{"\x01go"}, std::string_view{"go a\0b", 6},
        std::string_view{"go a\rb"}, std::string_view{"go a\nb"}, std::string_view{"\xFF"}}) {
    INFO(line);
    CHECK_EQ(parse_message(line, message), ParseStatus::malformed);
  }
}

TEST_CASE("message: a parameter that was not given is empty") {
  Message message;
  REQUIRE_EQ(parse_message("go one", message), ParseStatus::complete);
  CHECK_EQ(message.parameter(0), "one");
  CHECK_EQ(message.parameter(1), "");
  CHECK_EQ(message.parameter(most_parameters - 1), "");
}

TEST_CASE("message: the last parameter is written with a colon if it needs one or is text") {
  const auto put = [](std::string_view source, std::vector<std::string_view> parameters,
                      Last last) {
    std::string out = "before|";
    append_message(out, source, "CMD", parameters, last);
    return out;
  };
  CHECK_EQ(put("", {}, Last::word), "before|CMD");
  CHECK_EQ(put("a!b@c", {"x", "y"}, Last::word), "before|:a!b@c CMD x y");
  CHECK_EQ(put("a", {"x", "y"}, Last::text), "before|:a CMD x :y");
  CHECK_EQ(put("a", {"x", "y z"}, Last::word), "before|:a CMD x :y z");
  CHECK_EQ(put("a", {"x", ""}, Last::word), "before|:a CMD x :");
  CHECK_EQ(put("a", {":)"}, Last::word), "before|:a CMD ::)");
}

TEST_CASE("message: a written message is taken apart into the same parts") {
  for (const Row& row : rows) {
    if (row.parameters.size() == most_parameters) continue;
    std::string line;
    const std::vector<std::string_view> parameters{row.parameters.begin(), row.parameters.end()};
    append_message(line, row.source, row.command, parameters);
    Message message;
    INFO(line);
    REQUIRE_EQ(parse_message(line, message), ParseStatus::complete);
    CHECK_EQ(message.source, row.source);
    CHECK_EQ(message.command, row.command);
    CHECK_EQ(parameters_of(message), row.parameters);
  }
}

TEST_CASE("message: a tag is found by its name") {
  CHECK_EQ(find_tag("a=1;label=x;a=2", "a"), "2");
  CHECK_EQ(find_tag("a=1;label=x;a=2", "label"), "x");
  CHECK_EQ(find_tag("a=1", "b"), std::nullopt);
  CHECK_EQ(find_tag("b", "b"), "");
  CHECK_EQ(find_tag("", "b"), std::nullopt);
}

TEST_CASE("message: an escaped tag is unescaped to the same") {
  std::string every;
  for (int c = 1; c < 256; ++c) every += static_cast<char>(c);
  std::string escaped;
  append_escaped_tag(escaped, every);
  CHECK_EQ(escaped.find_first_of("; \r\n"), std::string::npos);
  CHECK_EQ(unescape_tag(escaped), every);
}

TEST_CASE("message: the name of a tag is of letters, digits and hyphens") {
  for (const char* good :
       {"a", "msgid", "+typing", "draft/x", "+draft/react", "ex.ample-1.com/k-1"}) {
    CHECK_MESSAGE(is_tag_name(good), good);
  }
  for (const char* bad : {"", "+", "a_b", "a b", "/a", "a/", "+/a", "a/b/c", "++a", "\xC3\xA9"}) {
    CHECK_FALSE_MESSAGE(is_tag_name(bad), bad);
  }
}

}  // namespace
}  // namespace switchboard::irc
