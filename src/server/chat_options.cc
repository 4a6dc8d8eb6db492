#include "server/chat_options.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

#include "command_line/quantity.hpp"
#include "server/accounts.hpp"
#include "server/irc_options.hpp"

namespace switchboard::server {

using namespace command_line;

namespace {

constexpr std::string_view plain_dialect = "plain+";
constexpr std::string_view irc_dialect = "irc+";
constexpr std::size_t longest_motd = 64 * 1024;  // well within any output limit

constexpr std::string_view about_chat =
    R"(People connect with nc, telnet or socat: the first line is a name, every further one is said to
the room; /help lists the commands. Or with any IRC client, to an endpoint that begins with irc+: the
room "lobby" is the channel #lobby there.

An ENDPOINT is plain+tcp://127.0.0.1:7000, irc+tcp://127.0.0.1:6667, plain+tcp://[::1]:7000,
plain+tcp://localhost:7000, plain+tcp://*:7000 (every address) or plain+unix:///run/chat.sock; port 0
picks one. A TIME is 250ms, 30s, 5m or 1h, a SIZE 65536, 64KiB, 1MiB or 2GiB (KB, MB, GB: powers of
1,000). 'off' turns a limit off.

A --config FILE is TOML: each option under its name without the dashes, listen = ["irc+tcp://..."];
what the command line says counts more. The files that it names are looked for from its own folder.
SIGHUP reads it again; without a --config it ends the server at once, as a closed terminal does.

)";

void add_endpoint(ChatOptions& options, std::string_view value) {
  const bool is_irc = value.starts_with(irc_dialect);
  const std::string_view dialect = is_irc ? irc_dialect : plain_dialect;
  if (!value.starts_with(dialect)) {
    throw std::invalid_argument(
        fmt::format("'{}' names no dialect; write plain+ or irc+ in front of the endpoint: "
                    "{}tcp://127.0.0.1:7000",
                    value, plain_dialect));
  }
  try {
    add_listening_endpoint(is_irc ? options.irc : options.plain, value.substr(dialect.size()));
  } catch (const std::invalid_argument& refusal) {  // tells of what stands behind the dialect
    throw std::invalid_argument(fmt::format("{} (behind {})", refusal.what(), dialect));
  }
}

void read_motd(ChatOptions& options, std::string_view path) {
  std::ifstream file{std::string{path}, std::ios::binary};
  std::string text(longest_motd + 1, '\0');  // of what never ends, too
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (!file.is_open() || file.bad()) {
    throw std::invalid_argument(fmt::format("cannot read '{}' ({}); name a file that can be read",
                                            path, sys::make_error(errno).message()));
  }
  if (text.size() > longest_motd) {
    throw std::invalid_argument(
        fmt::format("'{}' is too long; write at most {}", path, format_size(longest_motd)));
  }
  if (!chat::is_utf8(text)) {
    throw std::invalid_argument(fmt::format("'{}' is not UTF-8; save it as UTF-8", path));
  }
  std::erase(text, '\r');
  if (!text.empty() && !text.ends_with('\n')) text.push_back('\n');
  options.plain_settings.motd = std::move(text);
}

// BURST:RATE, or off.
chat::BucketSize parse_flood(std::string_view text) {
  if (text == "off") return {};
  unsigned burst = 0;
  unsigned rate = 0;
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, burst);
  const bool has_rate = first.ec == std::errc{} && first.ptr != end && *first.ptr == ':';
  const auto second =
      has_rate ? std::from_chars(first.ptr + 1, end, rate) : std::from_chars_result{end, first.ec};
  constexpr unsigned most = 1'000'000;
  if (!has_rate || second.ec != std::errc{} || second.ptr != end || burst == 0 || rate == 0 ||
      burst > most || rate > most) {
    throw std::invalid_argument(fmt::format(
        "'{}' is not LINES:PER_SECOND, both from 1 to {}; write 20:5 for twenty lines at once and "
        "five a second after that, or off",
        text, most));
  }
  return {.burst = burst, .interval = Nanoseconds{std::chrono::seconds{1}} / rate};
}

// A file's name, without its folder, as one parameter of a message.
std::string word_of(const std::string& path) {
  std::string name = std::filesystem::path{path}.filename().string();
  std::ranges::replace_if(
      name, [](char c) { return c <= ' ' || c > '~' || c == ':'; }, '_');
  return name;
}

