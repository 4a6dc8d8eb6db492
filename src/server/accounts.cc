#include "server/accounts.hpp"

#include <fmt/core.h>

#ifdef SWITCHBOARD_HAS_SODIUM
#include <sodium.h>
#endif

#include <array>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include "switchboard/sys/process.hpp"

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

// The file itself, which may not be there yet: to rename something over a link would part it from
// what it leads to.
std::string behind_links(const std::string& path) {
  fs::path present = path;
  constexpr int most_links = 40;  // as the kernel has it (path_resolution(7))
  for (int i = 0; i < most_links; ++i) {
    std::error_code error;
    const fs::path target = fs::read_symlink(present, error);
    if (error) return present;
    present = target.is_absolute() ? target : present.parent_path() / target;
  }
  throw std::runtime_error(fmt::format("'{}' is a symbolic link without an end", path));
}

// As it was, unless everybody could read it.
mode_t mode_for(const std::string& path) {
  constexpr fs::perms for_its_owner = fs::perms::owner_read | fs::perms::owner_write;
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  const bool keeps =
      fs::exists(status) && (status.permissions() & fs::perms::others_all) == fs::perms::none;
  return static_cast<mode_t>(keeps ? status.permissions() : for_its_owner);
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

// The hash says how much it takes: "...$m=65536,...", in KiB. libsodium gives want of memory out
// for a wrong password.
bool has_memory_for(std::string_view hash) noexcept {
  constexpr std::string_view mark = "$m=";
  const std::size_t at = hash.find(mark);
  std::uint32_t kibibytes = 0;
  if (at == std::string_view::npos) return true;
  std::from_chars(hash.data() + at + mark.size(), hash.data() + hash.size(), kibibytes);
  return kibibytes == 0 || sys::has_memory(std::size_t{kibibytes} * 1024);  // 0: it is no hash
}

std::optional<bool> is_password(const std::string& hash, const std::string& password) noexcept {
  if (hash.size() >= crypto_pwhash_STRBYTES || !can_hash_passwords()) return false;
  if (crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0) return true;
  if (!has_memory_for(hash)) return std::nullopt;
  return false;
}

#else

bool can_hash_passwords() noexcept {
  return false;
}

std::string hash_password(const std::string&) {
  throw std::runtime_error("this program was built without libsodium; build it with, to hash");
}

std::optional<bool> is_password(const std::string&, const std::string&) noexcept {
  return false;
}

#endif

std::string_view hash_of_nobody() noexcept {
  return "$argon2id$v=19$m=65536,t=2,p=1$PvhIeGgggS+W2Wbs2GoApQ$"
         "DyYB814mLAgftOatSL1WicJKN+SCx8HVLIbw5RtnRPY";
}

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
  const std::string target = behind_links(path);
  std::string text = lines_but_of(name, target);
  text += fmt::format("{}:{}\n", name, hash);
  if (const auto error = sys::replace_file(target, text, mode_for(target))) {
    throw std::runtime_error(fmt::format("cannot write '{}': {}", target, error.message()));
  }
}

}  // namespace switchboard::server
