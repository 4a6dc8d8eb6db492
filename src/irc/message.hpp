// One message of the IRC protocol, taken apart and put together.
//
//   ['@' tags SPACE] [':' source SPACE] command {SPACE parameter} [SPACE ':' trailing]
//
// modern.ircdocs.horse, "Message format"; ircv3.net/specs/extensions/message-tags. Pure: no bytes
// are kept, and taking apart allocates nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace switchboard::irc {

inline constexpr std::size_t most_parameters = 15;

enum class ParseStatus : std::uint8_t {
  complete,
  empty,      // nothing but blanks: to be ignored in silence
  malformed,  // no command, or a byte that no message may hold: NUL, CR, LF
};

// Views of the line it was parsed from, good as long as that.
struct Message {
  std::string_view tags;     // as sent, still escaped, without its '@'
  std::string_view source;   // without its ':'
  std::string_view command;  // as sent; commands are compared without regard to case
  std::array<std::string_view, most_parameters> storage{};
  std::size_t parameter_count = 0;

  std::span<const std::string_view> parameters() const noexcept {
    return std::span{storage}.first(parameter_count);
  }
  // Empty where it was not given.
  std::string_view parameter(std::size_t index) const noexcept {
    return index < parameter_count ? storage[index] : std::string_view{};
  }
};

// `line` without its end. Any number of blanks separates; the fifteenth parameter is all that is
// left (RFC 2812 section 2.3.1).
ParseStatus parse_message(std::string_view line, Message& message) noexcept;

// --- Tags.

struct Tag {
  std::string_view name;   // with its '+' where it is the client's own
  std::string_view value;  // still escaped; empty where none was given
};

// Takes the first tag off `tags`; none where nothing is left. Empty ones are passed over.
std::optional<Tag> take_tag(std::string_view& tags) noexcept;
// The value of the last tag of that name, still escaped: the last one counts.
std::optional<std::string_view> find_tag(std::string_view tags, std::string_view name) noexcept;
// May stand as the name of a tag: letters, digits, '-', behind '+' and a vendor's host as may be.
bool is_tag_name(std::string_view name) noexcept;

std::string unescape_tag(std::string_view value);
void append_escaped_tag(std::string& out, std::string_view value);

// --- Putting together.

// Appends ":source COMMAND" (only the command where `source` is empty) and the parameters, each of
// which but the last is a word: not empty, without blanks, not beginning with ':'. The last is
// written behind a ':' where it is none, and always if `text` says that it is for people: some
// clients look for the mark. No line end.
enum class Last : bool { word, text };
void append_message(std::string& out, std::string_view source, std::string_view command,
                    std::span<const std::string_view> parameters, Last last = Last::word);

// Whether it can be written without a ':' in front.
bool is_word(std::string_view parameter) noexcept;

}  // namespace switchboard::irc
