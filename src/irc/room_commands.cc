// JOIN, PART, TOPIC, KICK, INVITE.
#include <fmt/core.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "irc/commands.hpp"
#include "irc/names.hpp"
#include "irc/service.hpp"

namespace switchboard::irc {

namespace {

using chat::Refusal;
using chat::Room;

// What IRC says to a refusal that is about a channel.
const Numeric& numeric_of(Refusal why) noexcept {
  switch (why) {
    case Refusal::banned:
      return ERR_BANNEDFROMCHAN;
    case Refusal::by_invitation:
      return ERR_INVITEONLYCHAN;
    case Refusal::wrong_key:
      return ERR_BADCHANNELKEY;
    case Refusal::full:
      return ERR_CHANNELISFULL;
    case Refusal::in_too_many_rooms:
    case Refusal::too_many_rooms:
      return ERR_TOOMANYCHANNELS;
    case Refusal::not_there:
      return ERR_NOTONCHANNEL;
    case Refusal::not_operator:
      return ERR_CHANOPRIVSNEEDED;
    default:
      return ERR_NOSUCHCHANNEL;
  }
}

void join_one(Service& service, Session& session, std::string_view channel, std::string_view key) {
  chat::Chat& chat = service.chat();
  if (!is_channel_name(channel, chat.limits().room_name_bytes + 1)) {
    return service.reply(session, ERR_NOSUCHCHANNEL, {fitting(channel, 64)});
  }
  const std::string_view name = channel.substr(1);
  Room* room = chat.find_room(name);
  if (room != nullptr && session.person.is_in(*room)) return;
  const bool is_new = room == nullptr;
  const Refusal refusal = chat.join(session.person, name, key);
  if (refusal != Refusal::none) {
    return service.reply(session, numeric_of(refusal), {channel});
  }
  room = chat.find_room(name);
  // As IRC's channels begin, and those of the plain dialect do not: their topic is anybody's.
  if (is_new) chat.change_rules(*room).topic_is_locked = true;
  if (!room->topic().empty()) send_topic(service, session, *room);
  start_names(service, session, *room);
}

void kick_one(Service& service, Session& session, std::string_view channel, std::string_view nick,
              std::string_view why) {
  Room* room = find_visible_channel(service, session, channel);
  if (room == nullptr) return service.reply(session, ERR_NOSUCHCHANNEL, {fitting(channel, 64)});
  const std::string name = channel_name(*room);
  if (!session.person.is_in(*room)) return service.reply(session, ERR_NOTONCHANNEL, {name});
  if ((room->standing_of(session.person) & chat::is_operator) == 0) {
    return service.reply(session, ERR_CHANOPRIVSNEEDED, {name});
  }
  chat::Person* whom = service.chat().find_person(nick);
  if (whom == nullptr) return service.reply(session, ERR_NOSUCHNICK, {fitting(nick, 64)});
  if (service.chat().kick(session.person, *whom, *room, why) == Refusal::other_not_there) {
    service.reply(session, ERR_USERNOTINCHANNEL, {nick, name});
  }
}

void leave_all(Service& service, Session& session) {
  while (!session.person.rooms().empty()) {
    (void)service.chat().leave(session.person, *session.person.rooms().back(), "");
  }
}

}  // namespace

// --- What several commands need

Room* find_channel(Service& service, std::string_view name) {
  if (name.empty() || !is_channel_prefix(name.front())) return nullptr;
  return service.chat().find_room(name.substr(1));
}

Room* find_visible_channel(Service& service, const Session& session, std::string_view name) {
  Room* room = find_channel(service, name);
  return room != nullptr && is_visible(*room, session.person) ? room : nullptr;
}

std::string prefixes(chat::Standing standing, bool all) {
  std::string marks;
  if ((standing & chat::is_operator) != 0) marks += '@';
  if ((standing & chat::has_voice) != 0 && (all || marks.empty())) marks += '+';
  return marks;
}

void send_topic(Service& service, Session& session, const Room& room) {
  const std::string channel = channel_name(room);
  service.reply(session, RPL_TOPIC, {channel}, room.topic());
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(room.topic_at().time_since_epoch());
  service.reply(session, RPL_TOPICWHOTIME,
                {channel, room.topic_by(), std::to_string(seconds.count())});
}

// --- Commands

void command::join(Service& service, Session& session, const Message& message) {
  if (message.parameter(0) == "0") return leave_all(service, session);
  std::vector<std::string_view> keys;
  for (std::string_view rest = message.parameter(1); !rest.empty();) {
    const std::string_view key = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(key.size() + 1, rest.size()));
    keys.push_back(key);
  }
  std::size_t index = 0;
  for_each_item(message.parameter(0), [&](std::string_view channel) {
    const std::string_view key = index < keys.size() ? keys[index] : std::string_view{};
    ++index;
    join_one(service, session, channel, key);
  });
}

