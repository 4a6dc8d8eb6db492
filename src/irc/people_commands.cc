// WHOIS, WHOWAS, USERHOST, ISON, MONITOR.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "chat/text.hpp"
#include "irc/commands.hpp"
#include "irc/names.hpp"
#include "irc/service.hpp"

namespace switchboard::irc {

namespace {

constexpr std::string_view unknown = "unknown";

std::string_view user_of(const chat::Person& person) noexcept {
  const chat::Profile* profile = person.profile();
  return profile == nullptr || profile->user.empty() ? unknown : std::string_view{profile->user};
}

std::string_view host_of(const chat::Person& person) noexcept {
  return person.host().empty() ? unknown : std::string_view{person.host()};
}

std::string_view real_name_of(const chat::Person& person) noexcept {
  return person.profile() == nullptr ? person.name() : person.profile()->real_name;
}

// Lines of words, each as long as may be.
class WordLines {
 public:
  WordLines(Service& service, Session& session, const Numeric& numeric, std::string_view about,
            char separator = ' ')
      : service_(service),
        session_(session),
        numeric_(numeric),
        about_(about),
        separator_(separator),
        most_(service.room_for_text(session, about.size() + 1)) {}

  void add(std::string_view word) {
    if (!line_.empty() && line_.size() + 1 + word.size() > most_) finish();
    if (!line_.empty()) line_ += separator_;
    line_ += word;
  }
  void finish() {
    if (line_.empty()) return;
    if (about_.empty()) {
      service_.reply(session_, numeric_, {}, line_);
    } else {
      service_.reply(session_, numeric_, {about_}, line_);
    }
    line_.clear();
  }

