#include "server/shutdown.hpp"

#include <csignal>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace switchboard::server {

namespace {

// Enough for a last line to get out, too short to be felt where nobody reads it.
constexpr sys::Nanoseconds patience_when_hurried = std::chrono::milliseconds{50};

}  // namespace

Shutdown::Shutdown(Reactor& reactor, Log& log, std::function<void(std::string_view)> begin)
    : log_(log), begin_(std::move(begin)) {
  for (const int number : {SIGINT, SIGTERM}) {
    reactor.on_signal(number, [this](int caught) { on_signal(caught); });
  }
}

void Shutdown::on_signal(int number) {
  const std::string_view name = number == SIGINT ? "SIGINT" : "SIGTERM";
  if (!std::exchange(begun_, true)) return begin_(name);
  log_.write(LogLevel::warn, "exiting at once", {{"signal", name}});
  log_.close(patience_when_hurried);
  std::_Exit(128 + number);
}

}  // namespace switchboard::server
