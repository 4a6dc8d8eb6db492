#include "command_line/output.hpp"

#include <poll.h>

#include <array>
#include <cerrno>

#include "switchboard/sys/process.hpp"
#include "switchboard/sys/waiting.hpp"

namespace switchboard::command_line {

sys::Result<std::size_t> write_some(int fd, std::string_view text) noexcept {
  while (true) {
    const auto written = sys::write(fd, text);
    if (!written.would_block()) return written;
    std::array<pollfd, 1> entry{{{.fd = fd, .events = POLLOUT, .revents = 0}}};
    const auto ready = sys::poll(entry, std::nullopt);
    if (!ready && ready.errno_value() != EINTR) return sys::Errno{ready.errno_value()};
  }
}

std::error_code write_all(int fd, std::string_view text) noexcept {
  while (!text.empty()) {
    const auto written = write_some(fd, text);
    if (!written) return written.error();
    text.remove_prefix(*written);
  }
  return {};
}

}  // namespace switchboard::command_line
