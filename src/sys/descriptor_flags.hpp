// For systems whose calls cannot make a descriptor non-blocking and close-on-exec in one step.
#pragma once

#include <fcntl.h>

#include <cerrno>
#include <system_error>

#include "switchboard/sys/result.hpp"

namespace switchboard::sys {

// fcntl(2). Between making the descriptor and this call another thread may fork and exec; systems
// without SOCK_CLOEXEC leave no way around that.
inline std::error_code set_nonblocking_cloexec(int fd) noexcept {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) return make_error(errno);
  if (::fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) return make_error(errno);
  return {};
}

}  // namespace switchboard::sys
