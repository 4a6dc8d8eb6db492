// Lines of a stream that an IRC client sends: where one ends, how long it may be, and what is none.
//
// Pure. modern.ircdocs.horse, "Message format": 512 bytes with the line end, tags apart;
// ircv3.net/specs/extensions/message-tags: 8,191 bytes of tags with '@' and the blank behind them,
// of which a client's own may have 4,094 without the two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace switchboard::irc {

inline constexpr std::size_t most_message_bytes = 512;  // with CR LF, without tags
inline constexpr std::size_t most_tag_bytes = 8191;     // with '@' and the blank
inline constexpr std::size_t most_client_tag_bytes = 4094;
// A line of which so much has come, and no end, will not end.
inline constexpr std::size_t most_unended_bytes = 16 * 1024;

struct Line {
  enum class Status : std::uint8_t {
    complete,
    incomplete,
    endless,  // nothing more can be made of this stream
  };
  Status status = Status::incomplete;
  std::string_view text{};     // without its end, which is LF or CR LF
  std::size_t size_bytes = 0;  // with its end
};

// Finds the lines of one stream, without looking at a byte twice. Four bytes: there is one a
// client.
class LineFinder {
 public:
  // The line at the beginning of `input`, which begins where the last one ended and holds at least
  // what it held when asked before.
  Line next(std::string_view input) noexcept;

 private:
  std::uint32_t searched_bytes_ = 0;
};

// Whether a client's line is within the limits; what is not is answered with ERR_INPUTTOOLONG and
// never shortened.
bool is_within_limits(std::string_view line) noexcept;

// Who speaks something else, seen by the first bytes of a stream.
enum class Stranger : std::uint8_t { none, tls, http };
Stranger recognise_stranger(std::string_view beginning) noexcept;

}  // namespace switchboard::irc
