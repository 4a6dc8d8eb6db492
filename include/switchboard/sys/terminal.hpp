// What a terminal shows of what is typed.
#pragma once

#include <termios.h>

namespace switchboard::sys {

// Keeps what is typed at a terminal from being shown, but for the end of the line, as long as it
// lives (termios(3), ECHO). Does nothing where `fd`, which it does not own, is no terminal. A
// program that is killed meanwhile leaves it to the shell to make the terminal good again.
class HiddenInput {
 public:
  explicit HiddenInput(int fd) noexcept;
  HiddenInput(const HiddenInput&) = delete;
  HiddenInput& operator=(const HiddenInput&) = delete;
  ~HiddenInput();

  bool is_hidden() const noexcept { return is_hidden_; }

 private:
  const int fd_;
  termios before_{};
  bool is_hidden_ = false;
};

}  // namespace switchboard::sys
