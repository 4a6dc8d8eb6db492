#include "irc/line.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace switchboard::irc {
namespace {

using Status = Line::Status;

// The lines of a stream that arrives in pieces of a size.
std::vector<std::string> lines_of(std::string_view stream, std::size_t piece) {
  LineFinder finder;
  std::vector<std::string> lines;
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

TEST(Lines, end_with_lf_or_cr_lf_however_they_arrive) {
  const std::string stream = "NICK anna\r\nUSER a 0 * :b\n\r\n\nQUIT\r\r\nhalf";
  const std::vector<std::string> expected{"NICK anna", "USER a 0 * :b", "", "", "QUIT\r"};
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    EXPECT_EQ(lines_of(stream, piece), expected) << piece;
  }
}

TEST(Lines, that_do_not_end_are_given_up_at_a_limit) {
  LineFinder finder;
  std::string stream(most_unended_bytes - 1, 'x');
  EXPECT_EQ(finder.next(stream).status, Status::incomplete);
  stream += 'x';
  EXPECT_EQ(finder.next(stream).status, Status::endless);
  LineFinder other;
  stream.back() = '\n';
  EXPECT_EQ(other.next(stream).status, Status::complete);
}

TEST(Lines, have_their_limits_for_tags_and_for_the_rest) {
  const std::string most(most_message_bytes - 2, 'x');
  EXPECT_TRUE(is_within_limits(most));
  EXPECT_FALSE(is_within_limits(most + 'x'));
  const std::string tags = '@' + std::string(most_client_tag_bytes, 't');
  EXPECT_TRUE(is_within_limits(tags + ' ' + most));
  EXPECT_FALSE(is_within_limits(tags + ' ' + most + 'x'));
  EXPECT_FALSE(is_within_limits(tags + "t " + most));
  EXPECT_TRUE(is_within_limits(tags));
  EXPECT_FALSE(is_within_limits(tags + 't'));
  EXPECT_TRUE(is_within_limits(""));
  EXPECT_TRUE(is_within_limits("@"));
}

TEST(Strangers, are_recognised_by_their_first_bytes) {
  const std::string tls{"\x16\x03\x01\x02\0\x01", 6};
  EXPECT_EQ(recognise_stranger(tls), Stranger::tls);
  for (const char* request :
       {"GET / HTTP/1.1\r\n", "POST /irc HTTP/1.1\r\n", "CONNECT irc.example:6667 HTTP/1.1\r\n",
        "OPTIONS * HTTP/1.1\r\n", "GET http://example/ HTTP/1.0\r\n", "PRI * HTTP/2.0\r\n"}) {
    EXPECT_EQ(recognise_stranger(request), Stranger::http) << request;
  }
  for (const char* irc : {"", "\x16", "NICK anna\r\n", "GET", "GET ", "CONNECT irc.example\r\n",
                          "POST me\r\n", "PRIVMSG anna :GET / HTTP/1.1\r\n"}) {
    EXPECT_EQ(recognise_stranger(irc), Stranger::none) << irc;
  }
}

}  // namespace
}  // namespace switchboard::irc
