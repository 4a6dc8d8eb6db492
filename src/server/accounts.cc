#include "server/accounts.hpp"

#include <fmt/core.h>

#ifdef SWITCHBOARD_HAS_SODIUM
#include <sodium.h>
#endif

#include <array>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include "chat/text.hpp"
#include "irc/names.hpp"

namespace switchboard::server {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view hash_start = "$argon2";

// All of the file but the account's own line; nothing where there is no file yet. What cannot be
// read must not be taken for nothing: it would be written over.
std::string lines_but_of(std::string_view name, const std::string& path) {
  std::error_code error;
  if (fs::status(path, error).type() == fs::file_type::not_found) return {};
  if (!fs::is_regular_file(path, error)) {
    throw std::runtime_error(fmt::format("'{}' is no file; name one, or none that is there", path));
  }
  std::ifstream file{path};
  std::string text;
  for (std::string line; std::getline(file, line);) {
    if (chat::same_name(line.substr(0, line.find(':')), name)) continue;
    text += line + '\n';
  }
  if (!file.is_open() || file.bad()) {
    throw std::runtime_error(fmt::format("'{}' cannot be read; make it readable", path));
  }
  return text;
}

}  // namespace

#ifdef SWITCHBOARD_HAS_SODIUM

bool can_hash_passwords() noexcept {
  return sodium_init() >= 0;
}

// "Interactive": 64 MiB, some tens of milliseconds.
std::string hash_password(const std::string& password) {
  std::array<char, crypto_pwhash_STRBYTES> hash{};
  if (!can_hash_passwords() || crypto_pwhash_str(hash.data(), password.data(), password.size(),
                                                 crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                                 crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0) {
    throw std::runtime_error("the password cannot be hashed; 64 MiB of memory are needed");
  }
  return hash.data();
}

bool is_password(const std::string& hash, const std::string& password) noexcept {
  return hash.size() < crypto_pwhash_STRBYTES && can_hash_passwords() &&
         crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

#else

bool can_hash_passwords() noexcept {
  return false;
}

std::string hash_password(const std::string&) {
  throw std::runtime_error("this program was built without libsodium; build it with, to hash");
}

bool is_password(const std::string&, const std::string&) noexcept {
  return false;
}

#endif

bool is_password_hash(std::string_view text) noexcept {
  return text.starts_with(hash_start) && text.find_first_of(" \t\r\n:") == std::string_view::npos;
}

std::unordered_map<std::string, std::string> read_accounts(std::string_view path) {
  const std::string file_name{path};
  std::error_code error;
  if (!fs::is_regular_file(file_name, error)) {
    throw std::invalid_argument(
        fmt::format("'{}' is no file; switchboard account add makes one", path));
  }
  std::ifstream file{file_name};
  std::unordered_map<std::string, std::string> accounts;
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t colon = line.find(':');
    if (colon == 0 || colon == std::string::npos ||
        !is_password_hash(std::string_view{line}.substr(colon + 1))) {
      throw std::invalid_argument(fmt::format(
          "{}:{}: not NAME:HASH; switchboard account add writes such lines", path, number));
    }
    accounts[irc::folded(line.substr(0, colon))] = line.substr(colon + 1);
  }
  if (!file.is_open() || file.bad()) {
    throw std::invalid_argument(fmt::format("'{}' cannot be read; make it readable", path));
  }
  return accounts;
}

void write_account(const std::string& path, std::string_view name, std::string_view hash) {
  std::string text = lines_but_of(name, path);
  text += fmt::format("{}:{}\n", name, hash);
  const std::string fresh = path + ".new";
  std::error_code error;
  {
    std::ofstream file{fresh, std::ios::trunc};
    fs::permissions(fresh, fs::perms::owner_read | fs::perms::owner_write, error);
    file << text << std::flush;
    if (!file || error) throw std::runtime_error(fmt::format("cannot write '{}'", fresh));
  }
  fs::rename(fresh, path, error);
  if (error) throw std::runtime_error(fmt::format("cannot write '{}': {}", path, error.message()));
}

}  // namespace switchboard::server
