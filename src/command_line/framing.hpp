// How messages are told apart, as people write it on the command line: --framing lines, fixed:5,
// u16le, ... The table is in framing.cc; framing_help() tells it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "switchboard/framing/chosen_codec.hpp"

namespace switchboard::command_line {

struct Framing {
  ChosenCodec codec;
  // What must be kept until a frame is whole: the longest one, with its header or delimiter.
  std::size_t longest_frame_bytes;
};

// `limit_bytes` is of a message. Throws std::invalid_argument, whose text shows what was written
// and says what to write instead.
Framing parse_framing(std::string_view text, std::size_t limit_bytes);

// A line for each framing.
std::string framing_help();

}  // namespace switchboard::command_line
