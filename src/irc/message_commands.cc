// PRIVMSG, NOTICE, TAGMSG, AWAY, SETNAME.
#include <fmt/core.h>

#include <algorithm>

#include "chat/text.hpp"
#include "irc/commands.hpp"
#include "irc/names.hpp"
#include "irc/service.hpp"

namespace switchboard::irc {

namespace {

using chat::Event;
using chat::Refusal;
using chat::Words;

constexpr std::string_view action_start =
    "\x01"
    "ACTION ";

// What a client may send with its message goes on to others: the tags whose names begin with '+'.
std::string client_tags(std::string_view tags) {
  std::string kept;
  while (const auto tag = take_tag(tags)) {
    if (!tag->name.starts_with('+') || !is_tag_name(tag->name)) continue;
    if (!kept.empty()) kept += ';';
    kept += tag->name;
    if (!tag->value.empty()) kept.append("=").append(tag->value);
  }
  return kept;
}

// "/me" of every client is a request of its own kind, and an act in every dialect.
Words words_of(std::string_view text, Event::Kind kind, std::string_view tags) {
  if (kind == Event::Kind::said && text.starts_with(action_start)) {
    text.remove_prefix(action_start.size());
    if (text.ends_with('\x01')) text.remove_suffix(1);
    return {.text = text, .kind = Event::Kind::acted, .tags = tags};
  }
  return {.text = text, .kind = kind, .tags = tags};
}

class Sending {
 public:
  Sending(Service& service, Session& session, Event::Kind kind, std::string_view command)
      : service_(service), session_(session), kind_(kind), command_(command) {}

  void send(std::string_view target, std::string_view text, std::string_view tags) {
    // With the source in front, and never a cut line.
    const std::size_t size =
        chat::full_name(session_.person).size() + command_.size() + target.size() + text.size() + 7;
    if (size > most_message_bytes) return service_.reply(session_, ERR_INPUTTOOLONG);
    Words words = words_of(text, kind_, tags);
    const bool has_status =
        (target.starts_with('@') || target.starts_with('+')) && target.substr(1).starts_with('#');
    if (has_status) {
      words.only = target.starts_with('@') ? chat::is_operator
                                           : chat::Standing{chat::is_operator | chat::has_voice};
      target.remove_prefix(1);
    }
    if (target.starts_with('#')) return say(target, words);
    tell(target, words);
  }

 private:
  // Nothing is answered to a NOTICE, lest two programs never end.
  void refuse(const Numeric& numeric, std::initializer_list<std::string_view> parameters,
              std::string_view text = {}) {
    if (kind_ != Event::Kind::noticed) service_.reply(session_, numeric, parameters, text);
  }

  void say(std::string_view channel, const Words& words) {
    chat::Room* room = find_channel(service_, channel);
    if (room == nullptr) return refuse(ERR_NOSUCHCHANNEL, {fitting(channel, 64)});
    const std::string name = channel_name(*room);
    const Refusal refusal = service_.chat().say(session_.person, *room, words);
    if (refusal != Refusal::none && !is_visible(*room, session_.person)) {
      return refuse(ERR_NOSUCHCHANNEL, {fitting(channel, 64)});
    }
    switch (refusal) {
      case Refusal::none:
        return;
      case Refusal::not_there:
        return refuse(ERR_CANNOTSENDTOCHAN, {name}, "Cannot send to channel (+n)");
      case Refusal::no_requests:
        return refuse(ERR_CANNOTSENDTOCHAN, {name}, "Cannot send to channel (+C)");
      default:
        return refuse(ERR_CANNOTSENDTOCHAN, {name},
                      room->rules().is_moderated ? "Cannot send to channel (+m)"
                                                 : "Cannot send to channel (+b)");
    }
  }

  void tell(std::string_view nick, Words words) {
    if (words.kind == Event::Kind::said) words.kind = Event::Kind::told;
    chat::Person* person = service_.chat().find_person(nick);
    if (person == nullptr) return refuse(ERR_NOSUCHNICK, {fitting(nick, 64)});
    // To oneself it comes twice, of which only the echo is the labelled answer.
    if (person == &session_.person) session_.unlabelled_deliveries = 1;
    service_.chat().tell(session_.person, *person, words);
    session_.unlabelled_deliveries = 0;
    const chat::Profile* profile = person->profile();
    if (kind_ == Event::Kind::said && profile != nullptr && !profile->away.empty()) {
      service_.reply(session_, RPL_AWAY, {person->name()}, profile->away);
    }
  }

  Service& service_;
  Session& session_;
  const Event::Kind kind_;
  const std::string_view command_;
};

void send_to_all(Service& service, Session& session, const Message& message, Event::Kind kind,
                 std::string_view command) {
  session.last_spoken = service.now();
  const std::string tags =
      session.has(capability::message_tags) ? client_tags(message.tags) : std::string{};
  Sending sending{service, session, kind, command};
  std::size_t targets = 0;
  for_each_item(message.parameter(0), [&](std::string_view target) {
    if (targets++ < Service::most_targets) {
      sending.send(target, message.parameter(1), tags);
    } else if (targets == Service::most_targets + 1 && kind != Event::Kind::noticed) {
      service.reply(session, ERR_TOOMANYTARGETS, {fitting(target, 64)});
    }
  });
}

}  // namespace

void command::privmsg(Service& service, Session& session, const Message& message) {
  if (message.parameter(0).empty())
    return service.reply(session, ERR_NORECIPIENT, {}, "No recipient given (PRIVMSG)");
  if (message.parameter(1).empty()) return service.reply(session, ERR_NOTEXTTOSEND);
  send_to_all(service, session, message, Event::Kind::said, "PRIVMSG");
}

void command::notice(Service& service, Session& session, const Message& message) {
  if (message.parameter(1).empty()) return;
  send_to_all(service, session, message, Event::Kind::noticed, "NOTICE");
}

void command::tagmsg(Service& service, Session& session, const Message& message) {
  if (!session.has(capability::message_tags)) {
    return service.reply(session, ERR_UNKNOWNCOMMAND, {"TAGMSG"});
  }
  send_to_all(service, session, message, Event::Kind::tagged, "TAGMSG");
}

void command::away(Service& service, Session& session, const Message& message) {
  const std::string_view why = fitting(message.parameter(0), Service::most_text_bytes);
  const bool is_news = session.profile.away != why;
  session.profile.away = why;
  service.reply(session, why.empty() ? RPL_UNAWAY : RPL_NOWAWAY);
  if (is_news) {
    service.announce_news(session, Event::Kind::away, why, false);
  }
}

void command::setname(Service& service, Session& session, const Message& message) {
  const std::string_view name = message.parameter(0);
  if (name.empty() || name.size() > Service::most_text_bytes) {
    return service.fail(session, "SETNAME", "INVALID_REALNAME", "That real name will not do");
  }
  session.profile.real_name = chat::without_turning(name);
  service.announce_news(session, Event::Kind::described, session.profile.real_name, true);
}

}  // namespace switchboard::irc
