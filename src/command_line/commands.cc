#include "command_line/commands.hpp"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "command_line/config_file.hpp"

namespace switchboard::command_line {

namespace {

// What was written for each option of one command.
struct Written {
  std::vector<std::string> values;
  bool flag = false;
};

bool is_operand(const Option& option) {
  return !option.name.starts_with('-');
}

[[noreturn]] void refuse_missing_value(const Option& option) {
  throw UsageError(fmt::format("{0}: a value is missing; write {0} {1}", option.name,
                               option.example.empty() ? option.initial : option.example));
}

void apply(const Option& option, const Written& written) {
  if (option.placeholder.empty()) {
    if (written.flag) option.apply("");
    return;
  }
  if (written.values.size() > 1 && !option.repeatable) {
    throw UsageError(
        fmt::format("{}: given {} times; give it once", option.name, written.values.size()));
  }
  if (written.values.empty() && option.required) {
    throw UsageError(fmt::format("{} is missing; write {}{}{}", option.name,
                                 is_operand(option) ? "" : option.name,
                                 is_operand(option) ? "" : " ", option.example));
  }
  try {
    if (written.values.empty() && !option.initial.empty()) option.apply(option.initial);
    for (const std::string& value : written.values) {
      if (value.starts_with("--")) refuse_missing_value(option);
      option.apply(value);
    }
  } catch (const std::invalid_argument& refusal) {
    throw UsageError(fmt::format("{}: {}", option.name, refusal.what()));
  }
}

// The configuration file that the command line names, if it does.
std::optional<ConfigFile> read_config(const Command& command, const std::vector<Written>& written) {
  for (std::size_t i = 0; i < command.options.size(); ++i) {
    if (!command.options[i].names_config_file || written[i].values.empty()) continue;
    return ConfigFile::read(written[i].values.front(), command.options);
  }
  return std::nullopt;
}

void apply_all(const Command& command, const std::vector<Written>& written) {
  const std::optional<ConfigFile> config = read_config(command, written);
  for (std::size_t i = 0; i < command.options.size(); ++i) {
    const Option& option = command.options[i];
    const bool on_command_line = written[i].flag || !written[i].values.empty();
    if (config && !on_command_line && config->has(option)) {
      config->apply(option);
    } else {
      apply(option, written[i]);
    }
  }
}

// What CLI11 could make nothing of is collected, so that the complaint can say what to do.
void refuse_leftovers(const CLI::App& app, const std::string& command, bool expects_command) {
  const auto leftovers = app.remaining();
  if (leftovers.empty()) return;
  const std::string& first = leftovers.front();
  const bool is_option = first.starts_with('-');
  throw UsageError(fmt::format("{} '{}'; see {} --help",
                               is_option         ? "no option"
                               : expects_command ? "no command"
                                                 : "no use for",
                               first, command));
}

class Parser {
 public:
  explicit Parser(const Program& program) : program_(program), app_{program.help, program.name} {
    app_.require_subcommand(0, 1);
    app_.footer(program.name + " COMMAND --help tells the options of a command.");
    dress(app_);
    for (const Command& command : program.commands) add(command);
  }

  Outcome parse(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
      return Information{app_.help()};
    } catch (const CLI::CallForVersion&) {
      return Information{program_.version};
    } catch (const CLI::ArgumentMismatch& complaint) {
      refuse_mismatch(complaint.what());
    } catch (const CLI::ParseError& complaint) {
      throw UsageError(complaint.what());
    }
    return interpret();
  }

 private:
  void dress(CLI::App& app) {
    app.allow_extras();
    app.set_help_flag("-h,--help", "print this and exit");
    app.set_version_flag("--version", program_.version, "print version, backends and compiler");
    app.get_formatter()->column_width(34);
  }

  static std::string last_word(const std::string& name) { return name.substr(name.rfind(' ') + 1); }

  // "account add" is a command of "account", which by itself is none.
  CLI::App& parent_of(const std::string& name) {
    const std::size_t blank = name.find(' ');
    if (blank == std::string::npos) return app_;
    const std::string group = name.substr(0, blank);
    CLI::App*& app = groups_[group];
    if (app == nullptr) {
      const auto found = std::ranges::find(program_.groups, group, &Group::name);
      app = app_.add_subcommand(group, found == program_.groups.end() ? "" : found->help);
      app->require_subcommand(0, 1);
      app->footer(program_.name + " " + group + " COMMAND --help tells the options of a command.");
      dress(*app);
    }
    return *app;
  }

  void add(const Command& command) {
    CLI::App& app = *parent_of(command.name).add_subcommand(last_word(command.name), command.help);
    app.footer(command.footer);
    dress(app);
    auto& written = written_.emplace_back(command.options.size());
    for (std::size_t i = 0; i < command.options.size(); ++i) {
      const Option& option = command.options[i];
      const std::string initial =
          option.initial.empty() ? "" : fmt::format(" [{}]", option.initial);
      if (option.placeholder.empty()) {
        app.add_flag(option.name, written[i].flag, option.help);
        continue;
      }
      app.add_option(option.name, written[i].values, option.help + initial)
          ->type_name(is_operand(option) ? "" : option.placeholder)
          ->expected(1)
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    }
    apps_.push_back(&app);
  }

  // A group by itself is no command. What is left of its line is the wrong one.
  void refuse_lone_groups() const {
    for (const auto& [name, app] : groups_) {
      if (!app->parsed() || !app->get_subcommands().empty()) continue;
      const std::string group = program_.name + " " + name;
      refuse_leftovers(*app, group, true);
      std::string names;
      for (const Command& command : program_.commands) {
        if (!command.name.starts_with(name + " ")) continue;
        names += (names.empty() ? "" : " or ") + program_.name + " " + command.name;
      }
      throw UsageError(fmt::format("{}: a command is missing; write {}", name, names));
    }
  }

  // Values first: one that was forgotten makes the next option a value, and leaves its own over.
  Outcome interpret() const {
    Outcome outcome = Usage{app_.help()};
    for (std::size_t i = 0; i < apps_.size(); ++i) {
      if (!apps_[i]->parsed()) continue;
      apply_all(program_.commands[i], written_[i]);
      outcome = i;
    }
    refuse_leftovers(app_, program_.name, true);
    refuse_lone_groups();
    for (std::size_t i = 0; i < apps_.size(); ++i) {
      refuse_leftovers(*apps_[i], program_.name + " " + program_.commands[i].name, false);
    }
    return outcome;
  }

  // CLI11 begins its complaint with the option's name.
  [[noreturn]] void refuse_mismatch(std::string_view complaint) const {
    for (std::size_t i = 0; i < apps_.size(); ++i) {
      if (!apps_[i]->parsed()) continue;
      for (const Option& option : program_.commands[i].options) {
        if (complaint.starts_with(option.name + ":")) refuse_missing_value(option);
      }
    }
    throw UsageError(std::string{complaint});
  }

  const Program& program_;
  CLI::App app_;
  std::map<std::string, CLI::App*> groups_;
  std::vector<CLI::App*> apps_;
  std::deque<std::vector<Written>> written_;  // CLI11 keeps references into it
};

}  // namespace

Outcome parse(const Program& program, int argc, const char* const* argv) {
  return Parser{program}.parse(argc, argv);
}

std::string compiler() {
#if defined(__clang__)
  return fmt::format("clang++ {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
  return fmt::format("g++ {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

}  // namespace switchboard::command_line
