// Service: how sessions begin, are kept alive, and are remembered.
#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "irc/commands.hpp"
#include "irc/modes.hpp"
#include "irc/names.hpp"
#include "irc/service.hpp"

namespace switchboard::irc {

void Service::try_to_register(Session& session) {
  const Registration& registration = *session.registration;
  if (registration.nick.empty() || !registration.has_user || registration.is_negotiating) return;
  const std::string nick = registration.nick;
  if (chat_.enter(session.person, nick) != chat::Refusal::none) {
    // Somebody has taken it since.
    session.registration->nick.clear();
    return reply(session, ERR_NICKNAMEINUSE, {nick});
  }
  session.registration.reset();
  --unregistered_;
  // An exchange that registering overtakes is over (ircv3.net/specs/extensions/sasl-3.1).
  if (session.sasl != nullptr) {
    session.sasl.reset();
    reply(session, ERR_SASLABORTED);
  }
  session.signed_on = chat_.now();
  session.last_spoken = reactor_.now();
  figures_.most_people = std::max(figures_.most_people, chat_.people());
  reactor_.cancel(session.timer);
  session.timer = {};
  if (settings_.ping_interval != Nanoseconds::zero()) arm_timer(session, settings_.ping_interval);
  welcome(session);
}

void Service::welcome(Session& session) {
  const std::string& server = settings_.server_name;
  reply(session, RPL_WELCOME, {},
        fmt::format("Welcome to the {} Network, {}", settings_.network,
                    session.person.has_shown_host() ? session.person.name()
                                                    : chat::full_name(session.person)));
  reply(session, RPL_YOURHOST, {},
        fmt::format("Your host is {}, running version {}", server, settings_.version));
  reply(session, RPL_CREATED, {}, fmt::format("This server was started {}", timestamp(started_)));
  reply(session, RPL_MYINFO,
        {server, settings_.version, user_mode_letters,
         channel_mode_letters(ModeType::list) + channel_mode_letters(ModeType::always) +
             channel_mode_letters(ModeType::when_set) + channel_mode_letters(ModeType::flag) +
             channel_mode_letters(ModeType::member_prefix)});
  send_isupport(*this, session);
  send_lusers(*this, session);
  start_motd(*this, session);
}

void Service::set_capabilities(Session& session, Capabilities capabilities) {
  session.capabilities = capabilities;
  session.person.set_form(forms_.form_for(capabilities));
  session.person.hear_own(true, session.has(capability::echo_message));
}

void Service::note_mode_change(bool chat::Profile::*mode, bool is_set) noexcept {
  std::size_t* counted = mode == &chat::Profile::is_invisible  ? &figures_.invisible
                         : mode == &chat::Profile::is_operator ? &figures_.operators
                                                               : nullptr;
  if (counted != nullptr) *counted += is_set ? 1 : SIZE_MAX;
}

// Who has gone is neither invisible nor an operator.
void Service::uncount(Session& session) noexcept {
  if (std::exchange(session.profile.is_invisible, false)) --figures_.invisible;
  if (std::exchange(session.profile.is_operator, false)) --figures_.operators;
}

// --- Timers

void Service::arm_timer(Session& session, Nanoseconds delay) {
  session.timer = reactor_.call_after(delay, [this, id = session.id] {
    Connection* connection = connections_.find(id);
    if (connection == nullptr) return;
    closing_if_thrown(id, [&] { on_timer(session_of(*connection)); });
  });
}

void Service::cancel_timers(const Session& session) {
  reactor_.cancel(session.timer);
  reactor_.cancel(session.flood_timer);
}

// Who takes what had to wait for them is there, although they say nothing: a PING behind an answer
// of megabytes may be long on its way. Only what had to wait counts: to a peer that has vanished
// the kernel takes bytes, too, until it has enough of them. An answer that goes on as they take it
// waits although the last send left nothing behind.
bool Service::has_taken_some(Session& session) {
  const Connection* connection = connections_.find(session.id);
  if (connection == nullptr) return false;
  const std::uint64_t taken = session.written_bytes - connection->queued_bytes();
  const bool had_to_wait = session.was_waited_for;
  session.was_waited_for = connection->is_stalled() || !session.streams.empty();
  return std::exchange(session.taken_bytes, taken) < taken && had_to_wait;
}

// One timer a session, which looks how long it was silent when it fires, so that a busy one need
// not move it. Who is held back is not silent by choice, and may have answered behind what is not
// read yet; the PING is for those who have gone meanwhile: it breaks their connection.
void Service::on_timer(Session& session) {
  if (!session.is_registered()) return show_out(session, "Registration timed out", "");
  const Nanoseconds interval = settings_.ping_interval;
  if (interval == Nanoseconds::zero()) return;
  if (has_taken_some(session)) {
    session.last_heard = reactor_.now();
    session.is_pinged = false;
  }
  const Nanoseconds silence = reactor_.now() - session.last_heard;
  if (silence < interval && !session.is_pinged) return arm_timer(session, interval - silence);
  if (session.is_pinged && !session.is_held_back()) {
    const auto text =
        fmt::format("Ping timeout: {} seconds",
                    std::chrono::duration_cast<std::chrono::seconds>(silence).count());
    return show_out(session, text, text);
  }
  session.is_pinged = !session.is_held_back();
  write(session, fmt::format("PING :{}\r\n", settings_.server_name));
  arm_timer(session, interval);
}

// --- Who comes and goes

void Service::on_entered(const chat::Person& person) {
  tell_watchers(person.name(), RPL_MONONLINE, chat::full_name(person));
}

void Service::on_renamed(const chat::Person& person, std::string_view before) {
  remember(person, before);
  if (folded(before) == folded(person.name())) return;
  tell_watchers(before, RPL_MONOFFLINE, before);
  tell_watchers(person.name(), RPL_MONONLINE, chat::full_name(person));
}

void Service::on_quit(const chat::Person& person) {
  remember(person, person.name());
  tell_watchers(person.name(), RPL_MONOFFLINE, person.name());
}

void Service::remember(const chat::Person& person, std::string_view nick) {
  const chat::Profile* profile = person.profile();
  memories_.push_front({.nick = std::string{nick},
                        .user = profile == nullptr ? std::string{"unknown"} : profile->user,
                        .host = person.host().empty() ? std::string{"unknown"} : person.host(),
                        .real_name = profile == nullptr ? std::string{nick} : profile->real_name,
                        .at = chat_.now()});
  if (memories_.size() > most_memories) memories_.pop_back();
}

void Service::tell_watchers(std::string_view nick, const Numeric& numeric, std::string_view text) {
  const auto found = watchers_.find(folded(nick));
  if (found == watchers_.end()) return;
  for (Session* watcher : found->second) {
    if (watcher->is_leaving) continue;  // hears ERROR, and nothing of their own end before it
    closing_without_memory(*watcher, [&] { reply(*watcher, numeric, {}, text); });
  }
}

std::vector<chat::Person*> Service::watchers_of(const chat::Person& person,
                                                Capabilities needed) const {
  std::vector<chat::Person*> watchers;
  const auto found = watchers_.find(folded(person.name()));
  if (found == watchers_.end()) return watchers;
  const Capabilities all = needed | capability::extended_monitor;
  for (Session* watcher : found->second) {
    if ((watcher->capabilities & all) == all) watchers.push_back(&watcher->person);
  }
  return watchers;
}

void Service::announce_news(Session& session, chat::Event::Kind kind, std::string_view text,
                            bool hear_self) {
  chat_.announce_news(session.person, kind, text, hear_self, watchers_of(session.person, 0));
}

bool Service::monitor(Session& session, std::string_view nick) {
  const std::string key = folded(nick);
  const auto is_same = [&](const std::string& listed) { return folded(listed) == key; };
  if (std::ranges::any_of(session.monitored, is_same)) return true;
  if (session.monitored.size() >= most_monitored) return false;
  session.monitored.emplace_back(nick);
  watchers_[key].push_back(&session);
  return true;
}

// Of whoever ends: there may be no memory, and so the names are folded where they are.
void Service::forget_watcher(Session& session) noexcept {
  for (std::string& nick : session.monitored) {
    std::ranges::transform(nick, nick.begin(), fold);
    const auto found = watchers_.find(nick);
    if (found == watchers_.end()) continue;
    std::erase(found->second, &session);
    if (found->second.empty()) watchers_.erase(found);
  }
  session.monitored.clear();
}

void Service::unmonitor(Session& session, std::string_view nick) {
  const std::string key = folded(nick);
  std::erase_if(session.monitored,
                [&](const std::string& listed) { return folded(listed) == key; });
  const auto found = watchers_.find(key);
  if (found == watchers_.end()) return;
  std::erase(found->second, &session);
  if (found->second.empty()) watchers_.erase(found);
}

}  // namespace switchboard::irc
