// Base64, as AUTHENTICATE has it (RFC 4648 section 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace switchboard::irc {

// None where `text` is not whole groups of four, with the padding that it takes.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace switchboard::irc
