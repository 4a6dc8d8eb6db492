// IrcView: what others do, and oneself.
#include <algorithm>
#include <array>
#include <span>

#include "chat/text.hpp"
#include "simulation/irc_view.hpp"

namespace switchboard::simulation {

namespace {

namespace capability = irc::capability;

std::string with_reason(std::string text, std::string_view why) {
  if (!why.empty()) text.append(" (").append(chat::without_control(why)).append(")");
  return text;
}

std::string_view room_name(std::string_view channel) {
  return channel.substr(std::min(channel.size(), channel.find('#') + 1));
}

}  // namespace

void IrcView::take_event(const irc::Message& message) {
  struct Row {
    std::string_view command;
    Handler handler;
  };
  static constexpr std::array<Row, 14> rows{{{"ACCOUNT", &IrcView::take_news},
                                             {"AWAY", &IrcView::take_news},
                                             {"INVITE", &IrcView::take_invite},
                                             {"JOIN", &IrcView::take_join},
                                             {"KICK", &IrcView::take_kick},
                                             {"MODE", &IrcView::take_mode},
                                             {"NICK", &IrcView::take_nick},
                                             {"NOTICE", &IrcView::take_words},
                                             {"PART", &IrcView::take_part},
                                             {"PRIVMSG", &IrcView::take_words},
                                             {"QUIT", &IrcView::take_quit},
                                             {"SETNAME", &IrcView::take_news},
                                             {"TAGMSG", &IrcView::take_words},
                                             {"TOPIC", &IrcView::take_topic}}};
  const auto* row = std::ranges::find(rows, message.command, &Row::command);
  expect(row != rows.end(), "an event that nobody knows");
  if (row != rows.end()) (this->*row->handler)(message);
}

// --- Coming and going

void IrcView::take_join(const irc::Message& message) {
  room_ = room_name(message.parameter(0));
  expect((message.parameter_count == 3) == has(capability::extended_join),
         "JOIN is extended, or is not, against the wish");
  if (who_ != name_) {
    note(who_, "-> " + who_ + " has joined " + room_);
    come(room_, who_);
    channels_[room_].ranks.insert_or_assign(who_, Rank{});
    return;
  }
  expect(!rooms_.contains(room_), "was told twice that they have joined");
  // What the others were told of it has the same number.
  enter(room_, {}, 0, has_number_ ? number_ + 1 : UINT64_MAX);
  rooms_[room_].is_complete = false;  // until NAMES has ended
  rooms_[room_].stay.hears_own_acts = true;
  rooms_[room_].stay.hears_own_words = has(capability::echo_message);
  channels_[room_] = {};
}

void IrcView::take_part(const irc::Message& message) {
  room_ = room_name(message.parameter(0));
  note(who_, with_reason("<- " + who_ + " has left " + room_, message.parameter(1)));
  channels_[room_].ranks.erase(who_);
  if (who_ != name_) return go(room_, who_);
  leave(room_);
  channels_.erase(room_);
}

void IrcView::take_kick(const irc::Message& message) {
  room_ = room_name(message.parameter(0));
  const std::string whom{message.parameter(1)};
  // Where no reason was given, the name stands for it.
  const std::string_view why = message.parameter(2) == who_ ? "" : message.parameter(2);
  note(who_, with_reason("<- " + whom + " was shown out of " + room_ + " by " + who_, why));
  channels_[room_].ranks.erase(whom);
  if (whom != name_) return go(room_, whom);
  leave(room_);
  channels_.erase(room_);
}

void IrcView::take_quit(const irc::Message& message) {
  expect(who_ != name_, "was told of their own end");
  if (has_number_) {
    truth_.note(number_, "", who_, with_reason("<- " + who_ + " has gone", message.parameter(0)));
  }
  go_everywhere(who_);
  for (auto& [room, channel] : channels_) channel.ranks.erase(who_);
}

void IrcView::take_nick(const irc::Message& message) {
  const std::string now{message.parameter(0)};
  if (has_number_) truth_.note(number_, "", now, "-- " + who_ + " is now " + now);
  if (who_ == name_) {
    set_name(now);
  } else {
    rename(who_, now);
  }
  for (auto& [room, channel] : channels_) {
    auto rank = channel.ranks.extract(who_);
    if (rank.empty()) continue;
    rank.key() = now;
    channel.ranks.insert(std::move(rank));
  }
}

// --- What is set

void IrcView::take_topic(const irc::Message& message) {
  room_ = room_name(message.parameter(0));
  note(who_, "-- " + who_ + " has set the topic: " + chat::without_control(message.parameter(1)));
  const auto found = rooms_.find(room_);
  if (found == rooms_.end() || who_ == name_) return;
  expect(know(found->second, who_), "a topic was set by somebody who is not there");
}

void IrcView::take_mode(const irc::Message& message) {
  room_ = room_name(message.parameter(0));
  std::string how{message.parameter(1)};
  const auto arguments = message.parameters().subspan(2);
  for (const std::string_view argument : arguments) how.append(" ").append(argument);
  note(who_, "-- " + who_ + " has set the rules of " + room_ + ": " + how);
  apply(channels_[room_], message.parameter(1), {arguments.begin(), arguments.end()});
}

void IrcView::apply(Channel& channel, std::string_view letters,
                    std::vector<std::string> arguments) {
  bool adding = true;
  std::span<const std::string> left{arguments};
  const auto take_argument = [&]() -> std::string {
    expect(!left.empty(), "a mode lacks its parameter");
    if (left.empty()) return {};
    const std::string argument = left.front();
    left = left.subspan(1);
    return argument;
  };
  for (const char letter : letters) {
    if (letter == '+' || letter == '-') {
      adding = letter == '+';
    } else if (letter == 'o' || letter == 'v') {
      Rank& rank = channel.ranks[take_argument()];
      if (letter == 'o') rank.is_operator = adding;
      if (letter == 'v') rank.has_voice = adding;
    } else if (letter == 'b' || letter == 'e' || letter == 'I') {
      channel.masks[{letter, take_argument()}] = adding;
    } else if (letter == 'k') {
      const std::string key = take_argument();
      channel.key = adding ? key : "";
    } else if (letter == 'l') {
      channel.most_people = adding ? std::stoul(take_argument()) : 0;
    } else if (adding) {
      channel.flags.insert(letter);
    } else {
      channel.flags.erase(letter);
    }
  }
}

// --- Words

void IrcView::take_words(const irc::Message& message) {
  const std::string_view target = message.parameter(0);
  const std::string_view text = message.parameter(1);
  if (message.command == "TAGMSG") {
    expect_capability(capability::message_tags, "TAGMSG, which was not asked for");
  }
  if (who_ == name_) check_own_words(message);
  if (target.find('#') == std::string_view::npos) {
    // Told to one: to this one, or by them.
    return expect(target == name_ || who_ == name_, "was told what was for another");
  }
  room_ = room_name(target);
  const auto found = channels_.find(room_);
  if (!target.starts_with('#') && who_ != name_ && found != channels_.end()) {
    const Rank& own = found->second.ranks[name_];
    const bool is_voice = target.starts_with('+') && own.has_voice.value_or(true);
    const bool may_hear = own.is_operator || is_voice || !rooms_[room_].is_complete;
    expect(may_hear, "was told what was for operators, or for voices");
  }
  if (message.command == "PRIVMSG") take_words_of_room(message, text);
}

void IrcView::take_words_of_room(const irc::Message&, std::string_view text) {
  constexpr std::string_view action =
      "\x01"
      "ACTION ";
  if (text.starts_with("zzz")) return;  // the rest of a line that was too long for one
  const bool is_echo_from_outside = who_ == name_ && !rooms_.contains(room_);
  if (is_echo_from_outside) return;
  check_speaker(who_);
  if (text.starts_with(action)) {
    text.remove_prefix(action.size());
    if (text.ends_with('\x01')) text.remove_suffix(1);
    return note(who_, "* " + who_ + " " + chat::without_control(text));
  }
  if (text.starts_with('\x01')) return;  // for programs: other dialects do not show it
  note(who_, "<" + who_ + "> " + chat::without_control(text));
}

void IrcView::check_own_words(const irc::Message& message) {
  const bool is_to_self = message.parameter(0) == name_;
  if (is_to_self) return;  // comes in any case, and a second time as an echo
  expect_capability(capability::echo_message, "was told their own words without asking for it");
  const std::string_view text = message.parameter(1);
  const bool is_unique = !text.empty() && text.front() >= '0' && text.front() <= '9';
  if (!is_unique) return;
  expect(echoes_.emplace(std::string{message.parameter(0)}.append(" ").append(text)).second,
         "was told their own words twice");
}

// As far as can be told from outside: who is there, and the modes since they were asked for.
void IrcView::check_speaker(const std::string& who) {
  const auto found = rooms_.find(room_);
  const auto channel = channels_.find(room_);
  if (found == rooms_.end() || channel == channels_.end()) return;
  if (!found->second.is_complete || !channel->second.knows_modes) return;
  const bool is_there = who == name_ || found->second.others.contains(who);
  if (channel->second.flags.contains('n')) expect(is_there, "an outsider is heard in +n");
  if (!channel->second.flags.contains('m')) return;
  const auto rank = channel->second.ranks.find(who);
  const bool is_known = rank != channel->second.ranks.end();
  expect(is_there && is_known, "an outsider is heard in +m");
  if (!is_known) return;
  expect(rank->second.is_operator || rank->second.has_voice.value_or(true),
         "somebody without voice is heard in +m");
}

void IrcView::take_invite(const irc::Message& message) {
  if (message.parameter(0) == name_) return;
  expect_capability(capability::invite_notify, "an invitation of another, which was not asked for");
}

void IrcView::take_news(const irc::Message& message) {
  expect_capability(message.command == "AWAY"      ? capability::away_notify
                    : message.command == "ACCOUNT" ? capability::account_notify
                                                   : capability::setname,
                    "news that were not asked for");
}

}  // namespace switchboard::simulation
