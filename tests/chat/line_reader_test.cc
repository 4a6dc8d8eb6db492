#include "chat/line_reader.hpp"

#include <string>
#include <string_view>
#include <vector>

#include "support/testing.hpp"

namespace switchboard::chat {
namespace {

constexpr std::size_t limit = 8;

// What a reader makes of pieces, as a service feeds it: what it is not done with comes again, in
// front of the next piece.
class Reading {
 public:
  void feed(std::string_view piece) {
    input_.append(piece);
    std::size_t consumed = 0;
    while (consumed < input_.size()) {
      const Line line = reader_.next(std::string_view{input_}.substr(consumed), limit);
      consumed += line.size_bytes;
      if (line.status == Line::Status::incomplete) break;
      if (line.status == Line::Status::too_long) {
        CHECK(line.text.empty());
        seen_.emplace_back("(too long)");
      } else {
        seen_.push_back(std::string{line.text} + (line.has_crlf ? "(CR)" : ""));
      }
    }
    input_.erase(0, consumed);
    CHECK_MESSAGE(input_.size() <= limit + 1, "more is kept than can become a line");
  }
  const std::vector<std::string>& seen() const { return seen_; }

 private:
  LineReader reader_;
  std::string input_;
  std::vector<std::string> seen_;
};

struct LineRow {
  std::string_view input;
  std::vector<std::string> lines;
};

const std::vector<LineRow> line_rows{
    {"", {}},
    {"half", {}},
    {"\n", {""}},
    {"\r\n", {"(CR)"}},
    {"one\n", {"one"}},
    {"one\r\n", {"one(CR)"}},
    {"one\ntwo\r\nthree", {"one", "two(CR)"}},
    {"a\rb\n", {"a\rb"}},
    {"a\r\r\n", {"a\r(CR)"}},
    {"12345678\n", {"12345678"}},
    {"12345678\r\n", {"12345678(CR)"}},
    {"123456789\n", {"(too long)"}},
    {"123456789\r\n", {"(too long)"}},
    {"12345678\r", {}},
    {"123456789", {}},  // its end may be the next byte, and then it is refused once
    {"1234567890", {"(too long)"}},
    {"12345678901234567890\nnext\n", {"(too long)", "next"}},
    {"12345678901234567890\r\n\r\n", {"(too long)", "(CR)"}},
    {"123456789012\n1234567890123\nok\n", {"(too long)", "(too long)", "ok"}},
    {"123456789\n123456789\nok\n", {"(too long)", "(too long)", "ok"}},
    {"ok\n12345678901234567890123", {"ok", "(too long)"}},
};

TEST_CASE("line reader: the lines are the same wherever the stream is cut in two") {
  for (const LineRow& row : line_rows) {
    for (std::size_t cut = 0; cut <= row.input.size(); ++cut) {
      Reading reading;
      reading.feed(row.input.substr(0, cut));
      reading.feed(row.input.substr(cut));
      CHECK_MESSAGE(reading.seen() == row.lines, row.input, ", cut at ", cut);
    }
  }
}

TEST_CASE("line reader: the lines are the same wherever the stream is cut in three") {
  for (const LineRow& row : line_rows) {
    for (std::size_t first = 0; first <= row.input.size(); ++first) {
      for (std::size_t second = first; second <= row.input.size(); ++second) {
        Reading reading;
        reading.feed(row.input.substr(0, first));
        reading.feed(row.input.substr(first, second - first));
        reading.feed(row.input.substr(second));
        REQUIRE_MESSAGE(reading.seen() == row.lines, row.input, ", at ", first, " and ", second);
      }
    }
  }
}

TEST_CASE("line reader: one byte at a time is as good") {
  for (const LineRow& row : line_rows) {
    Reading reading;
    for (const char byte : row.input) reading.feed({&byte, 1});
    CHECK_MESSAGE(reading.seen() == row.lines, row.input);
  }
}

// Nothing of it is kept, however long it is.
TEST_CASE("line reader: a line without an end is refused once") {
  Reading reading;
  for (int i = 0; i < 1000; ++i) reading.feed("no end to be seen");
  CHECK_EQ(reading.seen(), std::vector<std::string>{"(too long)"});
  reading.feed("\nok\n");
  CHECK_EQ(reading.seen(), (std::vector<std::string>{"(too long)", "ok"}));
}

}  // namespace
}  // namespace switchboard::chat
