#include "command_line/config_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <ostream>
#include <string>
#include <vector>

#include "support/temporary_folder.hpp"

namespace switchboard::command_line {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// What was applied, in the order of the rows.
using Applied = std::vector<std::string>;

std::vector<Option> rows(Applied& applied) {
  const auto note = [&applied](std::string name) {
    return [&applied, name](std::string_view value) {
      if (value == "bad") throw std::invalid_argument("'bad' is wrong; write good");
      applied.push_back(name + '=' + std::string{value});
    };
  };
  return {
      {.name = "--listen",
       .placeholder = "ENDPOINT",
       .initial = "here",
       .help = "",
       .apply = note("listen"),
       .repeatable = true},
      {.name = "--limit", .placeholder = "N", .initial = "7", .help = "", .apply = note("limit")},
      {.name = "--flag", .placeholder = "", .initial = "", .help = "", .apply = note("flag")},
      {.name = "--name",
       .placeholder = "NAME",
       .initial = "",
       .help = "",
       .apply = note("name"),
       .required = true,
       .example = "anna"},
      {.name = "--motd",
       .placeholder = "FILE",
       .initial = "",
       .help = "",
       .apply = note("motd"),
       .names_file = true},
      {.name = "--config",
       .placeholder = "FILE",
       .initial = "",
       .help = "",
       .apply = [](std::string_view) {},
       .command_line_only = true,
       .names_config_file = true}};
}

Applied applied_from(std::string_view text) {
  Applied applied;
  const auto options = rows(applied);
  const ConfigFile config = ConfigFile::parse(text, "a.toml", options);
  for (const Option& option : options) {
    if (config.has(option)) config.apply(option);
  }
  return applied;
}

TEST(ConfigFile, says_what_the_command_line_would) {
  EXPECT_THAT(applied_from(R"(
# A comment.
limit = 1_000
listen = ["a", "b"]
flag = true
name = 'x y'
)"),
              ElementsAre("listen=a", "listen=b", "limit=1000", "flag=", "name=x y"));
  EXPECT_THAT(applied_from("listen = 'a'\nlimit = '10KiB'\nflag = false"),
              ElementsAre("listen=a", "limit=10KiB"));
  EXPECT_THAT(applied_from(""), IsEmpty());
  EXPECT_THAT(applied_from("listen = []"), IsEmpty());
}

struct Mistake {
  const char* name;
  std::string text;
  std::string place;
  std::string mend;
};
void PrintTo(const Mistake& mistake, std::ostream* out) {
  *out << mistake.name;
}

class ConfigMistake : public testing::TestWithParam<Mistake> {};

TEST_P(ConfigMistake, is_told_with_its_line_and_the_mend) {
  std::string complaint;
  try {
    applied_from(GetParam().text);
  } catch (const UsageError& error) {
    complaint = error.what();
  }
  EXPECT_THAT(complaint, AllOf(StartsWith(GetParam().place), HasSubstr(GetParam().mend)));
  EXPECT_EQ(complaint.find('\n'), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Files, ConfigMistake,
    testing::Values(
        Mistake{"unknown", "limit = 1\n\nlimmit = 2\n", "a.toml:3: no option 'limmit'", "--help"},
        Mistake{"no_toml", "limit = 1\nlisten = \n", "a.toml:2: no TOML", "toml.io"},
        Mistake{"text_without_quotes", "limit = 1\nname = nobody\n", "a.toml:2: no TOML",
                "write name = \"text\""},
        Mistake{"twice", "limit = 1\nlimit = 2\n", "a.toml:2: no TOML", "toml.io"},
        Mistake{"not_its_kind", "limit = 1.5", "a.toml:1: limit: neither", "write limit = \"7\""},
        Mistake{"flag_as_text", "\nflag = 'yes'", "a.toml:2: flag:", "write flag = true or false"},
        Mistake{"list_of_what_is_one", "limit = [1, 2]", "a.toml:1: limit: neither", "write limit"},
        Mistake{"element", "listen = [\n  'a',\n  2.5,\n]", "a.toml:3: listen: neither", "here"},
        Mistake{"table", "[chat]\nlimit = 1", "a.toml:1: no option 'chat'", "--help"},
        Mistake{"refused_value", "limit = 1\nlisten = ['a', 'bad']", "a.toml:2: listen: 'bad'",
                "write good"},
        Mistake{"config_in_a_file", "config = 'b.toml'", "a.toml:1: no option 'config'", "--help"}),
    [](const auto& row) { return std::string{row.param.name}; });

class ConfigCommand : public testing::Test {
 protected:
  Outcome parse(std::vector<std::string> arguments) {
    applied_.clear();
    const Program program{
        .name = "program",
        .help = "",
        .version = "",
        .commands = {{.name = "serve", .help = "", .footer = "", .options = rows(applied_)}}};
    arguments.insert(arguments.begin(), {"program", "serve"});
    std::vector<const char*> pointers;
    for (const auto& argument : arguments) pointers.push_back(argument.c_str());
    return command_line::parse(program, static_cast<int>(pointers.size()), pointers.data());
  }
  std::string write(const std::string& text) {
    const std::string path = folder_.file("a.toml");
    std::ofstream(path) << text;
    return path;
  }

  test::TemporaryFolder folder_;
  Applied applied_;
};

TEST_F(ConfigCommand, the_command_line_counts_more_and_defaults_fill_the_rest) {
  const std::string path = write("listen = ['a', 'b']\nname = 'anna'\n");
  parse({"--config", path});
  EXPECT_THAT(applied_, ElementsAre("listen=a", "listen=b", "limit=7", "name=anna"));
  parse({"--config", path, "--listen=c", "--name", "bert"});
  EXPECT_THAT(applied_, ElementsAre("listen=c", "limit=7", "name=bert"));
}

// Whoever started the server elsewhere was told that there was no such file.
TEST_F(ConfigCommand, a_file_that_is_named_in_a_file_was_looked_for_where_the_program_was_started) {
  const std::string path = write("name = 'anna'\nmotd = 'motd.txt'");
  parse({"--config", path});
  EXPECT_THAT(applied_, Contains("motd=" + folder_.file("motd.txt")));
  parse({"--config", write("name = 'anna'\nmotd = '/etc/motd'")});
  EXPECT_THAT(applied_, Contains("motd=/etc/motd"));
  parse({"--config", path, "--motd", "motd.txt"});
  EXPECT_THAT(applied_, Contains("motd=motd.txt"));
}

TEST_F(ConfigCommand, what_is_required_may_stand_in_the_file) {
  EXPECT_NO_THROW(parse({"--config", write("name = 'anna'")}));
  EXPECT_THROW(parse({"--config", write("limit = 1")}), UsageError);
}

TEST_F(ConfigCommand, a_file_that_cannot_be_read_is_a_complaint) {
  for (const std::string& path :
       {folder_.file("none"), folder_.path().string(), std::string{"/dev/zero"}, std::string{}}) {
    EXPECT_THROW(parse({"--config", path}), UsageError) << path;
  }
  EXPECT_THROW(parse({"--config", write(std::string(most_config_bytes + 1, '#'))}), UsageError);
}

}  // namespace
}  // namespace switchboard::command_line