std::vector<Option> chat_rows(ChatOptions& options) {
  return {
      {.name = "--motd",
       .placeholder = "FILE",
       .initial = "",
       .help = "what everybody is shown first",
       .apply = [&](std::string_view value) { read_motd(options, value); },
       .example = "motd.txt",
       .names_file = true},
      {.name = "--max-per-address",
       .placeholder = "N|off",
       .initial = "off",
       .help = "connections from one address (one /64 of IPv6)",
       .apply =
           [&](std::string_view value) {
             options.addresses.most = parse_count(value, Off::allowed).value_or(SIZE_MAX);
           }},
      {.name = "--count-loopback",
       .placeholder = "",
       .initial = "",
       .help = "--max-per-address holds for this machine too",
       .apply = [&](std::string_view) { options.addresses.counts_loopback = true; }},
      {.name = "--registration-timeout",
       .placeholder = "TIME|off",
       .initial = "60s",
       .help = "show out who has given no name by then",
       .apply =
           [&](std::string_view value) {
             options.plain_settings.registration_timeout =
                 parse_duration(value, Off::allowed).value_or(Nanoseconds::zero());
           }},
      {.name = "--flood",
       .placeholder = "LINES:PER_SECOND|off",
       .initial = "20:5",
       .help = "so many at once; who is faster is not read from for a while",
       .apply = [&](std::string_view value) { options.plain_settings.flood = parse_flood(value); }},
      {.name = "--line-limit",
       .placeholder = "SIZE",
       .initial = "1024",
       .help = "a longer line is refused whole",
       .apply =
           [&](std::string_view value) {
             options.plain_settings.line_bytes = *parse_size(value, Off::refused);
           }},
      {.name = "--room-limit",
       .placeholder = "N",
       .initial = "10000",
       .help = "how many rooms there may be",
       .apply =
           [&](std::string_view value) {
             options.chat_limits.rooms = *parse_count(value, Off::refused);
           }},
  };
}

std::vector<Option> config_rows(ChatOptions& options) {
  return {{.name = "--config",
           .placeholder = "FILE",
           .initial = "",
           .help = "read options from it, too",
           .apply = [&](std::string_view value) { options.config_file = value; },
           .example = "switchboard.toml",
           .command_line_only = true,
           .names_config_file = true},
          {.name = "--check-config",
           .placeholder = "",
           .initial = "",
           .help = "say whether all options are well, and exit",
           .apply = [&](std::string_view) { options.only_checks = true; },
           .command_line_only = true}};
}

}  // namespace

void check(ChatOptions& options) {
  check(static_cast<const ServerOptions&>(options));
  if (options.plain_settings.line_bytes > options.limits.high_water_bytes) {
    throw UsageError(fmt::format(
        "--line-limit: {} is more than --high-water, {}; a line would fill what its receivers may "
        "have unread",
        format_size(options.plain_settings.line_bytes),
        format_size(options.limits.high_water_bytes)));
  }
  irc::Settings& irc = options.irc_settings;
  if (!irc.accounts.empty() && !irc.offers_sasl) {
    throw UsageError(
        "--accounts: without --sasl-in-plain-text nobody can log in; add that, or leave this out");
  }
  irc.motd = options.plain_settings.motd;
  irc.flood = options.plain_settings.flood;
  irc.registration_timeout = options.plain_settings.registration_timeout;
  irc.hash_of_nobody = can_hash_passwords() ? hash_of_nobody() : "";
  irc.version = "switchboard-" SWITCHBOARD_VERSION;
  if (!options.config_file.empty()) irc.config_file = word_of(options.config_file);
}

std::string needing_a_restart(const ChatOptions& old, const ChatOptions& fresh) {
  struct Row {
    std::string_view option;
    bool is_other;
  };
  std::string options;
  for (const Row& row : {
           Row{"listen", old.plain != fresh.plain || old.irc != fresh.irc},
           Row{"backend", old.backend != fresh.backend},
           Row{"keepalive", old.limits.keepalive.idle != fresh.limits.keepalive.idle},
           Row{"server-name", old.irc_settings.server_name != fresh.irc_settings.server_name},
       }) {
    if (row.is_other) options += fmt::format("{}{}", options.empty() ? "" : ", ", row.option);
  }
  return options;
}

command_line::Command chat_command(ChatOptions& options) {
  std::vector<Option> rows{{.name = "--listen",
                            .placeholder = "ENDPOINT",
                            .initial = "plain+tcp://127.0.0.1:7000",
                            .help = "where to listen; may be given again for more",
                            .apply = [&](std::string_view value) { add_endpoint(options, value); },
                            .repeatable = true}};
  std::ranges::move(server_rows(options, {.idle_timeout = "off"}), std::back_inserter(rows));
  std::ranges::move(chat_rows(options), std::back_inserter(rows));
  std::ranges::move(irc_rows(options.irc_settings), std::back_inserter(rows));
  std::ranges::move(config_rows(options), std::back_inserter(rows));
  return {.name = "chat",
          .help = "rooms for people with nc, and with any IRC client",
          .footer = fmt::format("{}{}", about_chat, server_help),
          .options = std::move(rows)};
}

}  // namespace switchboard::server