 private:
  Service& service_;
  Session& session_;
  const Numeric& numeric_;
  const std::string_view about_;
  const char separator_;
  const std::size_t most_;
  std::string line_;
};

void show_channels(Service& service, Session& session, const chat::Person& person) {
  WordLines lines{service, session, RPL_WHOISCHANNELS, person.name()};
  const bool hides =
      person.profile() != nullptr && person.profile()->is_invisible && &person != &session.person;
  for (const chat::Room* room : person.rooms()) {
    if (!is_visible(*room, session.person) || (hides && !session.person.is_in(*room))) continue;
    lines.add(prefixes(room->standing_of(person), session.has(capability::multi_prefix)) +
              channel_name(*room));
  }
  lines.finish();
}

// What only people of this dialect have.
void show_session(Service& service, Session& session, const Session& other) {
  const std::string_view nick = other.name();
  const chat::Profile& profile = other.profile;
  const auto reply = [&](const Numeric& numeric, std::initializer_list<std::string_view> parameters,
                         std::string_view text = {}) {
    service.reply(session, numeric, parameters, text);
  };
  if (!profile.away.empty()) reply(RPL_AWAY, {nick}, profile.away);
  if (profile.is_operator) reply(RPL_WHOISOPERATOR, {nick});
  if (!profile.account.empty()) reply(RPL_WHOISACCOUNT, {nick, profile.account});
  if (profile.is_bot) reply(RPL_WHOISBOT, {nick});
  if (&other == &session || session.profile.is_operator) {
    reply(
        RPL_WHOISHOST, {nick},
        fmt::format("is connecting from *@{} {}", other.person.address(), other.person.address()));
    reply(RPL_WHOISMODES, {nick}, "is using modes " + user_modes_of(profile));
  }
  const auto idle =
      std::chrono::duration_cast<std::chrono::seconds>(service.now() - other.last_spoken);
  const auto signed_on =
      std::chrono::duration_cast<std::chrono::seconds>(other.signed_on.time_since_epoch());
  reply(RPL_WHOISIDLE, {nick, std::to_string(idle.count()), std::to_string(signed_on.count())});
}

}  // namespace

void command::whois(Service& service, Session& session, const Message& message) {
  const std::size_t last = message.parameter_count > 1 ? 1 : 0;
  const std::string_view list = message.parameter(last);
  const std::string_view wanted = list.substr(0, list.find(','));
  if (wanted.empty()) return service.reply(session, ERR_NONICKNAMEGIVEN);
  const std::string_view server = message.parameter(0);
  if (last == 1 && !chat::same_name(server, service.settings().server_name) &&
      service.chat().find_person(server) == nullptr) {
    return service.reply(session, ERR_NOSUCHSERVER, {fitting(server, 64)});
  }
  const chat::Person* person = service.chat().find_person(wanted);
  if (person == nullptr) {
    service.reply(session, ERR_NOSUCHNICK, {fitting(wanted, 64)});
    return service.reply(session, RPL_ENDOFWHOIS, {fitting(list, most_echoed_bytes)});
  }
  const std::string& nick = person->name();
  service.reply(session, RPL_WHOISUSER, {nick, user_of(*person), host_of(*person), "*"},
                real_name_of(*person));
  show_channels(service, session, *person);
  service.reply(session, RPL_WHOISSERVER, {nick, service.settings().server_name},
                service.settings().description);
  if (const Session* other = Service::session_of(*person)) show_session(service, session, *other);
  service.reply(session, RPL_ENDOFWHOIS, {fitting(list, most_echoed_bytes)});
}

void command::whowas(Service& service, Session& session, const Message& message) {
  const std::string_view wanted = message.parameter(0);
  if (wanted.empty()) return service.reply(session, ERR_NONICKNAMEGIVEN);
  const std::string_view text = message.parameter(1);
  // All that are remembered could be more than anybody may have unread.
  constexpr int most_shown = 50;
  int most = 0;
  std::from_chars(text.data(), text.data() + text.size(), most);
  if (most <= 0 || most > most_shown) most = most_shown;
  int shown = 0;
  for (const Memory& memory : service.memories()) {
    if (!chat::same_name(memory.nick, wanted)) continue;
    service.reply(session, RPL_WHOWASUSER, {memory.nick, memory.user, memory.host, "*"},
                  memory.real_name);
    service.reply(session, RPL_WHOISSERVER, {memory.nick, service.settings().server_name},
                  timestamp(memory.at));
    if (++shown == most) break;
  }
  if (shown == 0) service.reply(session, ERR_WASNOSUCHNICK, {fitting(wanted, 64)});
  service.reply(session, RPL_ENDOFWHOWAS, {fitting(wanted, 64)});
}

void command::userhost(Service& service, Session& session, const Message& message) {
  constexpr std::size_t most = 5;
  std::string answer;
  const auto nicks = message.parameters();
  for (const std::string_view nick : nicks.first(std::min(nicks.size(), most))) {
    const chat::Person* person = service.chat().find_person(nick);
    if (person == nullptr) continue;
    const chat::Profile* profile = person->profile();
    answer += fmt::format("{}{}{}={}{}@{}", answer.empty() ? "" : " ", person->name(),
                          profile != nullptr && profile->is_operator ? "*" : "",
                          profile != nullptr && !profile->away.empty() ? '-' : '+',
                          user_of(*person), host_of(*person));
  }
  service.reply(session, RPL_USERHOST, {answer});
}

void command::ison(Service& service, Session& session, const Message& message) {
  std::string answer;
  const std::size_t most = service.room_for_text(session, 0);
  for (std::string_view list : message.parameters()) {
    while (!list.empty()) {
      const std::string_view nick = list.substr(0, list.find(' '));
      list.remove_prefix(std::min(nick.size() + 1, list.size()));
      const chat::Person* person = service.chat().find_person(nick);
      if (person == nullptr || answer.size() + 1 + person->name().size() > most) continue;
      answer.append(answer.empty() ? "" : " ").append(person->name());
    }
  }
  service.reply(session, RPL_ISON, {answer});
}

namespace {

void add_monitored(Service& service, Session& session, std::string_view list) {
  WordLines here{service, session, RPL_MONONLINE, "", ','};
  WordLines gone{service, session, RPL_MONOFFLINE, "", ','};
  std::string refused;
  for_each_item(list, [&](std::string_view nick) {
    if (!is_nickname(nick, service.chat().limits().name_bytes)) return;
    if (!refused.empty() || !service.monitor(session, nick)) {
      refused.append(refused.empty() ? "" : ",").append(nick);
      return;
    }
    const chat::Person* person = service.chat().find_person(nick);
    if (person == nullptr) {
      gone.add(nick);
    } else {
      here.add(chat::full_name(*person));
    }
  });
  here.finish();
  gone.finish();
  if (!refused.empty()) {
    service.reply(session, ERR_MONLISTFULL, {std::to_string(Service::most_monitored), refused});
  }
}

void show_monitored(Service& service, Session& session) {
  WordLines here{service, session, RPL_MONONLINE, "", ','};
  WordLines gone{service, session, RPL_MONOFFLINE, "", ','};
  for (const std::string& nick : session.monitored) {
    const chat::Person* person = service.chat().find_person(nick);
    if (person == nullptr) {
      gone.add(nick);
    } else {
      here.add(chat::full_name(*person));
    }
  }
  here.finish();
  gone.finish();
}

}  // namespace

void command::monitor(Service& service, Session& session, const Message& message) {
  const std::string what = folded(message.parameter(0));
  if (what == "+" || what == "-") {
    if (message.parameter(1).empty()) {
      return service.reply(session, ERR_NEEDMOREPARAMS, {"MONITOR"});
    }
    if (what == "+") return add_monitored(service, session, message.parameter(1));
    for_each_item(message.parameter(1),
                  [&](std::string_view nick) { service.unmonitor(session, nick); });
  } else if (what == "c") {
    while (!session.monitored.empty()) {
      service.unmonitor(session, std::string{session.monitored.back()});
    }
  } else if (what == "l") {
    WordLines lines{service, session, RPL_MONLIST, "", ','};
    for (const std::string& nick : session.monitored) lines.add(nick);
    lines.finish();
    service.reply(session, RPL_ENDOFMONLIST);
  } else if (what == "s") {
    show_monitored(service, session);
  }
}

}  // namespace switchboard::irc
