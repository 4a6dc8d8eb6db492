// Arbitrary bytes as what an IRC client sends: the same lines whole and in pieces, and each that is
// a message is the same after it was put together and taken apart again. The first byte is the size
// of the pieces.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "chat/mask.hpp"
#include "irc/line.hpp"
#include "irc/message.hpp"
#include "irc/modes.hpp"

namespace {

using namespace switchboard::irc;

struct Found {
  std::vector<std::string_view> lines;
  bool endless = false;
  bool operator==(const Found&) const = default;
};

Found lines_of(std::string_view stream, std::size_t piece) {
  LineFinder finder;
  Found found;
  std::size_t begin = 0;
  for (std::size_t end = 0; end < stream.size() && !found.endless;) {
    end = std::min(end + piece, stream.size());
    Line line = finder.next(stream.substr(begin, end - begin));
    for (; line.status == Line::Status::complete;
         line = finder.next(stream.substr(begin, end - begin))) {
      found.lines.push_back(line.text);
      begin += line.size_bytes;
    }
    found.endless = line.status == Line::Status::endless;
  }
  return found;
}

void require(bool holds) {
  if (!holds) std::abort();
}

void check_tags(std::string_view tags) {
  while (const auto tag = take_tag(tags)) {
    require(!tag->name.empty());
    const std::string value = unescape_tag(tag->value);
    std::string escaped;
    append_escaped_tag(escaped, value);
    require(unescape_tag(escaped) == value);
    (void)is_tag_name(tag->name);
  }
}

void check(std::string_view line) {
  (void)is_within_limits(line);
  (void)recognise_stranger(line);
  Message message;
  if (parse_message(line, message) != ParseStatus::complete) return;
  require(!message.command.empty() && message.parameter_count <= most_parameters);
  check_tags(message.tags);
  std::string again;
  append_message(again, message.source, message.command, message.parameters());
  Message copy;
  require(parse_message(again, copy) == ParseStatus::complete);
  require(copy.source == message.source && copy.command == message.command &&
          copy.parameter_count == message.parameter_count && copy.storage == message.storage);
  for (const std::string& modes :
       format_modes(parse_channel_modes(message.parameters()).changes, 400)) {
    require(modes.size() >= 2);
  }
  require(switchboard::chat::matches_mask("*", line));
  (void)switchboard::chat::matches_mask(message.parameter(0), message.parameter(1));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view stream{reinterpret_cast<const char*>(data) + 1, size - 1};
  const Found found = lines_of(stream, std::max<std::size_t>(stream.size(), 1));
  require(found == lines_of(stream, data[0] % 32U + 1));
  for (const std::string_view line : found.lines) check(line);
  return 0;
}
