#include "server/account_options.hpp"

#include <fmt/core.h>

#include <stdexcept>

#include "chat/chat.hpp"
#include "irc/names.hpp"

namespace switchboard::server {

using namespace command_line;

namespace {

constexpr std::string_view about_passwords =
    "The password is the first line of standard input; at a terminal it is asked for, and not "
    "shown.";

}  // namespace

command_line::Command add_account_command(AddAccount& options) {
  return {.name = "account add",
          .help = "adds an account for switchboard chat, or changes its password",
          .footer = std::string{about_passwords},
          .options = {{.name = "--accounts",
                       .placeholder = "FILE",
                       .initial = "",
                       .help = "the file of accounts; made where there is none",
                       .apply = [&](std::string_view value) { options.file = value; },
                       .required = true,
                       .example = "accounts.txt"},
                      {.name = "--name",
                       .placeholder = "NAME",
                       .initial = "",
                       .help = "whose it is",
                       .apply =
                           [&](std::string_view value) {
                             if (!irc::is_nickname(value, chat::ChatLimits{}.name_bytes)) {
                               throw std::invalid_argument(fmt::format(
                                   "'{}' is no name for an account; write one that could be a "
                                   "nickname",
                                   value));
                             }
                             options.name = value;
                           },
                       .required = true,
                       .example = "anna"}}};
}

command_line::Command hash_password_command() {
  return {.name = "account hash",
          .help = "prints the hash of a password, for --operator NAME:HASH",
          .footer = std::string{about_passwords},
          .options = {}};
}

}  // namespace switchboard::server
