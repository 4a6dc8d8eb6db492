#include "load/settings.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "command_line/quantity.hpp"

namespace switchboard::load {

namespace {

using namespace command_line;

constexpr std::size_t largest_message = 16 * 1024 * 1024;

void set_message_bytes(Settings& settings, std::string_view value) {
  settings.message_bytes = *parse_size(value, Off::refused);
  if (settings.message_bytes >= 1 && settings.message_bytes <= largest_message) return;
  throw std::invalid_argument(fmt::format("'{}' is no message; write 1 to 16MiB", value));
}

void set_pid(Settings& settings, std::string_view value) {
  const std::size_t pid = *parse_count(value, Off::refused);
  if (pid > std::size_t{std::numeric_limits<pid_t>::max()}) {
    throw std::invalid_argument(fmt::format("'{}' is no process; write its number", value));
  }
  settings.server_pid = static_cast<pid_t>(pid);
}

std::vector<Option> common_rows(Settings& settings) {
  return {
      {.name = "--server",
       .placeholder = "ENDPOINT",
       .initial = "tcp://127.0.0.1:7007",
       .help = "who is to be measured",
       .apply = [&](std::string_view value) { settings.server = Endpoint::parse(value); }},
      {.name = "--connections",
       .placeholder = "N",
       .initial = "1",
       .help = "at once",
       .apply =
           [&](std::string_view value) {
             settings.connections = *parse_count(value, Off::refused);
           }},
      {.name = "--size",
       .placeholder = "SIZE",
       .initial = "64",
       .help = "of a message",
       .apply = [&](std::string_view value) { set_message_bytes(settings, value); }},
      {.name = "--duration",
       .placeholder = "TIME",
       .initial = "3s",
       .help = "how long to measure",
       .apply =
           [&](std::string_view value) {
             settings.duration = *parse_duration(value, Off::refused);
           }},
      {.name = "--warm-up",
       .placeholder = "TIME",
       .initial = "500ms",
       .help = "how long to run before that",
       .apply =
           [&](std::string_view value) {
             settings.warm_up = *parse_duration(value, Off::refused);
           }},
      {.name = "--server-pid",
       .placeholder = "PID",
       .initial = "",
       .help = "report what this process spends; it must be the server, on this machine",
       .apply = [&](std::string_view value) { set_pid(settings, value); },
       .example = "4242"},
      {.name = "--backend",
       .placeholder = "NAME",
       .initial = std::string{default_backend().name},
       .help = "how this program waits; see switchboard backends",
       .apply = [&](std::string_view value) { settings.backend = &find_backend(value); }},
      {.name = "--json",
       .placeholder = "",
       .initial = "",
       .help = "report as one JSON object a line",
       .apply = [&](std::string_view) { settings.json = true; }},
  };
}

Option count_row(Settings& settings, std::string help) {
  return {
      .name = "--count",
      .placeholder = "N",
      .initial = "",
      .help = std::move(help),
      .apply = [&](std::string_view value) { settings.count = parse_count(value, Off::refused); },
      .example = "10000"};
}

std::vector<Option> echo_rows(Settings& settings) {
  auto rows = common_rows(settings);
  rows.push_back({.name = "--depth",
                  .placeholder = "N",
                  .initial = "1",
                  .help = "messages under way on each connection",
                  .apply = [&](std::string_view value) {
                    settings.depth = *parse_count(value, Off::refused);
                  }});
  rows.push_back(
      {.name = "--rate",
       .placeholder = "N",
       .initial = "",
       .help = "send so many messages a second over all connections, whatever comes back",
       .apply = [&](std::string_view value) { settings.rate = *parse_count(value, Off::refused); },
       .example = "20000"});
  rows.push_back(count_row(settings, "measure so many messages instead of --duration"));
  rows.push_back({.name = "--on-demand",
                  .placeholder = "",
                  .initial = "",
                  .help = "connect once, then measure for each line on standard input",
                  .apply = [&](std::string_view) { settings.on_demand = true; }});
  return rows;
}

std::vector<Option> churn_rows(Settings& settings) {
  auto rows = common_rows(settings);
  rows.push_back(count_row(settings, "measure so many connections instead of --duration"));
  return rows;
}

// The longest that the head of a published line can get.
constexpr std::size_t smallest_published = 64;

// "plain (lines; the first is a name), redis (...), ..."
std::string list_of_dialects() {
  std::string list;
  for (const Dialect& dialect : dialects()) {
    list += fmt::format("{}{} ({})", list.empty() ? "" : ", ", dialect.name, dialect.summary);
  }
  return list;
}

Option rooms_row(Settings& settings, std::string help) {
  return {
      .name = "--rooms",
      .placeholder = "N",
      .initial = "1",
      .help = std::move(help),
      .apply = [&](std::string_view value) { settings.rooms = *parse_count(value, Off::refused); }};
}

Option dialect_row(Settings& settings) {
  return {.name = "--dialect",
          .placeholder = "NAME",
          .initial = std::string{dialects().front().name},
          .help = list_of_dialects(),
          .apply = [&](std::string_view value) { settings.dialect = &find_dialect(value); }};
}

std::vector<Option> fanout_rows(Settings& settings) {
  auto rows = echo_rows(settings);
  for (Option& row : rows) {
    if (row.name == "--connections") row.help = "members of the rooms";
    if (row.name == "--depth")
      row.help = "messages of each publisher that somebody has not got yet";
    if (row.name == "--rate") row.help = "publish so many messages a second, whatever arrives";
  }
  rows.push_back({.name = "--publishers",
                  .placeholder = "N",
                  .initial = "1",
                  .help = "further connections, which speak",
                  .apply = [&](std::string_view value) {
                    settings.publishers = *parse_count(value, Off::refused);
                  }});
  rows.push_back(rooms_row(settings, "among which publishers and members are divided evenly"));
  rows.push_back(
      {.name = "--stopped",
       .placeholder = "N",
       .initial = "",
       .help = "further members, in a process that stops (SIGSTOP) once they are in",
       .apply =
           [&](std::string_view value) { settings.stopped = *parse_count(value, Off::refused); },
       .example = "1"});
  rows.push_back(dialect_row(settings));
  return rows;
}

std::vector<Option> crowd_rows(Settings& settings) {
  auto rows = common_rows(settings);
  std::erase_if(rows,
                [](const Option& row) { return row.name == "--size" || row.name == "--duration"; });
  for (Option& row : rows) {
    if (row.name == "--connections") row.help = "people";
    if (row.name == "--warm-up") row.help = "how long to wait before memory is looked at";
  }
  rows.push_back(rooms_row(settings, "among which people are divided evenly"));
  rows.push_back({.name = "--rooms-each",
                  .placeholder = "N",
                  .initial = "1",
                  .help = "in how many of them each is",
                  .apply = [&](std::string_view value) {
                    settings.rooms_each = *parse_count(value, Off::refused);
                  }});
  rows.push_back(
      {.name = "--leave",
       .placeholder = "N",
       .initial = "",
       .help = "so many of them go at once in the end, of each room as many",
       .apply =
           [&](std::string_view value) { settings.leavers = *parse_count(value, Off::refused); },
       .example = "5000"});
  rows.push_back(dialect_row(settings));
  return rows;
}

void check_crowd(const Settings& settings) {
  const Dialect& dialect = *settings.dialect;
  if (dialect.ask == nullptr) {
    throw UsageError(
        fmt::format("--dialect: {} tells nobody who goes; write plain or irc", dialect.name));
  }
  if (settings.rooms > settings.connections) {
    throw UsageError(fmt::format("--rooms: there are only {} people; write at most as many",
                                 settings.connections));
  }
  const std::size_t most = dialect.has_many_rooms ? settings.rooms : 1;
  if (settings.rooms_each > most) {
    throw UsageError(
        fmt::format("--rooms-each: one can be in no more than {} here; write at most "
                    "that",
                    most));
  }
  if (settings.leavers > settings.connections) {
    throw UsageError(fmt::format("--leave: there are only {} people; write at most as many",
                                 settings.connections));
  }
}

void check_fanout(const Settings& settings) {
  if (settings.stopped > 0 && !settings.dialect->tells_who_joined) {
    throw UsageError(
        fmt::format("--stopped: {} tells nobody that they are in a room; write "
                    "--dialect plain, redis or irc",
                    settings.dialect->name));
  }
  if (settings.message_bytes < smallest_published) {
    throw UsageError(
        fmt::format("--size: {} is too short for what a published line carries; write "
                    "at least {}",
                    settings.message_bytes, smallest_published));
  }
  const std::size_t longest = settings.dialect->longest_message;
  if (longest > 0 && settings.message_bytes > longest) {
    throw UsageError(fmt::format("--size: {} is too long for a line of {}; write at most {}",
                                 settings.message_bytes, settings.dialect->name, longest));
  }
  const std::size_t fewest = std::min(settings.publishers, settings.connections);
  if (settings.rooms > fewest) {
    throw UsageError(fmt::format(
        "--rooms: {} need as many --publishers and --connections, at least; write at most {}",
        settings.rooms, fewest));
  }
}

constexpr const char* footer =
    R"(Every byte that comes back is verified. What goes wrong (a refusal, a reset, a wrong byte) is counted
and named in the report, and makes the exit status 1.

An ENDPOINT is tcp://127.0.0.1:7007, tcp://[::1]:7007 or unix:///run/echo.sock. A TIME is 40ms, 3s or 1m,
a SIZE 65536, 64KiB or 1MiB.)";

constexpr const char* echo_footer =
    R"(Without --rate each connection keeps --depth messages under way (a closed loop): for throughput. With
--rate (an open loop) a message is sent when it is due, and its latency counts from then, so that a
server that stalls for a moment shows all that it delayed; --depth then says nothing. It keeps a core
busy to be punctual.

)";

