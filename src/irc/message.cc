#include "irc/message.hpp"

#include <algorithm>
#include <cassert>

namespace switchboard::irc {

namespace {

void skip_blanks(std::string_view& text) noexcept {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
}

// Up to the next blank, or all of it.
std::string_view take_word(std::string_view& text) noexcept {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

bool holds_forbidden_byte(std::string_view line) noexcept {
  return line.find('\0') != std::string_view::npos || line.find('\r') != std::string_view::npos ||
         line.find('\n') != std::string_view::npos;
}

bool is_alphanumeric(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// What a backslash stands for in front of each; others stand for themselves.
struct Escape {
  char written;
  char meant;
};
constexpr std::array<Escape, 5> escapes{
    {{':', ';'}, {'s', ' '}, {'\\', '\\'}, {'r', '\r'}, {'n', '\n'}}};

}  // namespace

ParseStatus parse_message(std::string_view line, Message& message) noexcept {
  message = Message{};
  if (holds_forbidden_byte(line)) return ParseStatus::malformed;
  skip_blanks(line);
  if (line.empty()) return ParseStatus::empty;
  if (line.front() == '@') {
    message.tags = take_word(line).substr(1);
    skip_blanks(line);
  }
  if (line.starts_with(':')) {
    message.source = take_word(line).substr(1);
    skip_blanks(line);
  }
  message.command = take_word(line);
  if (message.command.empty() || !std::ranges::all_of(message.command, is_alphanumeric)) {
    return ParseStatus::malformed;
  }
  for (skip_blanks(line); !line.empty(); skip_blanks(line)) {
    const bool rest = line.front() == ':' || message.parameter_count + 1 == most_parameters;
    if (line.front() == ':') line.remove_prefix(1);
    message.storage[message.parameter_count++] = rest ? line : take_word(line);
    if (rest) break;
  }
  return ParseStatus::complete;
}

std::optional<Tag> take_tag(std::string_view& tags) noexcept {
  while (!tags.empty()) {
    const std::string_view tag = tags.substr(0, tags.find(';'));
    tags.remove_prefix(std::min(tag.size() + 1, tags.size()));
    const std::size_t equals = tag.find('=');
    if (equals == 0 || tag.empty()) continue;
    if (equals == std::string_view::npos) return Tag{.name = tag, .value = {}};
    return Tag{.name = tag.substr(0, equals), .value = tag.substr(equals + 1)};
  }
  return std::nullopt;
}

std::optional<std::string_view> find_tag(std::string_view tags, std::string_view name) noexcept {
  std::optional<std::string_view> found;
  while (const auto tag = take_tag(tags)) {
    if (tag->name == name) found = tag->value;
  }
  return found;
}

bool is_tag_name(std::string_view name) noexcept {
  if (name.starts_with('+')) name.remove_prefix(1);
  const std::size_t slash = name.find('/');
  if (slash != std::string_view::npos) {
    const std::string_view vendor = name.substr(0, slash);
    const bool is_host = std::ranges::all_of(
        vendor, [](char c) { return is_alphanumeric(c) || c == '-' || c == '.'; });
    if (vendor.empty() || !is_host) return false;
    name.remove_prefix(slash + 1);
  }
  return !name.empty() &&
         std::ranges::all_of(name, [](char c) { return is_alphanumeric(c) || c == '-'; });
}

// Character by character: replacing one escape after the other would take what one of them has
// produced for another.
std::string unescape_tag(std::string_view value) {
  std::string text;
  text.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '\\') {
      text += value[i];
      continue;
    }
    if (++i == value.size()) break;  // a lone one at the end is dropped
    const auto* known = std::ranges::find(escapes, value[i], &Escape::written);
    text += known == escapes.end() ? value[i] : known->meant;
  }
  return text;
}

void append_escaped_tag(std::string& out, std::string_view value) {
  for (const char c : value) {
    const auto* special = std::ranges::find(escapes, c, &Escape::meant);
    if (special == escapes.end()) {
      out += c;
    } else {
      out += '\\';
      out += special->written;
    }
  }
}

bool is_word(std::string_view parameter) noexcept {
  return !parameter.empty() && parameter.front() != ':' &&
         parameter.find(' ') == std::string_view::npos;
}

void append_message(std::string& out, std::string_view source, std::string_view command,
                    std::span<const std::string_view> parameters, Last last) {
  if (!source.empty()) {
    out += ':';
    out += source;
    out += ' ';
  }
  out += command;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const bool is_last = i + 1 == parameters.size();
    const bool word = is_word(parameters[i]);
    assert(is_last || word);
    out += !word || (is_last && last == Last::text) ? " :" : " ";
    out += parameters[i];
  }
}

}  // namespace switchboard::irc
