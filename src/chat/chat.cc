#include "chat/chat.hpp"

#include <algorithm>
#include <cassert>
#include <stdexcept>

namespace switchboard::chat {

namespace {

// What some dialect needs for itself: separators, sigils, wildcards; and the dot, which makes a
// name one of a server, in whose stead nobody speaks.
constexpr std::string_view reserved_of_people = " ,*?!@:#/$&+~%.";
// A room's name stands where nothing else can (modern.ircdocs.horse, "Channels").
constexpr std::string_view reserved_of_rooms = " ,";

// Stands for a user or host that is not known, which are never written as nothing.
constexpr std::string_view unknown = "unknown";

}  // namespace

Person::~Person() {
  assert(!is_here() && rooms_.empty());
}

bool Person::is_in(const Room& room) const noexcept {
  return std::ranges::find(rooms_, &room) != rooms_.end();
}

std::string full_name(const Person& person) {
  std::string name;
  append_full_name(person, person.name(), name);
  return name;
}

void append_full_name(const Person& person, std::string_view name, std::string& out) {
  const Profile* profile = person.profile();
  out.append(name).append(1, '!');
  out.append(profile == nullptr || profile->user.empty() ? unknown : profile->user);
  out.append(1, '@').append(person.host().empty() ? unknown : person.host());
}

Standing Room::standing_of(const Person& person) const noexcept {
  const auto place = std::ranges::find(people_, &person);
  return place == people_.end() ? of_anybody
                                : standings_[static_cast<std::size_t>(place - people_.begin())];
}

const Rules& Room::rules() const noexcept {
  static const Rules first_rules;
  return rules_ == nullptr ? first_rules : *rules_;
}

bool is_visible(const Room& room, const Person& asker) noexcept {
  return !room.rules().is_unlisted || asker.is_in(room);
}

Chat::~Chat() {
  assert(people_.size() == 0);
}

FormId Chat::add_form(const Form& form) {
  if (forms_.size() > UINT8_MAX) throw std::length_error("a chat has at most 256 forms");
  encoded_forms_.reserve(forms_.size() + 1);
  encoded_.emplace_back();
  forms_.push_back(&form);
  return static_cast<FormId>(forms_.size() - 1);
}

// --- Names

Refusal Chat::check(std::string_view name, std::size_t limit_bytes, std::string_view reserved) {
  if (name.empty()) return Refusal::empty;
  if (name.size() > limit_bytes) return Refusal::too_long;
  if (!is_utf8(name)) return Refusal::not_utf8;
  if (has_control(name) || has_unseen(name) ||
      name.find_first_of(reserved) != std::string_view::npos) {
    return Refusal::bad_character;
  }
  return Refusal::none;
}

Refusal Chat::check_name(std::string_view name) const {
  return check(name, limits_.name_bytes, reserved_of_people);
}

Refusal Chat::enter(Person& person, std::string_view name) {
  assert(!person.is_here());
  if (const Refusal refusal = check_name(name); refusal != Refusal::none) return refusal;
  if (people_.find(name) != nullptr) return Refusal::taken;
  person.name_ = name;
  try {
    everybody_.reserve(everybody_.capacity() == everybody_.size() ? 2 * everybody_.size() + 16 : 0);
    people_.add(person);
  } catch (...) {
    person.name_.clear();
    throw;
  }
  person.place_ = static_cast<std::uint32_t>(everybody_.size());
  everybody_.push_back(&person);
  person.serial_ = ++last_serial_;
  if (observer_ != nullptr) observer_->on_entered(person);
  return Refusal::none;
}

Refusal Chat::rename(Person& person, std::string_view name) {
  assert(person.is_here());
  if (const Refusal refusal = check_name(name); refusal != Refusal::none) return refusal;
  const Person* holder = people_.find(name);
  if (holder != nullptr && holder != &person) return Refusal::taken;
  std::string before{name};
  auto node = people_.extract(person);  // its name must not change while it is listed
  std::swap(before, person.name_);
  people_.insert(std::move(node));
  announce({.kind = Event::Kind::renamed, .who = person, .text = before},
           person.hears_own_acts_ ? &person : nullptr);
  if (observer_ != nullptr) observer_->on_renamed(person, before);
  return Refusal::none;
}

void Chat::quit(Person& person, std::string_view why) {
  if (!person.is_here()) return;
  try {
    announce({.kind = Event::Kind::quit, .who = person, .text = why}, nullptr);
    if (observer_ != nullptr) observer_->on_quit(person);
  } catch (...) {
    dismiss(person);  // gone all the same
    throw;
  }
  dismiss(person);
}

void Chat::dismiss(Person& person) noexcept {
  if (!person.is_here()) return;
  while (!person.rooms_.empty()) remove(person, *person.rooms_.back());
  people_.remove(person);
  everybody_[person.place_] = everybody_.back();
  everybody_[person.place_]->place_ = person.place_;
  everybody_.pop_back();
  person.name_.clear();
}

void Chat::for_each_person(const std::function<void(const Person&)>& visit) const {
  people_.for_each(visit);
}

// --- Rooms

Room& Chat::make_room(std::string_view name) {
  const std::uint64_t serial = ++last_serial_;
  Room& made = *owned_rooms_.emplace(serial, std::make_unique<Room>(name)).first->second;
  made.serial_ = serial;
  made.made_at_ = clock_();
  try {
    rooms_.add(made);
  } catch (...) {
    owned_rooms_.erase(serial);
    throw;
  }
  return made;
}

void Chat::destroy(Room& room) noexcept {
  rooms_.remove(room);
  if (room.is_talking_) {
    std::erase(talking_, &room);
    std::erase(held_, &room);
  }
  owned_rooms_.erase(room.serial_);
}

// As they are shown, and as they are: a mask is for either.
Rules::Names Chat::names_of(const Person& person) {
  Rules::Names names{full_name(person), {}};
  if (person.shown_host_ == nullptr) return names;
  names.real = names.shown.substr(0, names.shown.size() - person.host().size());
  names.real += person.address().empty() ? unknown : std::string_view{person.address()};
  return names;
}

// What the room's rules say; an operator's invitation is worth more than a key, a limit or a ban.
Refusal Chat::check_join(const Person& person, const Room& room, std::string_view key) {
  if (room.rules_ == nullptr) return Refusal::none;
  const Rules& rules = *room.rules_;
  if (std::ranges::count(rules.invited, person.serial_) > 0) return Refusal::none;
  const Rules::Names who = names_of(person);
  if (rules.bans_from_joining(who)) return Refusal::banned;
  if (rules.by_invitation && !rules.welcomes(who, person.serial_)) return Refusal::by_invitation;
  if (!rules.key.empty() && rules.key != key) return Refusal::wrong_key;
  if (rules.most_people != 0 && room.people_.size() >= rules.most_people) return Refusal::full;
  return Refusal::none;
}

// So that add() needs no memory.
void Chat::make_place(Room& room) {
  const auto make_place_in = [](auto& list) {
    if (list.size() == list.capacity()) list.reserve(std::max<std::size_t>(1, 2 * list.size()));
  };
  make_place_in(room.people_);
  make_place_in(room.standings_);
}

void Chat::add(Person& person, Room& room, Standing standing) noexcept {
  room.people_.push_back(&person);
  room.standings_.push_back(standing);
  if (room.rules_ != nullptr) std::erase(room.rules_->invited, person.serial_);
}

Refusal Chat::join(Person& person, std::string_view name, std::string_view key) {
  assert(person.is_here() && !telling_);
  Room* room = find_room(name);
  if (room != nullptr && person.is_in(*room)) return Refusal::none;
  if (const Refusal refusal = check(name, limits_.room_name_bytes, reserved_of_rooms);
      refusal != Refusal::none) {
    return refusal;
  }
  if (person.rooms_.size() >= limits_.rooms_of_a_person) return Refusal::in_too_many_rooms;
  if (room == nullptr && rooms_.size() >= limits_.rooms) return Refusal::too_many_rooms;
  if (room != nullptr) {
    if (const Refusal refusal = check_join(person, *room, key); refusal != Refusal::none) {
      return refusal;
    }
  }
  const Standing standing = room == nullptr ? is_operator : of_anybody;
  person.rooms_.reserve(person.rooms_.size() + 1);  // first: what follows must not be half done
  if (room == nullptr) room = &make_room(name);
  try {
    make_place(*room);
    // To themselves, if they hear of it, as to the others: it is one event.
    broadcast(*room, {.kind = Event::Kind::joined, .who = person, .room = room},
              person.hears_own_acts_ ? &person : nullptr);
  } catch (...) {
    if (room->people_.empty()) destroy(*room);
    throw;
  }
  add(person, *room, standing);
  person.rooms_.push_back(room);
  return Refusal::none;
}

Refusal Chat::leave(Person& person, Room& room, std::string_view why) {
  if (!person.is_in(room)) return Refusal::not_there;
  broadcast(room, {.kind = Event::Kind::left, .who = person, .room = &room, .text = why});
  remove(person, room);
  return Refusal::none;
}

void Chat::remove(Person& person, Room& room) noexcept {
  assert(!telling_);
  const auto place = std::ranges::find(room.people_, &person);
  room.standings_[static_cast<std::size_t>(place - room.people_.begin())] = room.standings_.back();
  room.standings_.pop_back();
  *place = room.people_.back();
  room.people_.pop_back();
  std::erase(person.rooms_, &room);
  if (room.people_.empty()) destroy(room);
}

Refusal Chat::retitle(Person& person, Room& room, std::string_view topic) {
  if (!person.is_in(room)) return Refusal::not_there;
  if (topic.size() > limits_.topic_bytes) return Refusal::too_long;
  if (room.rules().topic_is_locked && (room.standing_of(person) & is_operator) == 0) {
    return Refusal::not_operator;
  }
  room.topic_ = topic;
  room.topic_by_ = person.name_;
  room.topic_at_ = clock_();
  broadcast(room, {.kind = Event::Kind::retitled, .who = person, .room = &room, .text = topic});
  return Refusal::none;
}

Refusal Chat::kick(Person& by, Person& whom, Room& room, std::string_view why) {
  if (!by.is_in(room)) return Refusal::not_there;
  if ((room.standing_of(by) & is_operator) == 0) return Refusal::not_operator;
  if (!whom.is_in(room)) return Refusal::other_not_there;
  broadcast(room,
            {.kind = Event::Kind::kicked, .who = by, .room = &room, .to = &whom, .text = why});
  remove(whom, room);
  return Refusal::none;
}

Refusal Chat::invite(Person& by, Person& whom, Room& room) {
  if (!by.is_in(room)) return Refusal::not_there;
  if (room.rules().by_invitation && (room.standing_of(by) & is_operator) == 0) {
    return Refusal::not_operator;
  }
  if (whom.is_in(room)) return Refusal::there_already;
  if ((room.standing_of(by) & is_operator) != 0) change_rules(room).invite(whom.serial_);
  tell_one(whom, {.kind = Event::Kind::invited, .who = by, .room = &room, .to = &whom});
  broadcast(room, {.kind = Event::Kind::inviting, .who = by, .room = &room, .to = &whom});
  return Refusal::none;
}

Rules& Chat::change_rules(Room& room) {
  if (room.rules_ == nullptr) room.rules_ = std::make_unique<Rules>();
  return *room.rules_;
}

bool Chat::set_standing(Room& room, Person& person, Standing standing) noexcept {
  const auto place = std::ranges::find(room.people_, &person);
  if (place == room.people_.end()) return false;
  room.standings_[static_cast<std::size_t>(place - room.people_.begin())] = standing;
  return true;
}

void Chat::announce_rules(Person& by, Room& room, std::string_view how) {
  broadcast(room, {.kind = Event::Kind::ruled, .who = by, .room = &room, .text = how});
}

void Chat::for_each_room(const std::function<void(const Room&)>& visit) const {
  for (const auto& [serial, room] : owned_rooms_) visit(*room);
}

const Room* Chat::room_after(std::uint64_t serial) const noexcept {
  const auto next = owned_rooms_.upper_bound(serial);
  return next == owned_rooms_.end() ? nullptr : next->second.get();
}

// --- Messages

// A room without rules of its own is the usual case, and costs a glance.
Refusal Chat::check_words(const Person& person, const Room& room, const Words& words) {
  if (room.rules_ == nullptr) return person.is_in(room) ? Refusal::none : Refusal::not_there;
  const Rules& rules = *room.rules_;
  if (rules.refuses_outsiders && !person.is_in(room)) return Refusal::not_there;
  if (rules.refuses_requests && is_request(words.text)) return Refusal::no_requests;
  if (!rules.is_moderated && rules.bans.empty()) return Refusal::none;
  if (room.standing_of(person) != of_anybody) return Refusal::none;
  if (rules.is_moderated) return Refusal::not_heard;
  return rules.bans_from_speaking(names_of(person)) ? Refusal::not_heard : Refusal::none;
}

Refusal Chat::say(Person& person, Room& room, std::string_view text, Event::Kind kind) {
  return say(person, room, {.text = text, .kind = kind});
}

Refusal Chat::say(Person& person, Room& room, const Words& words) {
  if (const Refusal refusal = check_words(person, room, words); refusal != Refusal::none) {
    return refusal;
  }
  broadcast(room,
            {.kind = words.kind,
             .who = person,
             .room = &room,
             .text = words.text,
             .tags = words.tags,
             .only = words.only},
            person.hears_own_words_ && !person.is_in(room) ? &person : nullptr);
  return Refusal::none;
}

}  // namespace switchboard::chat
