#include "command_line/input.hpp"

#include <poll.h>

#include <array>
#include <cerrno>

#include "switchboard/sys/process.hpp"
#include "switchboard/sys/waiting.hpp"

namespace switchboard::command_line {

sys::Result<std::size_t> read_some(int fd, std::span<char> into) noexcept {
  while (true) {
    const auto taken = sys::read(fd, into);
    if (!taken.would_block()) return taken;
    std::array<pollfd, 1> entry{{{.fd = fd, .events = POLLIN, .revents = 0}}};
    const auto ready = sys::poll(entry, std::nullopt);
    if (!ready && ready.errno_value() != EINTR) return sys::Errno{ready.errno_value()};
  }
}

}  // namespace switchboard::command_line
