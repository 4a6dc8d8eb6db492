#include "irc/line.hpp"

#include <algorithm>
#include <array>

namespace switchboard::irc {

namespace {

constexpr std::size_t line_end_bytes = 2;

}  // namespace

Line LineFinder::next(std::string_view input) noexcept {
  const std::string_view window = input.substr(0, most_unended_bytes);
  const std::size_t end = window.find('\n', searched_bytes_);
  if (end == std::string_view::npos) {
    searched_bytes_ = static_cast<std::uint32_t>(window.size());
    return {.status = window.size() == most_unended_bytes ? Line::Status::endless
                                                          : Line::Status::incomplete};
  }
  searched_bytes_ = 0;
  std::string_view text = input.substr(0, end);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return {.status = Line::Status::complete, .text = text, .size_bytes = end + 1};
}

bool is_within_limits(std::string_view line) noexcept {
  if (line.starts_with('@')) {
    const std::size_t tags = std::min(line.find(' '), line.size());
    if (tags - 1 > most_client_tag_bytes) return false;
    line.remove_prefix(std::min(tags + 1, line.size()));
  }
  return line.size() + line_end_bytes <= most_message_bytes;
}

Stranger recognise_stranger(std::string_view beginning) noexcept {
  // The header of a TLS record that holds a handshake: RFC 8446 section 5.1.
  if (beginning.starts_with("\x16\x03")) return Stranger::tls;
  // A method, and what it asks for: RFC 9112 section 3. No command of IRC looks so.
  constexpr std::array<std::string_view, 9> methods{
      "GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "TRACE ", "OPTIONS ", "PATCH ", "CONNECT "};
  if (beginning.starts_with("PRI * HTTP/2")) return Stranger::http;
  for (const std::string_view method : methods) {
    if (!beginning.starts_with(method)) continue;
    const std::string_view target = beginning.substr(method.size());
    if (target.starts_with('/') || target.starts_with("http://") || target.starts_with("* HTTP/") ||
        target.substr(0, target.find('\n')).find(" HTTP/1.") != std::string_view::npos) {
      return Stranger::http;
    }
  }
  return Stranger::none;
}

}  // namespace switchboard::irc
