#include "irc/commands.hpp"

#include <algorithm>
#include <array>

#include "chat/text.hpp"

namespace switchboard::irc {

namespace {

constexpr bool early = true;

constexpr std::array table{
    Command{"ADMIN", command::admin, 0, false, "[server]", "says who runs this server"},
    Command{"AUTHENTICATE", command::authenticate, 1, early, "PLAIN | base64 | *",
            "proves that an account is yours (SASL)"},
    Command{"AWAY", command::away, 0, false, "[text]", "says that you are away, or back"},
    Command{"CAP", command::cap, 1, early, "LS|LIST|REQ|END [names]",
            "asks what this server can do, and for it"},
    Command{"HELP", command::help, 0, false, "[command]", "is what you are reading"},
    Command{"INFO", command::info, 0, false, "[server]", "tells about the program"},
    Command{"INVITE", command::invite, 0, false, "[nick #channel]",
            "asks somebody in, or lists who asks you"},
    Command{"ISON", command::ison, 1, false, "nick...", "says which of them are here"},
    Command{"JOIN", command::join, 1, false, "#channel,... [key,...]",
            "enters channels; JOIN 0 leaves all of them"},
    Command{"KICK", command::kick, 2, false, "#channel,... nick,... [reason]",
            "shows somebody out of a channel"},
    Command{"KILL", command::kill, 2, false, "nick reason",
            "shows somebody out of the server; for operators"},
    Command{"LINKS", command::links, 0, false, "", "lists the servers: this one"},
    Command{"LIST", command::list, 0, false, "[#channel,... | conditions]",
            "lists channels; conditions: >3 <100 C<60 T>5 *mask* !*mask*"},
    Command{"LUSERS", command::lusers, 0, false, "[mask [server]]", "counts who is here"},
    Command{"MODE", command::mode, 1, false, "#channel|nick [modes [parameters]]",
            "shows or changes modes"},
    Command{"MONITOR", command::monitor, 1, false, "+|-|C|L|S [nick,...]",
            "tells you when somebody comes or goes"},
    Command{"MOTD", command::motd, 0, false, "[server]", "shows the message of the day"},
    Command{"NAMES", command::names, 0, false, "[#channel,...]", "lists who is in a channel"},
    Command{"NICK", command::nick, 0, early, "nick", "gives you a name, or another"},
    Command{"NOTICE", command::notice, 2, false, "target,... text",
            "says something that no program answers"},
    Command{"OPER", command::oper, 2, false, "name password", "makes you an operator"},
    Command{"PART", command::part, 1, false, "#channel,... [reason]", "leaves channels"},
    Command{"PASS", command::pass, 1, early, "password", "is accepted, and not needed here"},
    Command{"PING", command::ping, 1, early, "token", "is answered by PONG"},
    Command{"PONG", command::pong, 0, early, "token", "answers PING"},
    Command{"PRIVMSG", command::privmsg, 0, false, "target,... text",
            "says something to channels or people"},
    Command{"QUIT", command::quit, 0, early, "[reason]", "says good-bye"},
    Command{"REHASH", command::rehash, 0, false, "",
            "reads the configuration again; for operators"},
    Command{"SETNAME", command::setname, 1, false, "real name", "changes your real name"},
    Command{"STATS", command::stats, 1, false, "u|m|o [server]", "says how the server fares"},
    Command{"TAGMSG", command::tagmsg, 1, false, "target,...", "sends tags without a text"},
    Command{"TIME", command::time, 0, false, "[server]", "says what time it is here"},
    Command{"TOPIC", command::topic, 1, false, "#channel [topic]", "shows or sets a topic"},
    Command{"USER", command::user, 4, early, "name 0 * real name", "says who you are"},
    Command{"USERHOST", command::userhost, 1, false, "nick...", "says where up to five are from"},
    Command{"VERSION", command::version, 0, false, "[server]", "names the program"},
    Command{"WALLOPS", command::wallops, 1, false, "text", "tells all with mode +w; for operators"},
    Command{"WHO", command::who, 0, false, "#channel|nick|mask [%fields[,token]]", "lists people"},
    Command{"WHOIS", command::whois, 0, false, "[server] nick", "tells about somebody"},
    Command{"WHOWAS", command::whowas, 0, false, "nick [count]",
            "tells about somebody who has gone"},
};

static_assert(std::ranges::is_sorted(table, {}, &Command::name));

}  // namespace

std::span<const Command> commands() noexcept {
  return table;
}

const Command* find_command(std::string_view name) noexcept {
  const auto* found = std::ranges::find_if(
      table, [&](const Command& command) { return chat::same_name(command.name, name); });
  return found == table.end() ? nullptr : found;
}

}  // namespace switchboard::irc
