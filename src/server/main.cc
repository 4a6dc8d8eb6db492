#include <fmt/core.h>

#include <exception>
#include <new>
#include <string_view>
#include <system_error>

#include "switchboard/sys/process.hpp"

#include "command_line/output.hpp"
#include "server/commands.hpp"
#include "server/logfmt.hpp"
#include "server/options.hpp"

namespace {

using namespace switchboard;
using namespace switchboard::server;
using command_line::Information;
using command_line::Usage;
using command_line::UsageError;

constexpr int failed = 1;
constexpr int misused = 2;

template <typename... Callables>
struct Overloaded : Callables... {
  using Callables::operator()...;
};
template <typename... Callables>
Overloaded(Callables...) -> Overloaded<Callables...>;  // clang 14 does not deduce it

int print(int fd, std::string_view text, int status) {
  if (const auto error = command_line::write_all(fd, text))
    throw std::system_error(error, "cannot print");
  return status;
}

int run(const server::Command& command) {
  return std::visit(
      Overloaded{
          [](const EchoOptions& options) { return run_echo(options); },
          [](const ChatOptions& options) { return run_chat(options); },
          [](const ClientOptions& options) { return run_connect(options); },
          [](const AddAccount& options) { return add_account(options); },
          [](const HashPassword& options) { return print_hash(options); },
          [](const ListBackends&) { return list_backends(); },
          [](const Information& asked) { return print(sys::standard_output, asked.text, 0); },
          [](const Usage& usage) { return print(sys::standard_error, usage.text, misused); },
      },
      command);
}

// One line, whatever a file name or an argument holds. Where even that cannot be written, the exit
// status has to do.
void complain(std::string_view problem) {
  (void)command_line::write_all(sys::standard_error,
                                fmt::format("switchboard: {}\n", printable(problem)));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (const auto error = sys::occupy_standard_descriptors()) {
      throw std::system_error(error, "cannot open /dev/null");
    }
    return run(parse_command_line(argc, argv));
  } catch (const UsageError& problem) {
    complain(problem.what());
    return misused;
  } catch (const std::bad_alloc&) {
    (void)command_line::write_all(sys::standard_error, "switchboard: out of memory\n");
  } catch (const std::exception& problem) {
    complain(problem.what());
  }
  return failed;
}
