// MODE, of channels and of oneself.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "chat/text.hpp"
#include "irc/commands.hpp"
#include "irc/modes.hpp"
#include "irc/names.hpp"
#include "irc/service.hpp"

namespace switchboard::irc {

namespace {

using chat::ListedMask;
using chat::MaskList;
using chat::Room;
using chat::Rules;

struct FlagRow {
  char letter;
  bool Rules::*flag;
};
constexpr std::array<FlagRow, 6> room_flags{{{'C', &Rules::refuses_requests},
                                             {'i', &Rules::by_invitation},
                                             {'m', &Rules::is_moderated},
                                             {'n', &Rules::refuses_outsiders},
                                             {'s', &Rules::is_unlisted},
                                             {'t', &Rules::topic_is_locked}}};

struct ListRow {
  char letter;
  MaskList Rules::*list;
  const Numeric& item;
  const Numeric& end;
};
const std::array<ListRow, 3> lists{{{'b', &Rules::bans, RPL_BANLIST, RPL_ENDOFBANLIST},
                                    {'e', &Rules::exemptions, RPL_EXCEPTLIST, RPL_ENDOFEXCEPTLIST},
                                    {'I', &Rules::welcome, RPL_INVEXLIST, RPL_ENDOFINVEXLIST}}};

// So that a list's line, and the change's, hold all that belongs to them.
constexpr std::size_t most_mask_bytes = 200;

std::string seconds_of(chat::WallTime time) {
  return std::to_string(
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

const ListRow& list_of(char letter) noexcept {
  return *std::ranges::find(lists, letter, &ListRow::letter);
}

// The key is for those who are in the room.
void show_modes(Service& service, Session& session, const Room& room) {
  const Rules& rules = room.rules();
  std::string letters = "+";
  std::string parameters;
  for (const FlagRow& row : room_flags) {
    if (rules.*row.flag) letters += row.letter;
  }
  if (!rules.key.empty()) {
    letters += 'k';
    parameters += ' ' + (session.person.is_in(room) ? rules.key : std::string{"*"});
  }
  if (rules.most_people != 0) {
    letters += 'l';
    parameters += ' ' + std::to_string(rules.most_people);
  }
  const std::string channel = channel_name(room);
  service.send(session,
               fmt::format(":{} {:03} {} {} {}{}", service.settings().server_name,
                           RPL_CHANNELMODEIS.code, session.name(), channel, letters, parameters));
  service.reply(session, RPL_CREATIONTIME, {channel, seconds_of(room.made_at())});
}

void show_list(Service& service, Session& session, const Room& room, char letter) {
  const ListRow& row = list_of(letter);
  const std::string channel = channel_name(room);
  for (const ListedMask& listed : room.rules().*row.list) {
    service.reply(session, row.item, {channel, listed.mask, listed.by, seconds_of(listed.at)});
  }
  service.reply(session, row.end, {channel});
}

// Applies a request to one room, change by change, and keeps those that made a difference.
class ModeSetter {
 public:
  ModeSetter(Service& service, Session& session, Room& room)
      : service_(service), session_(session), room_(room), channel_(channel_name(room)) {}

  void apply(ModeChange change) {
    switch (find_channel_mode(change.letter)->type) {
      case ModeType::flag:
        return set_flag(change);
      case ModeType::list:
        return set_mask(change);
      case ModeType::member_prefix:
        return set_standing(change);
      case ModeType::always:
        return set_key(change);
      case ModeType::when_set:
        return set_limit(change);
    }
  }

  void announce() {
    // Room for ":name!user@host MODE #channel " in front.
    const std::size_t start = chat::full_name(session_.person).size() + channel_.size() + 10;
    for (const std::string& how : format_modes(made_, most_message_bytes - start)) {
      service_.chat().announce_rules(session_.person, room_, how);
    }
  }

 private:
  Rules& rules() { return service_.chat().change_rules(room_); }

  void set_flag(ModeChange& change) {
    const auto* row = std::ranges::find(room_flags, change.letter, &FlagRow::letter);
    if (room_.rules().*row->flag == change.adding) return;
    rules().*row->flag = change.adding;
    made_.push_back(std::move(change));
  }

  void set_mask(ModeChange& change) {
    MaskList& list = rules().*list_of(change.letter).list;
    const bool is_quiet = change.letter != 'I' && change.argument.starts_with(chat::quiet_prefix);
    if (is_quiet) change.argument.erase(0, chat::quiet_prefix.size());
    change.argument = full_mask(change.argument);
    if (is_quiet) change.argument.insert(0, chat::quiet_prefix);
    if (change.argument.size() > most_mask_bytes) {
      return service_.reply(session_, ERR_INVALIDMODEPARAM,
                            {channel_, std::string_view{&change.letter, 1}, "*"},
                            fmt::format("A mask has at most {} bytes", most_mask_bytes));
    }
    const auto found = std::ranges::find_if(list, [&](const ListedMask& listed) {
      return chat::same_name(listed.mask, change.argument);
    });
    if (change.adding == (found != list.end())) return;
    if (!change.adding) {
      change.argument = found->mask;
      list.erase(found);
    } else if (list.size() >= Service::most_listed) {
      return service_.reply(session_, ERR_BANLISTFULL,
                            {channel_, std::string_view{&change.letter, 1}});
    } else {
      list.push_back({change.argument, session_.person.name(), service_.chat().now()});
    }
    made_.push_back(std::move(change));
  }

  void set_standing(ModeChange& change) {
    chat::Person* person = service_.chat().find_person(change.argument);
    if (person == nullptr) {
      return service_.reply(session_, ERR_NOSUCHNICK, {fitting(change.argument, 64)});
    }
    if (!person->is_in(room_)) {
      return service_.reply(session_, ERR_USERNOTINCHANNEL, {person->name(), channel_});
    }
    const chat::Standing bit = change.letter == 'o' ? chat::is_operator : chat::has_voice;
    const chat::Standing before = room_.standing_of(*person);
    if (((before & bit) != 0) == change.adding) return;
    (void)service_.chat().set_standing(room_, *person,  // is in it, as was looked at
                                       static_cast<chat::Standing>(before ^ bit));
    change.argument = person->name();
    made_.push_back(std::move(change));
  }

  void set_key(ModeChange& change) {
    if (!change.adding) {
      if (room_.rules().key.empty()) return;
      change.argument = std::exchange(rules().key, {});
    } else {
      if (change.argument.size() > most_key_bytes ||
          change.argument.find(',') != std::string::npos) {
        return service_.reply(session_, ERR_INVALIDKEY, {channel_});
      }
      if (room_.rules().key == change.argument) return;
      rules().key = change.argument;
    }
    made_.push_back(std::move(change));
  }

  void set_limit(ModeChange& change) {
    if (!change.adding) {
      if (room_.rules().most_people == 0) return;
      rules().most_people = 0;
    } else {
      std::size_t number = 0;
      const std::string& text = change.argument;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error != std::errc{} || end != text.data() + text.size() || number == 0) {
        return service_.reply(session_, ERR_INVALIDMODEPARAM, {channel_, "l", text},
                              "A limit is a number from 1 on");
      }
      if (room_.rules().most_people == number) return;
      rules().most_people = number;
    }
    made_.push_back(std::move(change));
  }

  Service& service_;
  Session& session_;
  Room& room_;
  const std::string channel_;
  std::vector<ModeChange> made_;
};

void channel_mode(Service& service, Session& session, const Message& message) {
  Room* room = find_visible_channel(service, session, message.parameter(0));
  if (room == nullptr) {
    return service.reply(session, ERR_NOSUCHCHANNEL, {fitting(message.parameter(0), 64)});
  }
  const std::string channel = channel_name(*room);
  if (message.parameter_count == 1) return show_modes(service, session, *room);
  ModeRequest request = parse_channel_modes(message.parameters().subspan(1));
  for (const char letter : request.unknown) {
    service.reply(session, ERR_UNKNOWNMODE, {std::string_view{&letter, 1}});
  }
  for (const char letter : request.lacking) {
    service.reply(session, ERR_INVALIDMODEPARAM, {channel, std::string_view{&letter, 1}, "*"},
                  "You must specify a parameter");
  }
  for (const char letter : request.lists) show_list(service, session, *room, letter);
  if (request.changes.empty()) return;
  if ((room->standing_of(session.person) & chat::is_operator) == 0) {
    return service.reply(session, ERR_CHANOPRIVSNEEDED, {channel});
  }
  ModeSetter setter{service, session, *room};
  for (ModeChange& change : request.changes) setter.apply(std::move(change));
  setter.announce();
}

struct UserModeRow {
  char letter;
  bool chat::Profile::*flag;
};
constexpr std::array<UserModeRow, 4> user_modes{{{'B', &chat::Profile::is_bot},
                                                 {'i', &chat::Profile::is_invisible},
                                                 {'o', &chat::Profile::is_operator},
                                                 {'w', &chat::Profile::hears_wallops}}};

void user_mode(Service& service, Session& session, const Message& message) {
  const chat::Person* person = service.chat().find_person(message.parameter(0));
  if (person == nullptr) {
    return service.reply(session, ERR_NOSUCHNICK, {fitting(message.parameter(0), 64)});
  }
  if (person != &session.person) return service.reply(session, ERR_USERSDONTMATCH);
  if (message.parameter_count == 1) {
    return service.reply(session, RPL_UMODEIS, {user_modes_of(session.profile)});
  }
  const ModeRequest request = parse_user_modes(message.parameter(1));
  std::vector<ModeChange> made;
  for (const ModeChange& change : request.changes) {
    const auto* row = std::ranges::find(user_modes, change.letter, &UserModeRow::letter);
    // Nobody makes themselves an operator but by OPER.
    if ((change.letter == 'o' && change.adding) || session.profile.*row->flag == change.adding) {
      continue;
    }
    set_user_mode(service, session, row->flag, change.adding);
    made.push_back(change);
  }
  for (const std::string& how : format_modes(made, most_message_bytes / 2)) {
    tell_user_modes(service, session, how);
  }
  if (!request.unknown.empty()) service.reply(session, ERR_UMODEUNKNOWNFLAG);
}

}  // namespace

std::string user_modes_of(const chat::Profile& profile) {
  std::string letters = "+";
  for (const UserModeRow& row : user_modes) {
    if (profile.*row.flag) letters += row.letter;
  }
  return letters;
}

void set_user_mode(Service& service, Session& session, bool chat::Profile::*flag, bool is_set) {
  session.profile.*flag = is_set;
  service.note_mode_change(flag, is_set);
}

void tell_user_modes(Service& service, Session& session, std::string_view how) {
  service.send(session,
               fmt::format(":{} MODE {} {}", chat::full_name(session.person), session.name(), how));
}

void command::mode(Service& service, Session& session, const Message& message) {
  if (message.parameter(0).starts_with('#')) return channel_mode(service, session, message);
  user_mode(service, session, message);
}

}  // namespace switchboard::irc
