// Lines out of a stream of bytes, where one that is too long is refused whole and the next is as
// good as any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace switchboard::chat {

struct Line {
  enum class Status : std::uint8_t { complete, incomplete, too_long };
  Status status = Status::incomplete;
  std::string_view text{};     // without its end; empty unless complete
  bool has_crlf = false;       // ended with CR LF rather than LF alone
  std::size_t size_bytes = 0;  // of the input that is done with
};

class LineReader {
 public:
  // The line at the beginning of `input`, which begins where the last one ended. `limit_bytes` is
  // of a line without its end. too_long comes once for each such line, as soon as it is known; what
  // follows of it is passed over.
  Line next(std::string_view input, std::size_t limit_bytes) noexcept;

 private:
  bool passing_over_ = false;  // the rest of a line that was too long
};

}  // namespace switchboard::chat
