// Masks, which take in many names at once.
#pragma once

#include <string_view>

namespace switchboard::chat {

// Whether `mask`, in which '*' is any number of bytes and '?' is one, takes in all of `text`,
// whatever the case of ASCII letters. Goes back to the last '*' only, so it takes at most the
// product of both lengths.
bool matches_mask(std::string_view mask, std::string_view text) noexcept;

}  // namespace switchboard::chat
