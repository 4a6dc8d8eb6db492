// A command's options from a file, in TOML (toml.io), each under the name that it has on the
// command line without its dashes:
//
//   listen = ["irc+tcp://127.0.0.1:6667", "plain+tcp://127.0.0.1:7000"]
//   max-connections = 1000
//   idle-timeout = "5m"
//
// Whole numbers may be written as such, what may be given several times as a list, a flag as true
// or false; everything else as text, as on the command line.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "command_line/commands.hpp"

namespace switchboard::command_line {

// A larger one is none that a person has written.
inline constexpr std::size_t most_config_bytes = 1024 * 1024;

class ConfigFile {
 public:
  // Reads the file, and checks its shape against the rows: every complaint is a UsageError that
  // begins with "FILE:LINE: ".
  static ConfigFile read(const std::string& path, std::span<const Option> options);
  // The same of a text; `path` is for the complaints.
  static ConfigFile parse(std::string_view text, std::string path, std::span<const Option> options);

  // Whether the file says anything about the option.
  bool has(const Option& option) const noexcept;
  // Applies what it says. Throws UsageError.
  void apply(const Option& option) const;

 private:
  struct Value {
    std::string option;  // its name, with dashes
    std::string text;
    std::size_t line = 0;
  };

  std::string path_;
  std::vector<Value> values_;
  std::vector<std::string> mentioned_;  // also those with an empty list, or false
};

}  // namespace switchboard::command_line
