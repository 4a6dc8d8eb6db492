#include "irc/modes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

namespace switchboard::irc {

void PrintTo(const ModeChange& change, std::ostream* out) {
  *out << (change.adding ? '+' : '-') << change.letter << ' ' << change.argument;
}

namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

struct Row {
  const char* name;
  std::vector<std::string_view> parameters;
  std::vector<ModeChange> changes{};
  std::string lists{};
  std::string unknown{};
  std::string lacking{};
};
void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name;
}

ModeChange plus(char letter, std::string argument = {}) {
  return {true, letter, std::move(argument)};
}
ModeChange minus(char letter, std::string argument = {}) {
  return {false, letter, std::move(argument)};
}

class Request : public testing::TestWithParam<Row> {};

TEST_P(Request, is_understood) {
  const Row& row = GetParam();
  const ModeRequest request = parse_channel_modes(row.parameters);
  EXPECT_THAT(request.changes, ElementsAreArray(row.changes));
  EXPECT_EQ(request.lists, row.lists);
  EXPECT_EQ(request.unknown, row.unknown);
  EXPECT_EQ(request.lacking, row.lacking);
}

INSTANTIATE_TEST_SUITE_P(
    Channel, Request,
    testing::Values(
        Row{"nothing", {}}, Row{"sign_alone", {"+"}},
        Row{"flags", {"+nt-s"}, {plus('n'), plus('t'), minus('s')}},
        Row{"plus_is_assumed", {"nt"}, {plus('n'), plus('t')}},
        Row{"signs_may_follow_signs", {"+-+i"}, {plus('i')}},
        Row{"members",
            {"+ov-o", "anna", "bert", "carl"},
            {plus('o', "anna"), plus('v', "bert"), minus('o', "carl")}},
        Row{"key_and_limit", {"+kl", "secret", "10"}, {plus('k', "secret"), plus('l', "10")}},
        Row{"limit_is_unset_without_a_parameter",
            {"-lo", "anna"},
            {minus('l'), minus('o', "anna")}},
        Row{"key_is_unset_with_one",
            {"-ko", "secret", "anna"},
            {minus('k', "secret"), minus('o', "anna")}},
        Row{"key_is_unset_without_one", {"-k"}, {minus('k', "*")}},
        Row{"mask", {"+b", "*!*@host"}, {plus('b', "*!*@host")}},
        Row{"lists_are_asked_for", {"+bIe"}, {}, "bIe"},
        Row{"a_list_is_shown_once", {"bb"}, {}, "b"},
        Row{"a_list_is_asked_for_by_minus_too", {"-b"}, {}, "b"},
        Row{"a_mask_and_a_list", {"+bb", "*!*@host"}, {plus('b', "*!*@host")}, "b"},
        Row{"unknown_letters_are_told_once", {"+nXtXy"}, {plus('n'), plus('t')}, "", "Xy"},
        Row{"unknown_letters_take_no_parameter", {"+Xo", "anna"}, {plus('o', "anna")}, "", "X"},
        Row{"parameters_that_are_lacking", {"+oklv"}, {}, "", "", "oklv"},
        Row{"what_is_no_word_is_lacking", {"+kv", "a b", "anna"}, {plus('v', "anna")}, "", "", "k"},
        Row{"an_empty_one_is_lacking", {"+k", ""}, {}, "", "", "k"},
        Row{"more_than_may_be_at_once",
            {"+vvvvvvvn", "1", "2", "3", "4", "5", "6", "7"},
            {plus('v', "1"), plus('v', "2"), plus('v', "3"), plus('v', "4"), plus('v', "5"),
             plus('v', "6"), plus('n')}}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(UserModes, are_understood) {
  const ModeRequest request = parse_user_modes("+iX-wB+o");
  EXPECT_THAT(request.changes, ElementsAre(plus('i'), minus('w'), minus('B'), plus('o')));
  EXPECT_EQ(request.unknown, "X");
}

TEST(Changes, are_written_with_as_few_signs_as_will_do) {
  const std::vector<ModeChange> changes{plus('o', "anna"), plus('n'), minus('v', "bert"),
                                        minus('t')};
  EXPECT_THAT(format_modes(changes, 100), ElementsAre("+on-vt anna bert"));
  EXPECT_TRUE(format_modes({}, 100).empty());
}

TEST(Changes, that_do_not_fit_into_one_message_go_into_several) {
  const std::vector<ModeChange> changes{plus('b', "11111"), plus('b', "22222"), plus('b', "33333")};
  EXPECT_THAT(format_modes(changes, 20), ElementsAre("+bb 11111 22222", "+b 33333"));
  for (const std::string& message : format_modes(changes, 15)) EXPECT_LE(message.size(), 15U);
}

TEST(Tokens, name_every_mode_once) {
  EXPECT_EQ(chanmodes_token(), "Ibe,k,l,Cimnst");
  EXPECT_EQ(channel_mode_letters(ModeType::member_prefix), "ov");
}

}  // namespace
}  // namespace switchboard::irc