constexpr const char* fanout_footer =
    R"(Every member must get every message of every publisher of its room once, in order and whole, and all
members of a room must get its messages in one order. Latency is from publishing to receipt.

)";

constexpr const char* crowd_footer =
    R"(With --leave, each of those who stay must be told of each who goes and shared a room with them, once.

)";

}  // namespace

Parsed parse_settings(int argc, const char* const* argv) {
  Settings settings;
  const Program program{
      .name = "switchboard-load",
      .help = "Puts a server under load, verifies what comes back, and reports what it cost.",
      .version =
          fmt::format("switchboard-load {}\ncompiler: {}\n", SWITCHBOARD_VERSION, compiler()),
      .commands = {
          {.name = "echo",
           .help = "messages to an echo server: throughput and latency",
           .footer = std::string{echo_footer} + footer,
           .options = echo_rows(settings)},
          {.name = "idle",
           .help = "connections that speak once: memory and CPU of a server that waits",
           .footer = footer,
           .options = common_rows(settings)},
          {.name = "churn",
           .help = "connect, one message, close: connections a second",
           .footer = footer,
           .options = churn_rows(settings)},
          {.name = "fanout",
           .help = "messages to the members of a chat room: deliveries and their latency",
           .footer = std::string{fanout_footer} + footer,
           .options = fanout_rows(settings)},
          {.name = "crowd",
           .help = "people in many rooms: what each costs, and many who go at once",
           .footer = std::string{crowd_footer} + footer,
           .options = crowd_rows(settings)},
      }};
  Outcome outcome = parse(program, argc, argv);
  if (auto* information = std::get_if<Information>(&outcome)) return std::move(*information);
  if (auto* usage = std::get_if<Usage>(&outcome)) return std::move(*usage);
  settings.mode = static_cast<Mode>(std::get<std::size_t>(outcome));
  if (settings.mode == Mode::idle && settings.server_pid == 0) {
    throw UsageError("--server-pid is missing: whose memory is to be read? write --server-pid PID");
  }
  if (settings.mode == Mode::fanout) check_fanout(settings);
  if (settings.mode == Mode::crowd) check_crowd(settings);
  if (settings.rate > 0 && settings.depth > 1) {
    throw UsageError("--depth and --rate contradict each other; give one of them");
  }
  return settings;
}

}  // namespace switchboard::load
