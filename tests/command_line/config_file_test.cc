#include "command_line/config_file.hpp"

#include <fstream>
#include <string>
#include <vector>

#include "support/temporary_folder.hpp"
#include "support/testing.hpp"

namespace switchboard::command_line {
namespace {

using test::begins_with;
using test::contains;
using test::Texts;

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

TEST_CASE("config file: an option has the effect that it has on the command line") {
  CHECK_EQ(applied_from(R"(
# A comment.
limit = 1_000
listen = ["a", "b"]
flag = true
name = 'x y'
)"),
           Texts{"listen=a", "listen=b", "limit=1000", "flag=", "name=x y"});
  CHECK_EQ(applied_from("listen = 'a'\nlimit = '10KiB'\nflag = false"),
           Texts{"listen=a", "limit=10KiB"});
  CHECK_EQ(applied_from(""), Texts{});
  CHECK_EQ(applied_from("listen = []"), Texts{});
}

struct Mistake {
  std::string name;
  std::string text;
  std::string place;
  std::string mend;
};

const std::vector<Mistake> mistakes{
    {"an unknown option", "limit = 1\n\nlimmit = 2\n", "a.toml:3: no option 'limmit'", "--help"},
    {"no TOML", "limit = 1\nlisten = \n", "a.toml:2: no TOML", "toml.io"},
    {"a text without quotes", "limit = 1\nname = nobody\n", "a.toml:2: no TOML",
     "write name = \"text\""},
    {"an option given twice", "limit = 1\nlimit = 2\n", "a.toml:2: no TOML", "toml.io"},
    {"a fraction", "limit = 1.5", "a.toml:1: limit: neither", "write limit = \"7\""},
    {"a flag as a text", "\nflag = 'yes'", "a.toml:2: flag:", "write flag = true or false"},
    {"a list for a single value", "limit = [1, 2]", "a.toml:1: limit: neither", "write limit"},
    {"a fraction in a list", "listen = [\n  'a',\n  2.5,\n]", "a.toml:3: listen: neither", "here"},
    {"a table", "[chat]\nlimit = 1", "a.toml:1: no option 'chat'", "--help"},
    {"a refused value", "limit = 1\nlisten = ['a', 'bad']", "a.toml:2: listen: 'bad'",
     "write good"},
    {"a config file in a config file", "config = 'b.toml'", "a.toml:1: no option 'config'",
     "--help"},
};

CASES("config file: a mistake is told with its line and the mend", mistakes, const Mistake& row) {
  std::string complaint;
  try {
    applied_from(row.text);
  } catch (const UsageError& error) {
    complaint = error.what();
  }
  CHECK(begins_with(complaint, row.place));
  CHECK(contains(complaint, row.mend));
  CHECK_EQ(complaint.find('\n'), std::string::npos);
}

class ConfigCommand {
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

TEST_CASE_FIXTURE(ConfigCommand,
                  "config file: the command line counts more, and defaults fill the rest") {
  const std::string path = write("listen = ['a', 'b']\nname = 'anna'\n");
  parse({"--config", path});
  CHECK_EQ(applied_, Texts{"listen=a", "listen=b", "limit=7", "name=anna"});
  parse({"--config", path, "--listen=c", "--name", "bert"});
  CHECK_EQ(applied_, Texts{"listen=c", "limit=7", "name=bert"});
}

// A server that was started elsewhere said that there was no such file.
TEST_CASE_FIXTURE(ConfigCommand,
                  "config file: a file named in it was looked for in the folder that the program "
                  "was started in") {
  const std::string path = write("name = 'anna'\nmotd = 'motd.txt'");
  parse({"--config", path});
  CHECK_EQ(applied_,
           Texts{"listen=here", "limit=7", "name=anna", "motd=" + folder_.file("motd.txt")});
  parse({"--config", write("name = 'anna'\nmotd = '/etc/motd'")});
  CHECK_EQ(applied_, Texts{"listen=here", "limit=7", "name=anna", "motd=/etc/motd"});
  parse({"--config", path, "--motd", "motd.txt"});
  CHECK_EQ(applied_, Texts{"listen=here", "limit=7", "name=anna", "motd=motd.txt"});
}

TEST_CASE_FIXTURE(ConfigCommand, "config file: a required option may stand in it") {
  CHECK_NOTHROW(parse({"--config", write("name = 'anna'")}));
  CHECK_THROWS_AS(parse({"--config", write("limit = 1")}), UsageError);
}

TEST_CASE_FIXTURE(ConfigCommand, "config file: an unreadable file is refused") {
  for (const std::string& path :
       {folder_.file("none"), folder_.path().string(), std::string{"/dev/zero"}, std::string{}}) {
    INFO(path);
    CHECK_THROWS_AS(parse({"--config", path}), UsageError);
  }
  CHECK_THROWS_AS(parse({"--config", write(std::string(most_config_bytes + 1, '#'))}), UsageError);
}

}  // namespace
}  // namespace switchboard::command_line