void command::part(Service& service, Session& session, const Message& message) {
  const std::string_view why = fitting(message.parameter(1), Service::most_text_bytes);
  for_each_item(message.parameter(0), [&](std::string_view channel) {
    Room* room = find_visible_channel(service, session, channel);
    if (room == nullptr) {
      return service.reply(session, ERR_NOSUCHCHANNEL, {fitting(channel, 64)});
    }
    const Refusal refusal = service.chat().leave(session.person, *room, why);
    if (refusal != Refusal::none) service.reply(session, numeric_of(refusal), {channel});
  });
}

void command::topic(Service& service, Session& session, const Message& message) {
  const std::string_view channel = message.parameter(0);
  Room* room = find_visible_channel(service, session, channel);
  if (room == nullptr) {
    return service.reply(session, ERR_NOSUCHCHANNEL, {fitting(channel, 64)});
  }
  const std::string name = channel_name(*room);
  if (message.parameter_count == 1) {
    if (room->topic().empty()) return service.reply(session, RPL_NOTOPIC, {name});
    return send_topic(service, session, *room);
  }
  const Refusal refusal = service.chat().retitle(
      session.person, *room, fitting(message.parameter(1), service.chat().limits().topic_bytes));
  if (refusal != Refusal::none) service.reply(session, numeric_of(refusal), {name});
}

// "#a x,y" or "#a,#b x,y": one channel for all, or one for each.
void command::kick(Service& service, Session& session, const Message& message) {
  const auto items_of = [](std::string_view list) {
    std::vector<std::string_view> items;
    for_each_item(list, [&](std::string_view item) { items.push_back(item); });
    return items;
  };
  const auto channels = items_of(message.parameter(0));
  const auto nicks = items_of(message.parameter(1));
  if (channels.empty() || (channels.size() > 1 && channels.size() != nicks.size())) {
    return service.reply(session, ERR_NEEDMOREPARAMS, {"KICK"});
  }
  const std::string_view why = fitting(message.parameter(2), Service::most_text_bytes);
  for (std::size_t i = 0; i < std::min(nicks.size(), Service::most_targets); ++i) {
    kick_one(service, session, channels.size() == 1 ? channels.front() : channels[i], nicks[i],
             why);
  }
}

void command::invite(Service& service, Session& session, const Message& message) {
  if (message.parameter_count == 0) {
    service.chat().for_each_room([&](const Room& room) {
      const auto& invited = room.rules().invited;
      if (std::ranges::count(invited, session.person.serial()) == 0) return;
      service.reply(session, RPL_INVITELIST, {channel_name(room)});
    });
    return service.reply(session, RPL_ENDOFINVITELIST);
  }
  if (message.parameter_count == 1) return service.reply(session, ERR_NEEDMOREPARAMS, {"INVITE"});
  const std::string_view channel = message.parameter(1);
  chat::Person* whom = service.chat().find_person(message.parameter(0));
  if (whom == nullptr) {
    return service.reply(session, ERR_NOSUCHNICK, {fitting(message.parameter(0), 64)});
  }
  Room* room = find_visible_channel(service, session, channel);
  if (room == nullptr) return service.reply(session, ERR_NOSUCHCHANNEL, {fitting(channel, 64)});
  const std::string name = channel_name(*room);
  const Refusal refusal = service.chat().invite(session.person, *whom, *room);
  if (refusal == Refusal::there_already) {
    return service.reply(session, ERR_USERONCHANNEL, {whom->name(), name});
  }
  if (refusal != Refusal::none) return service.reply(session, numeric_of(refusal), {name});
  service.reply(session, RPL_INVITING, {whom->name(), name});
  if (whom->profile() != nullptr && !whom->profile()->away.empty()) {
    service.reply(session, RPL_AWAY, {whom->name()}, whom->profile()->away);
  }
}

}  // namespace switchboard::irc
