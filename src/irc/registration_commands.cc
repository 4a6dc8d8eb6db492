// CAP, AUTHENTICATE, PASS, NICK, USER, PING, PONG, QUIT.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "chat/text.hpp"
#include "irc/base64.hpp"
#include "irc/commands.hpp"
#include "irc/names.hpp"
#include "irc/service.hpp"

namespace switchboard::irc {

namespace {

int version_of(std::string_view text) noexcept {
  int version = 0;
  std::from_chars(text.data(), text.data() + text.size(), version);
  return version;
}

void cap_ls(Service& service, Session& session, const Message& message) {
  if (version_of(message.parameter(1)) >= 302) {
    session.speaks_302 = true;
    // Negotiated with the version, whether or not it is asked for.
    service.set_capabilities(session, session.capabilities | capability::cap_notify);
  }
  if (!session.is_registered()) session.registration->is_negotiating = true;
  service.send_message(
      session, "CAP",
      {session.name(), "LS", capability_names(service.offered(), session.speaks_302)}, Last::text);
}

void cap_request(Service& service, Session& session, const Message& message) {
  if (!session.is_registered()) session.registration->is_negotiating = true;
  Capabilities wanted = session.capabilities;
  const bool granted = apply_request(message.parameter(1), service.offered(), wanted);
  if (granted) service.set_capabilities(session, wanted);
  service.send_message(session, "CAP",
                       {session.name(), granted ? "ACK" : "NAK", message.parameter(1)}, Last::text);
}

// --- SASL: ircv3.net/specs/extensions/sasl-3.1, RFC 4616.

constexpr std::size_t sasl_piece_bytes = 400;
constexpr std::size_t most_sasl_bytes = 1200;

void refuse_sasl(Service& service, Session& session, const Numeric& why) {
  session.sasl.reset();
  service.reply(session, why);
}

void log_in(Service& service, Session& session, const std::string& account) {
  session.profile.account = account;
  service.reply(session, RPL_LOGGEDIN,
                {fmt::format("{}!{}@{}", session.name(),
                             session.profile.user.empty() ? "*" : session.profile.user,
                             session.person.host()),
                 account},
                fmt::format("You are now logged in as {}", account));
  service.reply(session, RPL_SASLSUCCESS);
  if (session.person.is_here()) {
    service.announce_news(session, chat::Event::Kind::proved, account,
                          session.has(capability::account_notify));
  }
  service.give_host_of(session, account);
}

// authorisation NUL authentication NUL password; the first may be empty.
void check_plain(Service& service, Session& session, std::string_view encoded) {
  const auto decoded = decode_base64(encoded);
  if (!decoded) return refuse_sasl(service, session, ERR_SASLFAIL);
  const std::string& text = *decoded;
  const std::size_t first = text.find('\0');
  const std::size_t second = first == std::string::npos ? first : text.find('\0', first + 1);
  if (second == std::string::npos) return refuse_sasl(service, session, ERR_SASLFAIL);
  const std::string as = text.substr(0, first);
  const std::string name = text.substr(first + 1, second - first - 1);
  const auto account = service.settings().accounts.find(folded(name));
  const bool is_known = account != service.settings().accounts.end();
  const bool is_other = !as.empty() && folded(as) != folded(name);
  service.check_password(session, is_known && !is_other ? account->second : std::string{},
                         text.substr(second + 1), [&service, name](Session& asker, Answer answer) {
                           asker.sasl.reset();
                           if (answer == Answer::right) return log_in(service, asker, name);
                           if (answer == Answer::none) {
                             service.reply(asker, RPL_TRYAGAIN, {"AUTHENTICATE"});
                           }
                           service.reply(asker, ERR_SASLFAIL);
                         });
}

}  // namespace

void command::cap(Service& service, Session& session, const Message& message) {
  const std::string sub = folded(message.parameter(0));
  if (sub == "ls") return cap_ls(service, session, message);
  if (sub == "req") return cap_request(service, session, message);
  if (sub == "list") {
    return service.send_message(
        session, "CAP", {session.name(), "LIST", capability_names(session.capabilities, false)},
        Last::text);
  }
  if (sub == "end") {
    if (session.is_registered()) return;
    session.registration->is_negotiating = false;
    return service.try_to_register(session);
  }
  service.reply(session, ERR_INVALIDCAPCMD, {fitting(message.parameter(0), 32)});
}

void command::authenticate(Service& service, Session& session, const Message& message) {
  const std::string_view given = message.parameter(0);
  if (!session.has(capability::sasl)) return service.reply(session, ERR_SASLFAIL);
  if (given == "*") return refuse_sasl(service, session, ERR_SASLABORTED);
  if (!session.profile.account.empty()) return service.reply(session, ERR_SASLALREADY);
  if (session.sasl == nullptr) {
    if (folded(given) != "plain") {
      service.reply(session, RPL_SASLMECHS, {"PLAIN"});
      return service.reply(session, ERR_SASLFAIL);
    }
    session.sasl = std::make_unique<std::string>();
    return service.send(session, "AUTHENTICATE +");
  }
  if (given.size() > sasl_piece_bytes || session.sasl->size() + given.size() > most_sasl_bytes) {
    return refuse_sasl(service, session, ERR_SASLTOOLONG);
  }
  if (given != "+") session.sasl->append(given);
  if (given.size() == sasl_piece_bytes) return;  // more is to come
  check_plain(service, session, *session.sasl);
}

void command::pass(Service& service, Session& session, const Message&) {
  if (session.is_registered()) service.reply(session, ERR_ALREADYREGISTERED);
}

void command::nick(Service& service, Session& session, const Message& message) {
  const std::string_view wanted = message.parameter(0);
  if (wanted.empty()) return service.reply(session, ERR_NONICKNAMEGIVEN);
  chat::Chat& chat = service.chat();
  if (!is_nickname(wanted, chat.limits().name_bytes) ||
      chat.check_name(wanted) != chat::Refusal::none) {
    return service.reply(session, ERR_ERRONEUSNICKNAME, {fitting(wanted, most_message_bytes / 8)});
  }
  const chat::Person* holder = chat.find_person(wanted);
  if (holder != nullptr && holder != &session.person) {
    return service.reply(session, ERR_NICKNAMEINUSE, {wanted});
  }
  if (!session.is_registered()) {
    session.registration->nick = wanted;
    return service.try_to_register(session);
  }
  if (session.person.name() != wanted)
    (void)chat.rename(session.person, wanted);  // looked at above
}

void command::user(Service& service, Session& session, const Message& message) {
  if (session.is_registered() || session.registration->has_user) {
    return service.reply(session, ERR_ALREADYREGISTERED);
  }
  // Nobody has asked the machine it comes from, which the '~' says. What would end a part of
  // name!user@host is left out.
  std::string name = "~";
  for (const char c : message.parameter(0)) {
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                          (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
    if (is_plain && name.size() < Service::most_user_bytes) name += c;
  }
  if (name.size() == 1) name += "user";
  session.profile.user = std::move(name);
  session.profile.real_name =
      chat::without_turning(fitting(message.parameter(3), Service::most_text_bytes));
  if (session.profile.real_name.empty()) session.profile.real_name = message.parameter(0);
  session.registration->has_user = true;
  service.try_to_register(session);
}

void command::ping(Service& service, Session& session, const Message& message) {
  if (message.parameter(0).empty()) return service.reply(session, ERR_NOORIGIN);
  service.send_message(session, "PONG", {service.settings().server_name, message.parameter(0)},
                       Last::text);
}

// That something was heard counts, not what.
void command::pong(Service&, Session&, const Message&) {}

void command::quit(Service& service, Session& session, const Message& message) {
  const std::string_view reason = message.parameter(0);
  const std::string why = fmt::format("Quit: {}", fitting(reason, Service::most_text_bytes));
  service.show_out(session, why, why);
}

}  // namespace switchboard::irc
