// What the program tells its operator.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "switchboard/sys/clock.hpp"

#include "server/log_writer.hpp"
#include "server/logfmt.hpp"

namespace switchboard::server {

// Never blocks: a line that cannot be queued is dropped and counted (see LogWriter).
class Log {
 public:
  // `writer` must outlive it.
  Log(LogLevel threshold, LogWriter& writer) : threshold_(threshold), writer_(writer) {}

  void set_threshold(LogLevel threshold) noexcept { threshold_ = threshold; }
  // Ask first where the fields of a line cost something.
  bool writes(LogLevel level) const noexcept { return level >= threshold_; }

  void write(LogLevel level, std::string_view message, std::span<const LogField> fields);
  void write(LogLevel level, std::string_view message,
             std::initializer_list<LogField> fields = {}) {
    write(level, message, std::span{fields.begin(), fields.size()});
  }

  // Before an exit that runs no destructors; nothing is written afterwards.
  void close(sys::Nanoseconds patience) { writer_.close(patience); }

 private:
  LogLevel threshold_;
  LogWriter& writer_;
};

// For lines whose number is the clients' doing: lets so many a second through and counts the
// others.
class RateLimit {
 public:
  explicit RateLimit(unsigned most_per_second) : most_per_second_(most_per_second) {}

  // Whether this one may be written.
  bool admit(sys::Instant now) noexcept;
  // How many were not, since this was last asked.
  std::uint64_t take_suppressed() noexcept;

 private:
  const unsigned most_per_second_;
  unsigned admitted_ = 0;
  sys::Instant second_ends_{};
  std::uint64_t suppressed_ = 0;
};

}  // namespace switchboard::server
