// Writing text to a descriptor for people: standard output and error.
#pragma once

#include <cstddef>
#include <string_view>
#include <system_error>

#include "switchboard/sys/result.hpp"

namespace switchboard::command_line {

// Writes at least one byte of a text that is not empty, and gives how many. Blocks until it can,
// even where whoever shares the descriptor has made it non-blocking.
sys::Result<std::size_t> write_some(int fd, std::string_view text) noexcept;

// Writes all of it, or gives what went wrong. Blocks likewise.
std::error_code write_all(int fd, std::string_view text) noexcept;

}  // namespace switchboard::command_line
