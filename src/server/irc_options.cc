#include "server/irc_options.hpp"

#include <fmt/core.h>

#include <stdexcept>
#include <string>

#include "chat/text.hpp"
#include "command_line/quantity.hpp"
#include "irc/names.hpp"
#include "server/accounts.hpp"

namespace switchboard::server {

namespace {

using namespace command_line;

constexpr std::size_t most_name_bytes = 63;  // of a server: RFC 2812 section 1.1
constexpr std::size_t most_text_bytes = 200;

void set_server_name(irc::Settings& settings, std::string_view value) {
  const bool is_host = value.find_first_not_of(
                           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                           "0123456789-.") == std::string_view::npos;
  if (!is_host || value.find('.') == std::string_view::npos || value.size() > most_name_bytes) {
    throw std::invalid_argument(
        fmt::format("'{}' is no name for a server; write one of letters, digits, hyphens and at "
                    "least one dot, such as irc.example.org",
                    value));
  }
  settings.server_name = value;
}

void set_network(irc::Settings& settings, std::string_view value) {
  if (value.empty() || value.size() > most_name_bytes || chat::has_control(value) ||
      value.find(' ') != std::string_view::npos || !chat::is_utf8(value)) {
    throw std::invalid_argument(
        fmt::format("'{}' is no name for a network; write one word of at most {} bytes", value,
                    most_name_bytes));
  }
  settings.network = value;
}

std::string text_of(std::string_view value) {
  if (value.empty() || value.size() > most_text_bytes || !chat::is_utf8(value) ||
      chat::has_control(value)) {
    throw std::invalid_argument(
        fmt::format("'{}' will not do; write UTF-8 without control characters, from 1 to {} bytes",
                    value, most_text_bytes));
  }
  return std::string{value};
}

void add_admin(irc::Settings& settings, std::string_view value) {
  if (settings.admin.size() == 3) {
    throw std::invalid_argument("three lines are the most; leave out the fourth");
  }
  settings.admin.push_back(text_of(value));
}

void add_operator(irc::Settings& settings, std::string_view value) {
  const std::size_t colon = value.find(':');
  if (colon == 0 || colon == std::string_view::npos || !is_password_hash(value.substr(colon + 1))) {
    throw std::invalid_argument(
        "that is not NAME:HASH; write what `switchboard account hash` prints behind the name and a "
        "colon");
  }
  settings.operators.push_back(
      {std::string{value.substr(0, colon)}, std::string{value.substr(colon + 1)}});
}

void add_host(irc::Settings& settings, std::string_view value) {
  const std::size_t colon = value.find(':');
  const std::string_view host = value.substr(colon == std::string_view::npos ? 0 : colon + 1);
  const bool is_host =
      !host.empty() && host.size() <= irc::most_host_bytes &&
      host.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-./") ==
          std::string_view::npos;
  if (colon == 0 || colon == std::string_view::npos || !is_host) {
    throw std::invalid_argument(
        fmt::format("'{}' is not NAME:HOST; write a host of letters, digits, hyphens, dots and "
                    "slashes behind the name of an account or operator: anna:staff.example.org",
                    value));
  }
  settings.hosts[irc::folded(value.substr(0, colon))] = host;
}

void set_ping_interval(irc::Settings& settings, std::string_view value) {
  const auto interval = parse_duration(value, Off::allowed);
  if (interval == Nanoseconds::zero()) {
    throw std::invalid_argument(
        fmt::format("'{}' leaves no time; write at least 1ms, or off", value));
  }
  settings.ping_interval = interval.value_or(Nanoseconds::zero());
}

}  // namespace

std::vector<Option> irc_rows(irc::Settings& settings) {
  return {
      {.name = "--server-name",
       .placeholder = "NAME",
       .initial = "switchboard.local",
       .help = "IRC: what the server calls itself",
       .apply = [&](std::string_view value) { set_server_name(settings, value); }},
      {.name = "--network",
       .placeholder = "NAME",
       .initial = "Switchboard",
       .help = "IRC: what clients call the network",
       .apply = [&](std::string_view value) { set_network(settings, value); }},
      {.name = "--description",
       .placeholder = "TEXT",
       .initial = "A switchboard",
       .help = "IRC: what WHOIS says of the server",
       .apply = [&](std::string_view value) { settings.description = text_of(value); }},
      {.name = "--admin",
       .placeholder = "TEXT",
       .initial = "",
       .help = "IRC: a line of ADMIN's answer; up to three",
       .apply = [&](std::string_view value) { add_admin(settings, value); },
       .repeatable = true,
       .example = "admin@example.org"},
      {.name = "--operator",
       .placeholder = "NAME:HASH",
       .initial = "",
       .help = "IRC: who may become an operator (OPER); see switchboard account hash",
       .apply = [&](std::string_view value) { add_operator(settings, value); },
       .repeatable = true,
       .example = "anna:$argon2id$..."},
      {.name = "--accounts",
       .placeholder = "FILE",
       .initial = "",
       .help = "IRC: whose passwords are taken; see switchboard account add",
       .apply = [&](std::string_view value) { settings.accounts = read_accounts(value); },
       .example = "accounts.txt",
       .names_file = true},
      {.name = "--host-of",
       .placeholder = "NAME:HOST",
       .initial = "",
       .help = "IRC: show HOST for the address of whoever logs in to that account, or becomes that "
               "operator",
       .apply = [&](std::string_view value) { add_host(settings, value); },
       .repeatable = true,
       .example = "anna:staff.example.org"},
      {.name = "--sasl-in-plain-text",
       .placeholder = "",
       .initial = "",
       .help = "IRC: take those passwords, although nothing hides them on their way",
       .apply = [&](std::string_view) { settings.offers_sasl = true; }},
      {.name = "--ping-interval",
       .placeholder = "TIME|off",
       .initial = "2m",
       .help = "IRC: ask who was silent for so long, and wait as long for an answer",
       .apply = [&](std::string_view value) { set_ping_interval(settings, value); }},
  };
}

}  // namespace switchboard::server
