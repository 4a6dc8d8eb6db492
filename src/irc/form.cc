#include "irc/form.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "irc/line.hpp"

namespace switchboard::irc {

namespace {

using chat::Event;

constexpr std::string_view line_end = "\r\n";

std::string date_of(std::int64_t second) {
  const auto time = std::chrono::sys_seconds{std::chrono::seconds{second}};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::string_view command_of(Event::Kind kind) noexcept {
  switch (kind) {
    case Event::Kind::noticed:
      return "NOTICE";
    case Event::Kind::tagged:
      return "TAGMSG";
    default:
      return "PRIVMSG";
  }
}

std::string target_of(const Event& event) {
  if (event.room == nullptr) return event.to->name();
  std::string target;
  if (event.only != chat::of_anybody) {
    target += (event.only & chat::has_voice) != 0 ? '+' : '@';
  }
  return target + channel_name(*event.room);
}

void append(std::string& out, std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts) out.append(part);
}

// Behind a message's start, which may have tags: what of a text still fits.
std::size_t room_left(std::string_view start) noexcept {
  const std::size_t tags = start.starts_with('@') ? start.find(' ') + 1 : 0;
  return most_message_bytes - line_end.size() -
         std::min(start.size() - tags, most_message_bytes / 2);
}

}  // namespace

std::string channel_name(const chat::Room& room) {
  return '#' + room.name();
}

std::string timestamp(chat::WallTime time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{}.{:03}Z", date_of(second.time_since_epoch().count()),
                     std::chrono::duration_cast<std::chrono::milliseconds>(time - second).count());
}

std::string_view fitting(std::string_view text, std::size_t most_bytes) noexcept {
  if (text.size() <= most_bytes) return text;
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; };
  while (most_bytes > 0 && continues(text[most_bytes])) --most_bytes;
  return text.substr(0, most_bytes);
}

void IrcForm::encode(const Event& event, std::string& out) const {
  const std::size_t begin = out.size();
  const auto finish = [&](std::initializer_list<std::string_view> parts, std::string_view text) {
    append_start(event, out);
    append(out, parts);
    out.append(fitting(text, room_left(std::string_view{out}.substr(begin)))).append(line_end);
  };
  switch (event.kind) {
    case Event::Kind::said:
    case Event::Kind::acted:
    case Event::Kind::told:
    case Event::Kind::noticed:
    case Event::Kind::tagged:
      return append_words(event, out);
    case Event::Kind::joined:
      return append_joined(event, out);
    case Event::Kind::left:
      return finish({"PART #", event.room->name(), event.text.empty() ? "" : " :"}, event.text);
    case Event::Kind::quit:
      return finish({"QUIT :"}, event.text);
    case Event::Kind::renamed:
      return finish({"NICK :"}, event.who.name());
    case Event::Kind::retitled:
      return finish({"TOPIC #", event.room->name(), " :"}, event.text);
    case Event::Kind::kicked:
      return finish({"KICK #", event.room->name(), " ", event.to->name(), " :"},
                    event.text.empty() ? std::string_view{event.who.name()} : event.text);
    case Event::Kind::ruled:
      return finish({"MODE #", event.room->name(), " "}, event.text);
    case Event::Kind::inviting:
      if (!has(capability::invite_notify)) return;
      [[fallthrough]];
    case Event::Kind::invited:
      return finish({"INVITE ", event.to->name(), " #", event.room->name()}, "");
    case Event::Kind::away:
      if (!has(capability::away_notify)) return;
      return finish({"AWAY", event.text.empty() ? "" : " :"}, event.text);
    case Event::Kind::proved:
      if (!has(capability::account_notify)) return;
      return finish({"ACCOUNT ", event.text.empty() ? "*" : event.text}, "");
    case Event::Kind::described:
      if (!has(capability::setname)) return;
      return finish({"SETNAME :"}, event.text);
    case Event::Kind::rehosted:
      return append_rehosted(event, out);
    case Event::Kind::returned:
      return append_returned(event, out);
  }
}

void IrcForm::append_start(const Event& event, std::string& out) const {
  append_tags(event, out);
  out.append(1, ':');
  // Who is renamed is still known by the name until now.
  chat::append_full_name(event.who,
                         event.kind == Event::Kind::renamed ? event.text : event.who.name(), out);
  out.append(1, ' ');
}

