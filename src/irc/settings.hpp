// What an IRC server can be told.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "switchboard/sys/clock.hpp"

#include "chat/token_bucket.hpp"

namespace switchboard::irc {

using sys::Nanoseconds;

inline constexpr std::size_t most_host_bytes = 63;  // HOSTLEN of ISUPPORT; an address is shorter

struct OperatorEntry {
  std::string name;
  std::string hash;  // of the password
};

struct Settings {
  std::string server_name = "switchboard.local";  // with a dot, so that no nickname is it
  std::string network = "Switchboard";
  std::string description = "A switchboard";
  std::string version = "switchboard";
  std::string config_file = "none";  // what REHASH says that it reads; one word
  std::string motd{};                // lines that end with LF; empty: there is none
  std::vector<std::string> admin{};  // up to three lines: where, where exactly, an address
  std::vector<OperatorEntry> operators{};
  std::unordered_map<std::string, std::string> accounts{};  // hashes, by the folded name
  // What is shown in place of the address of who has logged in to an account, or become an
  // operator, of that folded name.
  std::unordered_map<std::string, std::string> hosts{};
  // Checked in place of that of an account that does not exist, so that it takes as long. Empty:
  // nothing is.
  std::string hash_of_nobody{};
  bool offers_sasl = false;
  // Who has not registered by then is shown out. Zero: never.
  Nanoseconds registration_timeout = std::chrono::seconds{60};
  // Who was silent for so long is pinged, and shown out if silent for so long again. Zero: never.
  Nanoseconds ping_interval = std::chrono::seconds{120};
  chat::BucketSize flood{};
};

// Whether a password is the one that was hashed; nothing where it could not be looked at, and may
// be later.
using Verdict = std::function<void(std::optional<bool> is_right)>;
// Calls `verdict` later, on a turn of the loop, and always: hashing takes long, by design. Null: no
// password is right.
using PasswordCheck = std::function<void(std::string hash, std::string password, Verdict verdict)>;

}  // namespace switchboard::irc
