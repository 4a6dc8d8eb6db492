// What most system calls return: 0, or -1 and an errno.
#pragma once

#include <cerrno>
#include <system_error>

#include "switchboard/sys/result.hpp"

namespace switchboard::sys {

inline std::error_code outcome(int returned) noexcept {
  return returned == 0 ? std::error_code{} : make_error(errno);
}

}  // namespace switchboard::sys