void IrcForm::append_tags(const Event& event, std::string& out) const {
  const std::size_t begin = out.size();
  const auto tag = [&](std::string_view name) -> std::string& {
    return out.append(out.size() == begin ? "@" : ";").append(name);
  };
  const chat::Profile* profile = event.who.profile();
  if (has(capability::server_time)) append_time(event.time, tag("time="));
  if (has(capability::account_tag) && profile != nullptr && !profile->account.empty()) {
    tag("account=").append(profile->account);
  }
  if (has(capability::message_tags)) {
    tag("msgid=").append(fmt::format("{:x}-{:x}", boot_, event.id));
    if (profile != nullptr && profile->is_bot) tag("bot");
    if (!event.tags.empty()) tag(event.tags);
  }
  if (out.size() != begin) out.append(1, ' ');
}

// A thousand messages of one second are dated once.
void IrcForm::append_time(chat::WallTime time, std::string& out) const {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  if (second.time_since_epoch().count() != second_) {
    date_ = date_of(second.time_since_epoch().count());
    second_ = second.time_since_epoch().count();  // last: there may be no memory for a date
  }
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time - second).count();
  const std::array<char, 5> fraction{'.', static_cast<char>('0' + ms / 100),
                                     static_cast<char>('0' + ms / 10 % 10),
                                     static_cast<char>('0' + ms % 10), 'Z'};
  out.append(date_).append(fraction.data(), fraction.size());
}

// What IRC clients send fits, as they are told so where it does not; lines of the plain dialect may
// be twice as long.
void IrcForm::append_words(const Event& event, std::string& out) const {
  const bool is_tagged = event.kind == Event::Kind::tagged;
  if (is_tagged && !has(capability::message_tags)) return;
  const bool is_action = event.kind == Event::Kind::acted;
  const std::string_view before = is_action ? "\x01"
                                              "ACTION "
                                            : "";
  const std::string_view behind = is_action ? "\x01" : "";
  std::string start;
  append_start(event, start);
  append(start, {command_of(event.kind), " ", target_of(event)});
  if (is_tagged) {
    append(out, {start, line_end});
    return;
  }
  start.append(" :").append(before);
  const std::size_t most = room_left(start) - behind.size();
  std::string_view rest = event.text;
  do {
    const std::string_view piece = fitting(rest, most);
    append(out, {start, piece, behind, line_end});
    rest.remove_prefix(piece.size());
  } while (!rest.empty());
}

void IrcForm::append_joined(const Event& event, std::string& out) const {
  const chat::Profile* profile = event.who.profile();
  append_start(event, out);
  append(out, {"JOIN #", event.room->name()});
  if (has(capability::extended_join)) {
    const bool has_account = profile != nullptr && !profile->account.empty();
    append(out, {" ", has_account ? profile->account : "*", " :",
                 profile == nullptr ? event.who.name() : profile->real_name});
  }
  out.append(line_end);
  if (profile == nullptr || profile->away.empty() || !has(capability::away_notify)) return;
  append_start(event, out);
  append(out, {"AWAY :", profile->away, line_end});
}

// ircv3.net/specs/extensions/chghost. Who does not know it sees somebody go and come again.
void IrcForm::append_rehosted(const Event& event, std::string& out) const {
  const chat::Profile* profile = event.who.profile();
  const std::string_view user = profile == nullptr ? std::string_view{} : profile->user;
  append_tags(event, out);
  append(out, {":", event.who.name(), "!", user, "@", event.text});
  if (!has(capability::chghost)) return append(out, {" QUIT :Changing hostname", line_end});
  append(out, {" CHGHOST ", user, " ", event.who.host(), line_end});
}

void IrcForm::append_returned(const Event& event, std::string& out) const {
  if (has(capability::chghost)) return;
  append_joined(event, out);
  const chat::Standing standing = event.room->standing_of(event.who);
  if (standing == chat::of_anybody) return;
  const bool is_operator = (standing & chat::is_operator) != 0;
  const bool has_voice = (standing & chat::has_voice) != 0;
  const std::string& name = event.who.name();
  append(out, {":", server_name_, " MODE #", event.room->name(), " +", is_operator ? "o" : "",
               has_voice ? "v" : "", " ", name});
  if (is_operator && has_voice) append(out, {" ", name});
  append(out, {line_end});
}

IrcForms::IrcForms(chat::Chat& chat, std::uint64_t boot, std::string server_name)
    : chat_(chat), boot_(boot), server_name_(std::move(server_name)) {
  form_for(0);
}

chat::FormId IrcForms::form_for(Capabilities capabilities) {
  Entry& entry = entries_[capabilities & capability::of_form];
  if (entry.form != nullptr) return entry.id;
  auto form = std::make_unique<IrcForm>(capabilities & capability::of_form, boot_, server_name_);
  try {
    entry.id = chat_.add_form(*form);
  } catch (const std::length_error&) {
    return entries_.front().id;
  }
  entry.form = std::move(form);
  return entry.id;
}

}  // namespace switchboard::irc
