// What people may type, and what may reach another person's terminal.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace switchboard::chat {

// Whether `text` is UTF-8 throughout (RFC 3629): no overlong forms, no surrogates.
bool is_utf8(std::string_view text) noexcept;

// Whether `text`, which is UTF-8, holds a control character: C0, DEL or C1 (ISO/IEC 6429), with
// which a terminal can be made to do more than show letters.
bool has_control(std::string_view text) noexcept;

// `text`, which is UTF-8, without its control characters; a tab becomes a blank.
std::string without_control(std::string_view text);

// Whether `text`, which is UTF-8, holds what nobody sees, or takes for a blank, or what turns the
// letters behind it around (the default ignorable code points and the white space of Unicode): in a
// name, it would pass for another's.
bool has_unseen(std::string_view text) noexcept;

// `text`, which is UTF-8, without what turns the direction of others or ends a line. What joins
// letters and emoji stays.
std::string without_turning(std::string_view text);

// What two names have in common that are the same name: A to Z as a to z, nothing else (the
// casemapping "ascii" of IRC).
bool same_name(std::string_view one, std::string_view other) noexcept;

// What names are hashed with. Drawn by chance where strangers choose the names, so that nobody can
// make up many that share a hash.
using HashKey = std::array<std::uint64_t, 2>;
// SipHash-1-3 (Aumasson and Bernstein, 2012); the same for two that are the same name.
std::size_t hash_folded(std::string_view name, const HashKey& key) noexcept;

}  // namespace switchboard::chat
