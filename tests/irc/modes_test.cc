#include "irc/modes.hpp"

#include <string>
#include <vector>

#include "support/testing.hpp"

namespace switchboard::irc {

// For assertions that fail.
std::string to_string(const ModeChange& change) {
  return std::string{change.adding ? '+' : '-', change.letter} + ' ' + change.argument;
}

namespace {

using test::Texts;

using Changes = std::vector<ModeChange>;

struct Row {
  std::string name;
  std::vector<std::string_view> parameters;
  Changes changes{};
  std::string lists{};
  std::string unknown{};
  std::string lacking{};
};

ModeChange plus(char letter, std::string argument = {}) {
  return {true, letter, std::move(argument)};
}
ModeChange minus(char letter, std::string argument = {}) {
  return {false, letter, std::move(argument)};
}

const std::vector<Row> rows{
    {"nothing", {}},
    {"a sign alone", {"+"}},
    {"flags", {"+nt-s"}, {plus('n'), plus('t'), minus('s')}},
    {"no sign, which is a plus", {"nt"}, {plus('n'), plus('t')}},
    {"signs behind signs", {"+-+i"}, {plus('i')}},
    {"members",
     {"+ov-o", "anna", "bert", "carl"},
     {plus('o', "anna"), plus('v', "bert"), minus('o', "carl")}},
    {"a key and a limit", {"+kl", "secret", "10"}, {plus('k', "secret"), plus('l', "10")}},
    {"a limit unset without a parameter", {"-lo", "anna"}, {minus('l'), minus('o', "anna")}},
    {"a key unset with a parameter",
     {"-ko", "secret", "anna"},
     {minus('k', "secret"), minus('o', "anna")}},
    {"a key unset without a parameter", {"-k"}, {minus('k', "*")}},
    {"a mask", {"+b", "*!*@host"}, {plus('b', "*!*@host")}},
    {"lists asked for", {"+bIe"}, {}, "bIe"},
    {"a list asked for twice", {"bb"}, {}, "b"},
    {"a list asked for with a minus", {"-b"}, {}, "b"},
    {"a mask and a list", {"+bb", "*!*@host"}, {plus('b', "*!*@host")}, "b"},
    {"unknown letters", {"+nXtXy"}, {plus('n'), plus('t')}, "", "Xy"},
    {"an unknown letter takes no parameter", {"+Xo", "anna"}, {plus('o', "anna")}, "", "X"},
    {"lacking parameters", {"+oklv"}, {}, "", "", "oklv"},
    {"a parameter of two words", {"+kv", "a b", "anna"}, {plus('v', "anna")}, "", "", "k"},
    {"an empty parameter", {"+k", ""}, {}, "", "", "k"},
    {"more changes than one command makes",
     {"+vvvvvvvn", "1", "2", "3", "4", "5", "6", "7"},
     {plus('v', "1"), plus('v', "2"), plus('v', "3"), plus('v', "4"), plus('v', "5"),
      plus('v', "6"), plus('n')}},
};

CASES("modes: a change of a channel's modes is understood", rows, const Row& row) {
  const ModeRequest request = parse_channel_modes(row.parameters);
  CHECK_EQ(request.changes, row.changes);
  CHECK_EQ(request.lists, row.lists);
  CHECK_EQ(request.unknown, row.unknown);
  CHECK_EQ(request.lacking, row.lacking);
}

TEST_CASE("modes: a change of a person's modes is understood") {
  const ModeRequest request = parse_user_modes("+iX-wB+o");
  CHECK_EQ(request.changes, Changes{plus('i'), minus('w'), minus('B'), plus('o')});
  CHECK_EQ(request.unknown, "X");
}

TEST_CASE("modes: changes are written with as few signs as will do") {
  const Changes changes{plus('o', "anna"), plus('n'), minus('v', "bert"), minus('t')};
  CHECK_EQ(format_modes(changes, 100), Texts{"+on-vt anna bert"});
  CHECK_EQ(format_modes({}, 100), Texts{});
}

TEST_CASE("modes: changes too long for one message go into several") {
  const Changes changes{plus('b', "11111"), plus('b', "22222"), plus('b', "33333")};
  CHECK_EQ(format_modes(changes, 20), Texts{"+bb 11111 22222", "+b 33333"});
  for (const std::string& message : format_modes(changes, 15)) CHECK_LE(message.size(), 15U);
}

TEST_CASE("modes: the tokens name every mode once") {
  CHECK_EQ(chanmodes_token(), "Ibe,k,l,Cimnst");
  CHECK_EQ(channel_mode_letters(ModeType::member_prefix), "ov");
}

}  // namespace
}  // namespace switchboard::irc
