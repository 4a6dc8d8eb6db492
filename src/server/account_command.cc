#include <fmt/core.h>

#include <iostream>
#include <stdexcept>
#include <string>

#include "switchboard/sys/process.hpp"
#include "switchboard/sys/terminal.hpp"

#include "chat/chat.hpp"
#include "command_line/output.hpp"
#include "server/accounts.hpp"
#include "server/commands.hpp"

namespace switchboard::server {

namespace {

// A line of standard input; nobody else's process list shows it. Who types it is asked, and nobody
// who looks over their shoulder reads it.
std::string read_password() {
  const sys::HiddenInput hidden{sys::standard_input};
  if (hidden.is_hidden()) {
    (void)command_line::write_all(sys::standard_error, "password, which is not shown: ");
  }
  std::string password;
  if (!std::getline(std::cin, password) || password.empty()) {
    throw std::runtime_error("no password came; write it to standard input, as one line");
  }
  return password;
}

int print(const std::string& line) {
  if (const auto error = command_line::write_all(sys::standard_output, line)) {
    throw std::system_error(error, "cannot print");
  }
  return 0;
}

}  // namespace

int add_account(const AddAccount& options) {
  const std::string hash = hash_password(read_password());
  write_account(options.file, options.name, hash);
  return print(fmt::format("{}: {} can log in now; a server that runs reads it on SIGHUP\n",
                           options.file, options.name));
}

int print_hash(const HashPassword&) {
  return print(hash_password(read_password()) + "\n");
}

}  // namespace switchboard::server
