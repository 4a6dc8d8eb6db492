#include "server/options.hpp"

#include <fmt/core.h>

#include <string>
#include <utility>

namespace switchboard::server {

namespace {

using namespace command_line;

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

// In the order of the table below.
enum CommandIndex : std::size_t { echo, chat, connect, account_add, account_hash, list };

}  // namespace

Command parse_command_line(int argc, const char* const* argv) {
  EchoOptions echo_options;
  ChatOptions chat_options;
  ClientOptions client_options;
  chat_options.arguments.assign(argv, argv + argc);
  AddAccount add_options;
  const Program program{
      .name = "switchboard",
      .help = "A non-blocking reactor with interchangeable pollers, and servers on it.",
      .version = version_text(),
      .commands = {echo_command(echo_options),
                   chat_command(chat_options),
                   connect_command(client_options),
                   add_account_command(add_options),
                   hash_password_command(),
                   {.name = "backends",
                    .help = "lists the ways to wait for descriptors",
                    .footer = "",
                    .options = {}}},
      .groups = {{.name = "account", .help = "accounts and hashes of passwords, for chat"}}};
  Outcome outcome = parse(program, argc, argv);
  if (auto* information = std::get_if<Information>(&outcome)) return std::move(*information);
  if (auto* usage = std::get_if<Usage>(&outcome)) return std::move(*usage);
  switch (std::get<std::size_t>(outcome)) {
    case echo:
      check(echo_options);
      return echo_options;
    case chat:
      check(chat_options);
      return chat_options;
    case connect:
      check(client_options);
      return client_options;
    case account_add:
      return add_options;
    case account_hash:
      return HashPassword{};
    default:
      return ListBackends{};
  }
}

}  // namespace switchboard::server
