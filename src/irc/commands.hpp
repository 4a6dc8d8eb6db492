// The table of commands: each a small function, what it needs, and what it is.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "irc/message.hpp"
#include "irc/session.hpp"

namespace switchboard::irc {

class Service;

struct Command {
  std::string_view name;
  void (*run)(Service& service, Session& session, const Message& message);
  std::size_t least_parameters = 0;  // with fewer, ERR_NEEDMOREPARAMS is the answer
  bool before_registration = false;  // may be sent then
  std::string_view syntax{};         // of the parameters, for people
  std::string_view help{};
};

// In the order of the alphabet.
std::span<const Command> commands() noexcept;
// Null where there is none; upper or lower case.
const Command* find_command(std::string_view name) noexcept;

namespace command {

using Run = void(Service&, Session&, const Message&);
// registration_commands.cc
Run cap, authenticate, pass, nick, user, ping, pong, quit;
// room_commands.cc, list_commands.cc
Run join, part, topic, kick, invite, names, list;
// mode_commands.cc
Run mode;
// message_commands.cc
Run privmsg, notice, tagmsg, away, setname;
// people_commands.cc, who_command.cc
Run whois, whowas, userhost, ison, monitor, who;
// server_commands.cc
Run motd, lusers, version, time, info, admin, help, links, stats;
// operator_commands.cc
Run oper, kill, wallops, rehash;

}  // namespace command

// What a client sent and gets back at the end of an answer, to know it by.
inline constexpr std::size_t most_echoed_bytes = 300;

// What several of them send.
void send_topic(Service& service, Session& session, const chat::Room& room);
void start_names(Service& service, Session& session, const chat::Room& room);
void start_motd(Service& service, Session& session);
void send_isupport(Service& service, Session& session);
void send_lusers(Service& service, Session& session);
// "+iw"; to change one; and to tell them of it: "+o".
std::string user_modes_of(const chat::Profile& profile);
void set_user_mode(Service& service, Session& session, bool chat::Profile::*flag, bool is_set);
void tell_user_modes(Service& service, Session& session, std::string_view how);
// The room of a channel's name; null where it is none, or there is none.
chat::Room* find_channel(Service& service, std::string_view name);
// The same; null too where they are not to know of it: a secret one is then as good as none.
chat::Room* find_visible_channel(Service& service, const Session& session, std::string_view name);
// "@+", of which those without multi-prefix see the first.
std::string prefixes(chat::Standing standing, bool all);
// Splits a list at its commas and hands on what is not empty.
template <typename Use>
void for_each_item(std::string_view list, Use use) {
  while (!list.empty()) {
    const std::string_view item = list.substr(0, list.find(','));
    list.remove_prefix(item.size() < list.size() ? item.size() + 1 : item.size());
    if (!item.empty()) use(item);
  }
}

}  // namespace switchboard::irc
