#include "switchboard/sys/terminal.hpp"

namespace switchboard::sys {

HiddenInput::HiddenInput(int fd) noexcept : fd_(fd) {
  if (::tcgetattr(fd, &before_) != 0) return;  // ENOTTY
  termios hidden = before_;
  hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  hidden.c_lflag |= static_cast<tcflag_t>(ECHONL);
  is_hidden_ = ::tcsetattr(fd, TCSAFLUSH, &hidden) == 0;
}

// The terminal may be gone by now, and then there is nothing to make good.
HiddenInput::~HiddenInput() {
  if (is_hidden_) (void)::tcsetattr(fd_, TCSANOW, &before_);
}

}  // namespace switchboard::sys
