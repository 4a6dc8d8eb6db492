// Commands and their options, as tables: what to write, what it means, and a complaint that names
// the option and the mend. CLI11 does the splitting.
#pragma once

#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace switchboard::command_line {

// One option of a command, or one operand.
struct Option {
  std::string name;         // with its dashes; an operand has none, and stands by itself
  std::string placeholder;  // of its value; empty: a flag, which takes none
  // What stands where it is not given; empty: then nothing is applied.
  std::string initial;
  std::string help;
  // Called once for each value (for a flag, with ""). Throws std::invalid_argument, whose text says
  // what is wrong with the value and what to write.
  std::function<void(std::string_view)> apply;
  bool repeatable = false;
  bool required = false;
  // A value that would do, for the complaint that one is missing; `initial` where it is empty.
  std::string example = {};
  // Not to be written in a configuration file.
  bool command_line_only = false;
  // Its value is the path of a file. In a configuration file, a path begins in that file's folder.
  bool names_file = false;
  // Its value is the path of a configuration file for the command's other options. What is given on
  // the command line counts more than what the file says.
  bool names_config_file = false;
};

struct Command {
  std::string name;
  std::string help;
  std::string footer;
  std::vector<Option> options;
};

// What commands of two words have in common by their first one, which by itself is none.
struct Group {
  std::string name;
  std::string help;
};

struct Program {
  std::string name;
  std::string help;
  std::string version;  // what --version prints
  std::vector<Command> commands;
  std::vector<Group> groups = {};  // of each command of two words
};

// Text that was asked for: --help, --version.
struct Information {
  std::string text;
};

// No command was given: how to do better.
struct Usage {
  std::string text;
};

// One line that names the option and the mend.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The index of the command that was given, once its options were applied; those of the others are
// left alone. Throws UsageError.
using Outcome = std::variant<std::size_t, Information, Usage>;
Outcome parse(const Program& program, int argc, const char* const* argv);

// "g++ 12.2.0": for --version.
std::string compiler();

}  // namespace switchboard::command_line
