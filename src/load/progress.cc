#include "load/progress.hpp"

#include "switchboard/sys/process.hpp"

#include "command_line/output.hpp"

namespace switchboard::load {

namespace {

constexpr sys::Nanoseconds interval = std::chrono::milliseconds{200};

// A progress line that cannot be written is no loss.
void write(const std::string& text) {
  (void)command_line::write_all(sys::standard_error, text);
}

}  // namespace

Progress::Progress() : Progress(sys::is_terminal(sys::standard_error)) {}

Progress::~Progress() {
  erase();
}

bool Progress::is_due() {
  const auto now = sys::monotonic_now();
  if (now < next_) return false;
  next_ = now + interval;
  return true;
}

void Progress::show(const std::string& line) {
  write("\r\x1b[K" + line);
  is_drawn_ = true;
}

void Progress::erase() {
  if (is_drawn_) write("\r\x1b[K");
  is_drawn_ = false;
}

}  // namespace switchboard::load
