#include "server/log.hpp"

#include <utility>

namespace switchboard::server {

void Log::write(LogLevel level, std::string_view message, std::span<const LogField> fields) {
  if (!writes(level)) return;
  writer_.write(log_line(sys::wall_now(), level, message, fields));
}

bool RateLimit::admit(sys::Instant now) noexcept {
  if (now >= second_ends_) {
    second_ends_ = now + std::chrono::seconds{1};
    admitted_ = 0;
  }
  if (admitted_ == most_per_second_) {
    ++suppressed_;
    return false;
  }
  ++admitted_;
  return true;
}

std::uint64_t RateLimit::take_suppressed() noexcept {
  return std::exchange(suppressed_, 0);
}

}  // namespace switchboard::server
