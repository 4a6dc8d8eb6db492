// WHO and WHOX (ircv3.net/specs/extensions/whox).
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "chat/mask.hpp"
#include "irc/commands.hpp"
#include "irc/names.hpp"
#include "irc/service.hpp"

namespace switchboard::irc {

namespace {

// Masks may take in everybody; who asks for more has to ask more precisely.
constexpr std::size_t most_by_mask = 500;
constexpr std::size_t most_token_digits = 3;

// "%tcuihsnfdlaor,token", or the usual answer. Hops and the level of an operator are not in the
// specification, but WeeChat asks for the first, and counts what it gets.
struct WhoFields {
  bool is_extended = false;
  std::string letters{};
  std::string token{};

  bool has(char letter) const noexcept { return letters.find(letter) != std::string::npos; }
};

WhoFields fields_of(std::string_view text) {
  const std::size_t percent = text.find('%');
  if (percent == std::string_view::npos) return {};
  text.remove_prefix(percent + 1);
  const std::size_t comma = std::min(text.find(','), text.size());
  WhoFields fields{.is_extended = true, .letters = std::string{text.substr(0, comma)}};
  const std::string_view token = text.substr(std::min(comma + 1, text.size()));
  const bool is_number = !token.empty() && token.size() <= most_token_digits &&
                         token.find_first_not_of("0123456789") == std::string_view::npos;
  fields.token = is_number ? std::string{token} : "0";
  return fields;
}

// H is here, G is gone; '*' an operator of the server, what they are in the channel, and B a bot.
std::string flags_of(const Session& asker, const chat::Person& person, chat::Standing standing) {
  const chat::Profile* profile = person.profile();
  std::string flags = profile != nullptr && !profile->away.empty() ? "G" : "H";
  if (profile != nullptr && profile->is_operator) flags += '*';
  flags += prefixes(standing, asker.has(capability::multi_prefix));
  if (profile != nullptr && profile->is_bot) flags += 'B';
  return flags;
}

class WhoAnswer {
 public:
  WhoAnswer(Service& service, Session& session, const WhoFields& fields)
      : service_(service), session_(session), fields_(fields) {}

  void add(const chat::Person& person, const chat::Room* room) {
    add(person, room, room == nullptr ? chat::of_anybody : room->standing_of(person));
  }
  // Where what they are in the room is known already: to look it up is a walk over all of it.
  void add(const chat::Person& person, const chat::Room* room, chat::Standing standing) {
    const chat::Profile* profile = person.profile();
    const std::string channel = room == nullptr ? "*" : channel_name(*room);
    const std::string user =
        profile == nullptr || profile->user.empty() ? "unknown" : profile->user;
    const std::string host = person.host().empty() ? "unknown" : person.host();
    const std::string real_name = profile == nullptr ? person.name() : profile->real_name;
    const std::string flags = flags_of(session_, person, standing);
    const std::string& server = service_.settings().server_name;
    if (!fields_.is_extended) {
      return service_.reply(session_, RPL_WHOREPLY,
                            {channel, user, host, server, person.name(), flags}, "0 " + real_name);
    }
    const Session* other = Service::session_of(person);
    const auto idle =
        other == nullptr
            ? std::chrono::seconds{0}
            : std::chrono::duration_cast<std::chrono::seconds>(service_.now() - other->last_spoken);
    std::string line = fmt::format(":{} {:03} {}", server, RPL_WHOSPCRPL.code, session_.name());
    const auto field = [&](char letter, std::string_view value) {
      if (fields_.has(letter)) line.append(" ").append(value);
    };
    field('t', fields_.token);
    field('c', channel);
    field('u', user);
    field('i', host == "unknown" || host == "localhost" ? "255.255.255.255" : host);
    field('h', host);
    field('s', server);
    field('n', person.name());
    field('f', flags);
    field('d', "0");
    field('l', std::to_string(idle.count()));
    field('a', profile == nullptr || profile->account.empty() ? "0" : profile->account);
    field('o', "n/a");
    if (fields_.has('r')) line.append(" :").append(real_name);
    service_.send(session_, line);
  }

 private:
  Service& service_;
  Session& session_;
  const WhoFields& fields_;
};

// Down from the last member, as NamesStream does.
class WhoStream final : public Stream {
 public:
  WhoStream(const chat::Room& room, bool is_member, std::string asked, WhoFields fields)
      : name_(room.name()),
        asked_(std::move(asked)),
        fields_(std::move(fields)),
        left_(room.people().size()),
        is_member_(is_member) {}

