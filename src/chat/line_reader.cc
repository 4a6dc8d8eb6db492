#include "chat/line_reader.hpp"

namespace switchboard::chat {

Line LineReader::next(std::string_view input, std::size_t limit_bytes) noexcept {
  std::size_t passed = 0;
  if (passing_over_) {
    const std::size_t end = input.find('\n');
    if (end == std::string_view::npos) return {.size_bytes = input.size()};
    passing_over_ = false;
    passed = end + 1;
    input.remove_prefix(passed);
  }
  const std::size_t end = input.find('\n');
  if (end == std::string_view::npos) {
    if (input.size() <= limit_bytes + 1) return {.size_bytes = passed};  // one may be a CR
    passing_over_ = true;
    return {.status = Line::Status::too_long, .size_bytes = passed + input.size()};
  }
  Line line{.status = Line::Status::complete, .text = input.substr(0, end)};
  line.size_bytes = passed + end + 1;
  line.has_crlf = line.text.ends_with('\r');
  if (line.has_crlf) line.text.remove_suffix(1);
  if (line.text.size() > limit_bytes) return {Line::Status::too_long, {}, false, line.size_bytes};
  return line;
}

}  // namespace switchboard::chat
