// From where a helper was called, for what it says when it fails: std::source_location, which
// clang 14 has not.
#pragma once

#include <string>

namespace switchboard::test {

struct CallSite {
  const char* file;
  int line;

  // As a default argument: void await(int fd, CallSite caller = CallSite::here()).
  static constexpr CallSite here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    return {file, line};
  }
  std::string to_string() const { return std::string{file} + ":" + std::to_string(line); }
};

}  // namespace switchboard::test
