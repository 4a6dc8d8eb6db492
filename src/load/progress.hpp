// Progress on a terminal, on one line that the next one replaces; nothing where nobody looks.
#pragma once

#include <functional>
#include <string>

#include "switchboard/sys/clock.hpp"

namespace switchboard::load {

class Progress {
 public:
  // Silent where standard error is no terminal.
  Progress();
  explicit Progress(bool is_shown) : is_shown_(is_shown) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  // Asks for the line only a few times a second; costs next to nothing otherwise.
  template <typename Line>
  void tell(const Line& line) {
    if (is_shown_ && is_due()) show(line());
  }
  void erase();

 private:
  bool is_due();
  void show(const std::string& line);

  bool is_shown_;
  bool is_drawn_ = false;
  sys::Instant next_{};
};

}  // namespace switchboard::load
