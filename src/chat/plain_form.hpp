// How people on the plain dialect see what happens: a line each, with the time, fit for a bare
// terminal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "chat/chat.hpp"

namespace switchboard::chat {

// As it is written behind /join, where one '#' in front is as good as none.
inline std::string plain_name(const Room& room) {
  return room.name().starts_with('#') ? '#' + room.name() : room.name();
}

class PlainForm final : public Form {
 public:
  // "\n" or "\r\n"; the characters must outlive it.
  explicit PlainForm(std::string_view line_end) noexcept : line_end_(line_end) {}

  void encode(const Event& event, std::string& out) const override;

 private:
  void append_time(WallTime time, std::string& out) const;

  const std::string_view line_end_;
  mutable std::int64_t minute_ = -1;  // that time_ shows
  mutable std::string time_;
};

}  // namespace switchboard::chat
