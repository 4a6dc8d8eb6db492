// OPER, KILL, WALLOPS, REHASH.
#include <fmt/core.h>

#include <algorithm>

#include "chat/text.hpp"
#include "irc/commands.hpp"
#include "irc/names.hpp"
#include "irc/service.hpp"

namespace switchboard::irc {

namespace {

using Outcome = OperatorDeed::Outcome;

// Says so where they are none.
bool is_operator(Service& service, Session& session) {
  if (session.profile.is_operator) return true;
  service.reply(session, ERR_NOPRIVILEGES);
  return false;
}

void promote(Service& service, Session& session, std::string_view name) {
  service.reply(session, RPL_YOUREOPER);
  if (!session.profile.is_operator) {
    set_user_mode(service, session, &chat::Profile::is_operator, true);
    tell_user_modes(service, session, "+o");
  }
  service.give_host_of(session, name);
}

}  // namespace

void command::oper(Service& service, Session& session, const Message& message) {
  const auto& operators = service.settings().operators;
  const auto entry = std::ranges::find(operators, message.parameter(0), &OperatorEntry::name);
  service.check_password(
      session, entry == operators.end() ? std::string{} : entry->hash,
      std::string{message.parameter(1)},
      [&service, name = std::string{message.parameter(0)}](Session& asker, Answer answer) {
        if (answer == Answer::none) return service.reply(asker, RPL_TRYAGAIN, {"OPER"});
        if (answer == Answer::right) {
          service.report(asker, {.command = "OPER", .subject = name});
          return promote(service, asker, name);
        }
        service.report(asker, {.command = "OPER",
                               .subject = name,
                               .reason = "no operator of that name and password",
                               .outcome = Outcome::refused});
        service.reply(asker, ERR_PASSWDMISMATCH);
      });
}

void command::kill(Service& service, Session& session, const Message& message) {
  if (!is_operator(service, session)) return;
  if (chat::same_name(message.parameter(0), service.settings().server_name)) {
    return service.reply(session, ERR_CANTKILLSERVER);
  }
  chat::Person* person = service.chat().find_person(message.parameter(0));
  if (person == nullptr) {
    return service.reply(session, ERR_NOSUCHNICK, {fitting(message.parameter(0), 64)});
  }
  const std::string_view reason = fitting(message.parameter(1), Service::most_text_bytes);
  const std::string why = fmt::format("Killed ({} ({}))", session.name(), reason);
  service.report(session, {.command = "KILL", .subject = person->name(), .reason = reason});
  if (Session* victim = Service::session_of(*person)) {
    service.closing_without_memory(*victim, [&] {
      service.send(*victim, fmt::format(":{} KILL {} :{}", chat::full_name(session.person),
                                        person->name(), why));
    });
  }
  person->outlet().show_out(why);
}

void command::wallops(Service& service, Session& session, const Message& message) {
  if (!is_operator(service, session)) return;
  const std::string line =
      fmt::format(":{} WALLOPS :{}", chat::full_name(session.person), message.parameter(0));
  service.for_each_session([&](Session& each) {
    if (!each.profile.hears_wallops || !each.is_registered()) return;
    service.closing_without_memory(each, [&] { service.send(each, line); });
  });
}

void command::rehash(Service& service, Session& session, const Message&) {
  if (!is_operator(service, session)) return;
  service.reply(session, RPL_REHASHING, {service.settings().config_file});
  const std::string wrong = service.rehash();
  service.report(session, {.command = "REHASH",
                           .reason = wrong,
                           .outcome = wrong.empty() ? Outcome::done : Outcome::failed});
  if (!wrong.empty()) {
    service.send_message(session, "NOTICE",
                         {session.name(), "Nothing has changed: " + chat::without_control(wrong)},
                         Last::text);
  }
}

}  // namespace switchboard::irc
