// The command lines of both programs on arbitrary arguments, one a line of the input: a command, or
// a complaint of one line.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "load/settings.hpp"
#include "server/options.hpp"

namespace {

template <typename Parse>
void expect_command_or_complaint(const Parse& parse) {
  try {
    (void)parse();
  } catch (const switchboard::command_line::UsageError& complaint) {
    const std::string text = complaint.what();
    if (text.empty()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> lines{"program", ""};
  for (std::size_t i = 0; i < size; ++i) {
    const char byte = static_cast<char>(data[i]);
    if (byte == '\n') {
      lines.emplace_back();
    } else if (byte != '\0') {  // no argument has one
      lines.back().push_back(byte);
    }
  }
  std::vector<const char*> arguments;
  for (const std::string& line : lines) arguments.push_back(line.c_str());
  const int count = static_cast<int>(arguments.size());
  expect_command_or_complaint(
      [&] { return switchboard::server::parse_command_line(count, arguments.data()); });
  expect_command_or_complaint(
      [&] { return switchboard::load::parse_settings(count, arguments.data()); });
  return 0;
}
