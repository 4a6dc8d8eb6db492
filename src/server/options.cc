#include "server/options.hpp"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "server/quantity.hpp"

namespace switchboard::server {

namespace {

constexpr std::size_t no_limit = SIZE_MAX;

// One option of `echo`. Each takes one value; only --listen may be given again.
struct OptionRow {
  std::string name;
  std::string placeholder;
  std::string_view initial;  // where it is not given
  std::string help;
  void (*apply)(EchoOptions& options, std::string_view value);  // throws std::invalid_argument
};

void add_endpoint(EchoOptions& options, std::string_view value) {
  Endpoint endpoint = Endpoint::parse(value);
  // Port 0 is another one each time.
  const bool picked = endpoint.kind() == Endpoint::Kind::tcp && endpoint.port() == 0;
  if (!picked && std::ranges::count(options.listen, endpoint) > 0) {
    throw std::invalid_argument(fmt::format("'{}' is given twice; give it once", value));
  }
  options.listen.push_back(std::move(endpoint));
}

void set_idle_timeout(EchoOptions& options, std::string_view value) {
  const auto timeout = parse_duration(value, Off::allowed);
  if (timeout == Nanoseconds::zero()) {
    throw std::invalid_argument(
        fmt::format("'{}' leaves no time; write at least 1ms, or off", value));
  }
  options.limits.idle_timeout = timeout.value_or(Nanoseconds::zero());
}

void set_high_water(EchoOptions& options, std::string_view value) {
  options.limits.high_water_bytes = *parse_size(value, Off::refused);
  if (options.limits.high_water_bytes == 0) {
    throw std::invalid_argument(fmt::format("'{}' leaves no room; write at least 1 byte", value));
  }
  options.limits.low_water_bytes = options.limits.high_water_bytes / 4;
}

// How long a client may take nothing that is sent behind its end of stream is the table's own
// limit: a short shutdown must not shorten it, a long one must not be cut short by it.
void set_drain_timeout(EchoOptions& options, std::string_view value) {
  options.drain_timeout = *parse_duration(value, Off::refused);
  options.limits.drain_timeout = std::max(options.limits.drain_timeout, options.drain_timeout);
}

const std::array<OptionRow, 8>& echo_rows() {
  static const std::array<OptionRow, 8> rows{{
      {"--listen", "ENDPOINT", "tcp://127.0.0.1:7007",
       "where to listen; may be given again for more", add_endpoint},
      {"--backend", "NAME", default_backend().name, "how to wait; see switchboard backends",
       [](EchoOptions& options, std::string_view value) {
         options.backend = &find_backend(value);
       }},
      {"--max-connections", "N|off", "off", "further clients wait in the backlog",
       [](EchoOptions& options, std::string_view value) {
         options.limits.max_connections = parse_count(value, Off::allowed).value_or(no_limit);
       }},
      {"--idle-timeout", "TIME|off", "5m", "close connections on which nothing moves for so long",
       set_idle_timeout},
      {"--high-water", "SIZE", "256KiB", "stop reading from a client with so much unread echo",
       set_high_water},
      {"--output-limit", "SIZE|off", "1MiB", "close a client with more than this unread",
       [](EchoOptions& options, std::string_view value) {
         options.limits.output_limit_bytes = parse_size(value, Off::allowed).value_or(no_limit);
       }},
      {"--drain-timeout", "TIME", "5s", "how long a shutdown waits for slow readers",
       set_drain_timeout},
      {"--log-level", "LEVEL", "info", "debug, info, warn or error",
       [](EchoOptions& options, std::string_view value) {
         options.log_level = parse_log_level(value);
       }},
  }};
  return rows;
}

[[noreturn]] void refuse_missing_value(const OptionRow& row) {
  throw UsageError(fmt::format("{0}: a value is missing; write {0} {1}", row.name, row.initial));
}

using Values = std::array<std::vector<std::string>, 8>;

EchoOptions to_echo_options(const Values& values) {
  EchoOptions options;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const OptionRow& row = echo_rows()[i];
    if (values[i].size() > 1 && row.name != "--listen") {
      throw UsageError(fmt::format("{}: given {} times; give it once", row.name, values[i].size()));
    }
    try {
      if (values[i].empty()) row.apply(options, row.initial);
      for (const std::string& value : values[i]) {
        if (value.starts_with("--")) refuse_missing_value(row);
        row.apply(options, value);
      }
    } catch (const std::invalid_argument& refusal) {
      throw UsageError(fmt::format("{}: {}", row.name, refusal.what()));
    }
  }
  const ConnectionLimits& limits = options.limits;
  if (limits.output_limit_bytes < limits.high_water_bytes) {
    throw UsageError(fmt::format(
        "--output-limit: {} is less than --high-water, {}; raise the one or lower the other",
        format_size(limits.output_limit_bytes), format_size(limits.high_water_bytes)));
  }
  return options;
}

std::string compiler() {
#if defined(__clang__)
  return fmt::format("clang++ {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
  return fmt::format("g++ {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

std::string version_text() {
  std::string names;
  for (const Backend& backend : backends()) {
    if (!backend.available()) continue;
    names += fmt::format("{}{}{}", names.empty() ? "" : ", ", backend.name,
                         &backend == &default_backend() ? " (default)" : "");
  }
  return fmt::format("switchboard {}\nbackends: {}\ncompiler: {}\n", SWITCHBOARD_VERSION, names,
                     compiler());
}

// What CLI11 could make nothing of is collected, so that the complaint can say what to do.
void refuse_leftovers(const CLI::App& app, const std::string& command) {
  const auto leftovers = app.remaining();
  if (leftovers.empty()) return;
  const std::string& first = leftovers.front();
  const bool is_option = first.starts_with('-');
  const bool expects_command = !is_option && command == "switchboard";
  throw UsageError(fmt::format("{} '{}'; see {} --help",
                               expects_command ? "no command"
                               : is_option     ? "no option"
                                               : "no use for",
                               first, command));
}

// CLI11 begins its complaint with the option's name.
[[noreturn]] void refuse_mismatch(std::string_view complaint) {
  for (const OptionRow& row : echo_rows()) {
    if (complaint.starts_with(row.name + ":")) refuse_missing_value(row);
  }
  throw UsageError(std::string{complaint});
}

constexpr const char* echo_footer =
    R"(An ENDPOINT is tcp://127.0.0.1:7007, tcp://[::1]:7007, tcp://localhost:7007, tcp://*:7007 (every
address) or unix:///run/echo.sock; port 0 picks one. A TIME is 250ms, 30s, 5m or 1h, a SIZE 65536,
64KiB, 1MiB or 2GiB (KB, MB, GB: powers of 1,000). 'off' turns a limit off.

Standard output says 'listening on ENDPOINT (BACKEND)' for each address, standard error is the log.
SIGINT or SIGTERM ends the server when what is queued has been sent; a second one ends it at once.)";

// The parser and what it fills.
class CommandLine {
 public:
  CommandLine() {
    app_.require_subcommand(0, 1);
    app_.footer("switchboard COMMAND --help tells the options of a command.");
    echo_.footer(echo_footer);
    for (CLI::App* app : {&app_, &echo_, &backends_}) {
      app->allow_extras();
      app->set_help_flag("-h,--help", "print this and exit");
      app->set_version_flag("--version", version_text(), "print version, backends and compiler");
      app->get_formatter()->column_width(34);
    }
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const OptionRow& row = echo_rows()[i];
      echo_.add_option(row.name, values_[i], fmt::format("{} [{}]", row.help, row.initial))
          ->type_name(row.placeholder)
          ->expected(1)
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    }
  }

  Command parse(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
      return Information{app_.help()};
    } catch (const CLI::CallForVersion&) {
      return Information{version_text()};
    } catch (const CLI::ArgumentMismatch& complaint) {
      refuse_mismatch(complaint.what());
    } catch (const CLI::ParseError& complaint) {
      throw UsageError(complaint.what());
    }
    Command command = interpret();
    refuse_leftovers(app_, "switchboard");
    refuse_leftovers(echo_, "switchboard echo");
    refuse_leftovers(backends_, "switchboard backends");
    return command;
  }

 private:
  // Values first: one that was forgotten makes the next option a value, and leaves its own over.
  Command interpret() const {
    if (echo_.parsed()) return to_echo_options(values_);
    if (backends_.parsed()) return ListBackends{};
    return Usage{app_.help()};
  }

  CLI::App app_{"A non-blocking reactor with interchangeable pollers, and servers on it.",
                "switchboard"};
  CLI::App& echo_ = *app_.add_subcommand("echo", "sends back what it is sent (RFC 862)");
  CLI::App& backends_ = *app_.add_subcommand("backends", "lists the ways to wait for descriptors");
  Values values_;
};

}  // namespace

Command parse_command_line(int argc, const char* const* argv) {
  return CommandLine{}.parse(argc, argv);
}

}  // namespace switchboard::server
