#include "chat/plain_form.hpp"

#include <fmt/core.h>

#include "switchboard/sys/clock.hpp"

namespace switchboard::chat {

namespace {

void append(std::string& out, std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts) out.append(part);
}

void append_reason(std::string& out, std::string_view why) {
  if (!why.empty()) append(out, {" (", without_control(why), ")"});
}

// What is for programs, or shown by other means than words, is nothing to look at.
bool is_for_people(const Event& event) noexcept {
  switch (event.kind) {
    case Event::Kind::said:
    case Event::Kind::told:
    case Event::Kind::noticed:
      return !event.text.starts_with('\x01');
    case Event::Kind::tagged:
    case Event::Kind::inviting:
    case Event::Kind::away:
    case Event::Kind::proved:
    case Event::Kind::described:
    case Event::Kind::rehosted:
    case Event::Kind::returned:
      return false;
    default:
      return true;
  }
}

}  // namespace

void PlainForm::encode(const Event& event, std::string& out) const {
  if (!is_for_people(event)) return;
  const std::string_view who = event.who.name();
  append_time(event.time, out);
  switch (event.kind) {
    case Event::Kind::said:
      append(out, {" <", who, "> ", without_control(event.text)});
      break;
    case Event::Kind::acted:
      append(out, {" * ", who, " ", without_control(event.text)});
      break;
    case Event::Kind::told:
      append(out, {" ", who, " to you: ", without_control(event.text)});
      break;
    case Event::Kind::joined:
      append(out, {" -> ", who, " has joined ", plain_name(*event.room)});
      break;
    case Event::Kind::left:
      append(out, {" <- ", who, " has left ", plain_name(*event.room)});
      append_reason(out, event.text);
      break;
    case Event::Kind::quit:
      append(out, {" <- ", who, " has gone"});
      append_reason(out, event.text);
      break;
    case Event::Kind::renamed:
      append(out, {" -- ", event.text, " is now ", who});
      break;
    case Event::Kind::retitled:
      append(out, {" -- ", who, " has set the topic: ", without_control(event.text)});
      break;
    case Event::Kind::noticed:
      append(out, {" -", who, "- ", without_control(event.text)});
      break;
    case Event::Kind::kicked:
      append(out, {" <- ", event.to->name(), " was shown out of ", plain_name(*event.room), " by ",
                   who});
      append_reason(out, event.text);
      break;
    case Event::Kind::ruled:
      append(out, {" -- ", who, " has set the rules of ", plain_name(*event.room), ": ",
                   without_control(event.text)});
      break;
    case Event::Kind::invited:
      append(out, {" -- ", who, " invites you; type /join ", plain_name(*event.room)});
      break;
    default:
      break;  // not for people
  }
  out.append(line_end_);
}

// The local time, HH:MM. Time zones change at full minutes, and to look one up takes longer than
// all the rest of a message.
void PlainForm::append_time(WallTime time, std::string& out) const {
  const std::int64_t minute =
      std::chrono::floor<std::chrono::minutes>(time).time_since_epoch().count();
  if (minute != minute_) {
    const sys::TimeOfDay local = sys::local_time_of_day(time);
    time_ = fmt::format("{:02}:{:02}", local.hour, local.minute);
    minute_ = minute;
  }
  out.append(time_);
}

}  // namespace switchboard::chat
