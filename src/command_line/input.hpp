// Reading what people, files and pipes say: standard input.
#pragma once

#include <cstddef>
#include <span>

#include "switchboard/sys/result.hpp"

namespace switchboard::command_line {

// What there is, at least one byte; 0 at the end. Blocks until then, even where whoever shares the
// descriptor has made it non-blocking.
sys::Result<std::size_t> read_some(int fd, std::span<char> into) noexcept;

}  // namespace switchboard::command_line
