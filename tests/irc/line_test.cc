#include "irc/line.hpp"

#include <string>
#include <string_view>

#include "support/testing.hpp"

namespace switchboard::irc {
namespace {

using test::Texts;

using Status = Line::Status;

// The lines of a stream that arrives in pieces of a size.
Texts lines_of(std::string_view stream, std::size_t piece) {
  LineFinder finder;
  Texts lines;
  std::size_t begin = 0;
  for (std::size_t end = 0; end < stream.size();) {
    end = std::min(end + piece, stream.size());
    for (;;) {
      const Line line = finder.next(stream.substr(begin, end - begin));
      if (line.status != Status::complete) break;
      lines.emplace_back(line.text);
      begin += line.size_bytes;
    }
  }
  return lines;
}

TEST_CASE("line: the end is LF or CR LF, in whatever pieces it arrives") {
  const std::string stream = "NICK anna\r\nUSER a 0 * :b\n\r\n\nQUIT\r\r\nhalf";
  const Texts expected{"NICK anna", "USER a 0 * :b", "", "", "QUIT\r"};
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    INFO("in pieces of ", piece);
    CHECK_EQ(lines_of(stream, piece), expected);
  }
}

TEST_CASE("line: one without an end is given up at a limit") {
  LineFinder finder;
  std::string stream(most_unended_bytes - 1, 'x');
  CHECK_EQ(finder.next(stream).status, Status::incomplete);
  stream += 'x';
  CHECK_EQ(finder.next(stream).status, Status::endless);
  LineFinder other;
  stream.back() = '\n';
  CHECK_EQ(other.next(stream).status, Status::complete);
}

TEST_CASE("line: the tags have one limit and the rest another") {
  const std::string most(most_message_bytes - 2, 'x');
  CHECK(is_within_limits(most));
  CHECK_FALSE(is_within_limits(most + 'x'));
  const std::string tags = '@' + std::string(most_client_tag_bytes, 't');
  CHECK(is_within_limits(tags + ' ' + most));
  CHECK_FALSE(is_within_limits(tags + ' ' + most + 'x'));
  CHECK_FALSE(is_within_limits(tags + "t " + most));
  CHECK(is_within_limits(tags));
  CHECK_FALSE(is_within_limits(tags + 't'));
  CHECK(is_within_limits(""));
  CHECK(is_within_limits("@"));
}

TEST_CASE("line: TLS and HTTP are recognised by their first bytes") {
  const std::string tls{"\x16\x03\x01\x02\0\x01", 6};
  CHECK_EQ(recognise_stranger(tls), Stranger::tls);
  for (const char* request :
       {"GET / HTTP/1.1\r\n", "POST /irc HTTP/1.1\r\n", "CONNECT irc.example:6667 HTTP/1.1\r\n",
        "OPTIONS * HTTP/1.1\r\n", "GET http://example/ HTTP/1.0\r\n", "PRI * HTTP/2.0\r\n"}) {
    INFO(request);
    CHECK_EQ(recognise_stranger(request), Stranger::http);
  }
  for (const char* irc : {"", "\x16", "NICK anna\r\n", "GET", "GET ", "CONNECT irc.example\r\n",
                          "POST me\r\n", "PRIVMSG anna :GET / HTTP/1.1\r\n"}) {
    INFO(irc);
    CHECK_EQ(recognise_stranger(irc), Stranger::none);
  }
}

}  // namespace
}  // namespace switchboard::irc
