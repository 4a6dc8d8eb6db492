// Accounts and passwords: a file of names and hashes (Argon2id, RFC 9106, as libsodium writes
// them), a line each: "anna:$argon2id$v=19$...".
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace switchboard::server {

// Whether this program was built with libsodium; without it no password can be hashed or checked.
bool can_hash_passwords() noexcept;
// Looks at the shape alone.
bool is_password_hash(std::string_view text) noexcept;
// Takes tens of milliseconds and megabytes, by design. Throws std::runtime_error where it cannot.
std::string hash_password(const std::string& password);
// Nothing where there is no memory to tell.
std::optional<bool> is_password(const std::string& hash, const std::string& password) noexcept;

// Of a password that nobody knows, to be looked at where there is no account: that takes as long.
std::string_view hash_of_nobody() noexcept;

// The hashes, by the names in small letters. Throws std::invalid_argument, with the file's line.
std::unordered_map<std::string, std::string> read_accounts(std::string_view path);
// Adds an account, or gives it another password: writes the file anew beside it and puts that in
// its place (sys::replace_file), behind symbolic links. It keeps owner, group and mode; a new one,
// and one that everybody could read, is for its owner alone. Throws std::runtime_error.
void write_account(const std::string& path, std::string_view name, std::string_view hash);

}  // namespace switchboard::server
