// What an IRC client makes of the lines that it is shown: each is a message of IRC, in a form and
// with tags that the client has asked for; each label that it gave is answered once; behind ERROR
// comes nothing; and of each channel it knows who is in it, what they are there, and its modes.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "irc/capabilities.hpp"
#include "irc/message.hpp"
#include "simulation/view.hpp"

namespace switchboard::simulation {

class IrcView final : public View {
 public:
  IrcView(World& world, Truth& truth) noexcept : View(world, truth, true) { admit_outsiders(); }

  void take(std::string_view line) override;
  void compare(const chat::Chat& chat) const override;

  // --- What the client has typed.

  void ask_for_302() noexcept { speaks_302_ = true; }
  void await_answer(std::string label) { labels_.insert(std::move(label)); }
  // What the server wants to be answered, with PONG; empty: nothing.
  std::string take_ping() { return std::exchange(ping_, {}); }

  // --- For who thinks of something to type.

  bool has(irc::Capabilities wanted) const noexcept { return (capabilities_ & wanted) == wanted; }
  // Some channel that it is in, without '#', and somebody else who is there. Empty: none.
  std::string some_room() const;
  std::string some_own_room() const;  // whose operator it is
  std::string some_other(const std::string& room) const;

 private:
  // What somebody is in a room. Who has a higher prefix may hide that they have voice.
  struct Rank {
    bool is_operator = false;
    std::optional<bool> has_voice = false;
  };
  struct Channel {
    bool knows_modes = false;
    std::set<char> flags{};
    std::string key{};
    std::size_t most_people = 0;
    std::map<std::string, Rank> ranks{};
    std::map<std::pair<char, std::string>, bool> masks{};  // whether it was added last, or removed
  };
  using Handler = void (IrcView::*)(const irc::Message&);

  void take_tags(const irc::Message& message, bool is_event);
  void take_time(std::string_view time, const irc::Message& message);
  void take_answer(const irc::Message& message, std::string_view label);
  void take_event(const irc::Message& message);
  void take_server_line(const irc::Message& message);
  void take_numeric(const irc::Message& message);
  void take_capabilities(const irc::Message& message);
  void take_batch(const irc::Message& message);
  void take_names(const irc::Message& message);
  void take_modes_of_channel(const irc::Message& message);

  void take_join(const irc::Message& message);
  void take_part(const irc::Message& message);
  void take_kick(const irc::Message& message);
  void take_quit(const irc::Message& message);
  void take_nick(const irc::Message& message);
  void take_topic(const irc::Message& message);
  void take_mode(const irc::Message& message);
  void take_words(const irc::Message& message);
  void take_words_of_room(const irc::Message& message, std::string_view text);
  void take_invite(const irc::Message& message);
  void take_news(const irc::Message& message);

  void apply(Channel& channel, std::string_view letters, std::vector<std::string> arguments);
  void check_speaker(const std::string& who);
  void check_own_words(const irc::Message& message);
  void compare(const Channel& channel, const chat::Room& room) const;
  void expect_capability(irc::Capabilities wanted, const char* what) { expect(has(wanted), what); }

  irc::Capabilities capabilities_ = 0;
  bool speaks_302_ = false;
  std::string ping_;
  std::set<std::string> labels_;   // that were given, and not answered
  std::set<std::string> batches_;  // that have begun
  std::set<std::string> echoes_;   // own words, with whom they were said to
  std::map<std::string, Channel> channels_;
  std::string who_;           // the line at hand is from
  std::string last_command_;  // of an event
  std::string last_who_;
};

}  // namespace switchboard::simulation
