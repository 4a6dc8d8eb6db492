// What is known of a person beside the name: for dialects that show it.
#pragma once

#include <string>

namespace switchboard::chat {

// Empty: not known. Belongs to the dialect whose person it is.
struct Profile {
  std::string user{};       // the name of an account on their own machine, as they say
  std::string real_name{};  // or whatever they write there
  std::string account{};    // that they have proved to be theirs
  std::string away{};       // why they do not answer
  bool is_invisible = false;
  bool is_operator = false;  // of the server
  bool hears_wallops = false;
  bool is_bot = false;
};

}  // namespace switchboard::chat
