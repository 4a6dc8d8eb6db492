#include "command_line/config_file.hpp"

#include <fmt/core.h>
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>

namespace switchboard::command_line {

namespace {

[[noreturn]] void refuse(const std::string& path, std::size_t line, std::string_view complaint) {
  throw UsageError(fmt::format("{}:{}: {}", path, line, complaint));
}

std::size_t line_of(const toml::source_region& region) {
  return region.begin.line;
}

const Option* find(std::span<const Option> options, std::string_view key) {
  const auto found = std::ranges::find_if(
      options, [&](const Option& option) { return option.name.substr(2) == key; });
  return found == options.end() || found->command_line_only ? nullptr : &*found;
}

// What would be written on the command line; none where the node is nothing of the kind.
std::optional<std::string> scalar_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  return std::nullopt;
}

std::string example_of(const Option& option) {
  return option.example.empty() ? option.initial : option.example;
}

// Where the file that is named `path` in the configuration file `config` is.
std::string beside(const std::string& config, const std::string& path) {
  return (std::filesystem::path{config}.parent_path() / path).string();
}

// Regular files only: a pipe or a device could go on for ever.
std::string read_text(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    throw UsageError(fmt::format("--config: '{}' is no file{}{}; write the path of one", path,
                                 error ? ": " : "", error ? error.message() : ""));
  }
  std::ifstream file(path, std::ios::binary);
  std::string text(most_config_bytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (!file.is_open() || file.bad()) {
    throw UsageError(
        fmt::format("--config: '{}' cannot be read; make it readable for this user", path));
  }
  if (text.size() > most_config_bytes) {
    throw UsageError(fmt::format("--config: '{}' is larger than 1MiB; write a smaller one", path));
  }
  return text;
}

}  // namespace

ConfigFile ConfigFile::read(const std::string& path, std::span<const Option> options) {
  return parse(read_text(path), path, options);
}

ConfigFile ConfigFile::parse(std::string_view text, std::string path,
                             std::span<const Option> options) {
  ConfigFile config;
  config.path_ = std::move(path);
  const auto add = [&](const Option& option, const toml::node& node) {
    const std::size_t line = line_of(node.source());
    auto written = scalar_text(node);
    if (!written) {
      refuse(config.path_, line,
             fmt::format("{0}: neither text nor a whole number; write {0} = \"{1}\"",
                         option.name.substr(2), example_of(option)));
    }
    const std::string value =
        option.names_file ? beside(config.path_, *written) : std::move(*written);
    config.values_.push_back({.option = option.name, .text = value, .line = line});
  };
  try {
    const toml::table table = toml::parse(text, config.path_);
    for (const auto& [key, node] : table) {
      const std::size_t line = line_of(key.source());
      const Option* option = find(options, key.str());
      if (option == nullptr) {
        refuse(config.path_, line,
               fmt::format("no option '{}' for a file; write those that --help lists, without "
                           "their dashes",
                           key.str()));
      }
      config.mentioned_.push_back(option->name);
      if (option->placeholder.empty()) {
        const auto* flag = node.as_boolean();
        if (flag == nullptr) {
          refuse(config.path_, line, fmt::format("{0}: write {0} = true or false", key.str()));
        }
        if (flag->get()) config.values_.push_back({option->name, "", line});
      } else if (const auto* list = node.as_array(); list != nullptr && option->repeatable) {
        for (const toml::node& element : *list) add(*option, element);
      } else {
        add(*option, node);
      }
    }
  } catch (const toml::parse_error& error) {
    refuse(config.path_, line_of(error.source()),
           fmt::format("no TOML: {}; write name = \"text\", name = 5, name = true or "
                       "name = [\"text\", \"text\"], and see toml.io",
                       error.description()));
  }
  return config;
}

bool ConfigFile::has(const Option& option) const noexcept {
  return std::ranges::count(mentioned_, option.name) > 0;
}

void ConfigFile::apply(const Option& option) const {
  for (const Value& value : values_) {
    if (value.option != option.name) continue;
    try {
      option.apply(value.text);
    } catch (const std::invalid_argument& refusal) {
      refuse(path_, value.line, fmt::format("{}: {}", option.name.substr(2), refusal.what()));
    }
  }
}

}  // namespace switchboard::command_line
