// Whether what happens in a room was allowed there: looked at as it happens, by the rules as they
// stand just then, which are written down here a second time.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "chat/chat.hpp"
#include "simulation/workload.hpp"

namespace switchboard::simulation {

// "~u17": what the IRC client of a key is as a user, and the other way round; -1 for others.
std::string user_of_client(std::uint32_t key);
long client_of(const chat::Person& person);

class Law {
 public:
  explicit Law(World& world) noexcept : world_(world) {}

  // The client will join the room with this key, or has.
  void note_key(std::uint32_t client, std::string_view room, std::string_view key);
  void judge(const chat::Event& event);

 private:
  void judge_words(const chat::Event& event);
  void judge_joining(const chat::Event& event);
  void expect(bool holds, const char* what) { world_.expect(holds, what); }

  World& world_;
  std::map<std::pair<long, std::string>, std::set<std::string>> keys_;  // by client and room
};

}  // namespace switchboard::simulation