  bool step(Service& service, Session& session) override {
    const chat::Room* room = service.chat().find_room(name_);
    if (room != nullptr) left_ = std::min(left_, room->people().size());
    if (room == nullptr || left_ == 0) {
      service.reply(session, RPL_ENDOFWHO, {asked_});
      return false;
    }
    const chat::Person& person = *room->people()[--left_];
    const bool hides = person.profile() != nullptr && person.profile()->is_invisible;
    if (is_member_ || !hides) {
      WhoAnswer{service, session, fields_}.add(person, room, room->standing_at(left_));
    }
    return true;
  }

 private:
  const std::string name_;
  const std::string asked_;
  const WhoFields fields_;
  std::size_t left_;
  const bool is_member_;
};

bool shares_a_room(const chat::Person& one, const chat::Person& other) noexcept {
  return std::ranges::any_of(one.rooms(),
                             [&](const chat::Room* room) { return other.is_in(*room); });
}

const chat::Room* visible_room(const chat::Person& person, const chat::Person& asker) noexcept {
  for (const chat::Room* room : person.rooms()) {
    if (is_visible(*room, asker)) return room;
  }
  return nullptr;
}

bool is_matched(std::string_view mask, const chat::Person& person) {
  const chat::Profile* profile = person.profile();
  return chat::matches_mask(mask, person.name()) || chat::matches_mask(mask, person.host()) ||
         chat::matches_mask(mask, chat::full_name(person)) ||
         (profile != nullptr && (chat::matches_mask(mask, profile->user) ||
                                 chat::matches_mask(mask, profile->real_name)));
}

// Those that a mask takes in, looked for as fast as the answer is taken: down from the last, as
// Chat::everybody() asks for.
class MaskedWhoStream final : public Stream {
 public:
  MaskedWhoStream(std::string mask, bool operators_only, std::string asked, WhoFields fields,
                  std::size_t people)
      : mask_(std::move(mask)),
        asked_(std::move(asked)),
        fields_(std::move(fields)),
        left_(people),
        operators_only_(operators_only) {}

  bool step(Service& service, Session& session) override {
    constexpr int most_looked_at = 64;  // in one step: not everybody is shown
    const auto people = service.chat().everybody();
    left_ = std::min(left_, people.size());
    for (int i = 0; i < most_looked_at && left_ > 0 && shown_ < most_by_mask; ++i) {
      const chat::Person& person = *people[--left_];
      if (!is_shown(person, session.person)) continue;
      WhoAnswer{service, session, fields_}.add(person, visible_room(person, session.person));
      ++shown_;
    }
    if (left_ > 0 && shown_ < most_by_mask) return true;
    service.reply(session, RPL_ENDOFWHO, {fitting(asked_, most_echoed_bytes)});
    return false;
  }

 private:
  bool is_shown(const chat::Person& person, const chat::Person& asker) const {
    const chat::Profile* profile = person.profile();
    if (operators_only_ && (profile == nullptr || !profile->is_operator)) return false;
    const bool hides = profile != nullptr && profile->is_invisible && &person != &asker &&
                       !shares_a_room(person, asker);
    return !hides && is_matched(mask_, person);
  }

  const std::string mask_;
  const std::string asked_;
  const WhoFields fields_;
  std::size_t left_;
  std::size_t shown_ = 0;
  const bool operators_only_;
};

}  // namespace

void command::who(Service& service, Session& session, const Message& message) {
  const std::string_view given = message.parameter(0);
  const std::string_view asked = given.empty() || given == "0" ? "*" : given;
  const WhoFields fields = fields_of(message.parameter(1));
  const bool operators_only = message.parameter(1).substr(0, message.parameter(1).find('%')) == "o";
  if (const chat::Room* room = find_channel(service, asked);
      room != nullptr && is_visible(*room, session.person)) {
    return service.start(session, std::make_unique<WhoStream>(*room, session.person.is_in(*room),
                                                              std::string{asked}, fields));
  }
  if (asked.find_first_of("*?") != std::string_view::npos) {
    return service.start(
        session, std::make_unique<MaskedWhoStream>(std::string{asked}, operators_only,
                                                   std::string{given.empty() ? asked : given},
                                                   fields, service.chat().everybody().size()));
  }
  if (const chat::Person* person = service.chat().find_person(asked)) {
    WhoAnswer{service, session, fields}.add(*person, visible_room(*person, session.person));
  }
  service.reply(session, RPL_ENDOFWHO, {fitting(given.empty() ? asked : given, most_echoed_bytes)});
}

}  // namespace switchboard::irc
