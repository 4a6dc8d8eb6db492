#include "chat/chat.hpp"

#include <algorithm>
#include <cassert>
#include <stdexcept>

namespace switchboard::chat {

namespace {

// What some dialect needs for itself: separators, sigils, wildcards.
constexpr std::string_view reserved = " ,*?!@:#/$&+~%";

std::span<const std::byte> as_bytes(std::string_view text) noexcept {
  return std::as_bytes(std::span{text});
}

}  // namespace

Person::~Person() {
  assert(!is_here() && rooms_.empty());
}

bool Person::is_in(const Room& room) const noexcept {
  return std::ranges::find(rooms_, &room) != rooms_.end();
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

Refusal Chat::check(std::string_view name, std::size_t limit_bytes) const {
  if (name.empty()) return Refusal::empty;
  if (name.size() > limit_bytes) return Refusal::too_long;
  if (!is_utf8(name)) return Refusal::not_utf8;
  if (has_control(name) || name.find_first_of(reserved) != std::string_view::npos) {
    return Refusal::bad_character;
  }
  return Refusal::none;
}

Refusal Chat::check_name(std::string_view name) const {
  return check(name, limits_.name_bytes);
}

Refusal Chat::enter(Person& person, std::string_view name) {
  assert(!person.is_here());
  if (const Refusal refusal = check_name(name); refusal != Refusal::none) return refusal;
  if (people_.find(name) != nullptr) return Refusal::taken;
  person.name_ = name;
  try {
    people_.add(person);
  } catch (...) {
    person.name_.clear();
    throw;
  }
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
  announce({.kind = Event::Kind::renamed, .who = person, .text = before});
  return Refusal::none;
}

void Chat::quit(Person& person, std::string_view why) {
  if (!person.is_here()) return;
  announce({.kind = Event::Kind::quit, .who = person, .text = why});
  dismiss(person);
}

void Chat::dismiss(Person& person) noexcept {
  if (!person.is_here()) return;
  while (!person.rooms_.empty()) remove(person, *person.rooms_.back());
  people_.remove(person);
  person.name_.clear();
}

// --- Rooms

Room& Chat::make_room(std::string_view name) {
  auto room = std::make_unique<Room>(name);
  room->index_ = owned_rooms_.size();
  owned_rooms_.push_back(std::move(room));
  Room& made = *owned_rooms_.back();
  try {
    rooms_.add(made);
  } catch (...) {
    owned_rooms_.pop_back();
    throw;
  }
  return made;
}

void Chat::destroy(Room& room) noexcept {
  rooms_.remove(room);
  std::erase(talking_, &room);
  const std::size_t index = room.index_;
  owned_rooms_.back()->index_ = index;
  std::swap(owned_rooms_[index], owned_rooms_.back());
  owned_rooms_.pop_back();
}

Refusal Chat::join(Person& person, std::string_view name) {
  assert(person.is_here() && !telling_);
  Room* room = find_room(name);
  if (room != nullptr && person.is_in(*room)) return Refusal::none;
  if (const Refusal refusal = check(name, limits_.room_name_bytes); refusal != Refusal::none) {
    return refusal;
  }
  if (person.rooms_.size() >= limits_.rooms_of_a_person) return Refusal::in_too_many_rooms;
  if (room == nullptr && rooms_.size() >= limits_.rooms) return Refusal::too_many_rooms;
  person.rooms_.reserve(person.rooms_.size() + 1);  // first: what follows must not be half done
  if (room == nullptr) room = &make_room(name);
  try {
    broadcast(*room, {.kind = Event::Kind::joined, .who = person, .room = room});
    room->people_.push_back(&person);
  } catch (...) {
    if (room->people_.empty()) destroy(*room);
    throw;
  }
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
  *place = room.people_.back();
  room.people_.pop_back();
  std::erase(person.rooms_, &room);
  if (room.people_.empty()) destroy(room);
}

Refusal Chat::retitle(Person& person, Room& room, std::string_view topic) {
  if (!person.is_in(room)) return Refusal::not_there;
  if (topic.size() > limits_.topic_bytes) return Refusal::too_long;
  room.topic_ = topic;
  broadcast(room, {.kind = Event::Kind::retitled, .who = person, .room = &room, .text = topic});
  return Refusal::none;
}

void Chat::for_each_room(const std::function<void(const Room&)>& visit) const {
  for (const auto& room : owned_rooms_) visit(*room);
}

// --- Messages

Refusal Chat::say(Person& person, Room& room, std::string_view text, Event::Kind kind) {
  if (!person.is_in(room)) return Refusal::not_there;
  broadcast(room, {.kind = kind, .who = person, .room = &room, .text = text});
  return Refusal::none;
}

// --- Telling

// Forgets at its end what was encoded, lest it keeps blocks alive that everybody has sent.
class Chat::Telling {
 public:
  explicit Telling(Chat& chat) noexcept : chat_(chat) {
    assert(!chat_.telling_ && "an outlet has called back");
    chat_.telling_ = true;
    ++chat_.messages_;
  }
  Telling(const Telling&) = delete;
  Telling& operator=(const Telling&) = delete;
  ~Telling() {
    for (const FormId form : chat_.encoded_forms_) chat_.encoded_[form] = {};
    chat_.encoded_forms_.clear();
    chat_.telling_ = false;
  }

 private:
  Chat& chat_;
};

void Chat::tell(const Person& from, Person& to, std::string_view text) {
  const Telling telling{*this};
  deliver(to, {.kind = Event::Kind::told, .who = from, .to = &to, .text = text, .time = clock_()},
          [](FormId, std::string_view line) { return Slice::copy_of(as_bytes(line)); });
}

// To everybody in the room but who it is about.
void Chat::broadcast(Room& room, Event event) {
  const Telling telling{*this};
  event.time = clock_();
  for (Person* person : room.people_) {
    if (person == &event.who) continue;
    deliver(*person, event,
            [&](FormId form, std::string_view line) { return log_of(room, form).append(line); });
  }
}

// Once to everybody who shares a room with who it is about, however many rooms they share.
void Chat::announce(Event event) {
  const Telling telling{*this};
  event.time = clock_();
  ++announcement_;
  for (const Room* room : event.who.rooms()) {
    for (Person* person : room->people_) {
      if (person == &event.who || person->told_ == announcement_) continue;
      person->told_ = announcement_;
      deliver(*person, event,
              [](FormId, std::string_view line) { return Slice::copy_of(as_bytes(line)); });
    }
  }
}

template <typename Keep>
void Chat::deliver(Person& person, const Event& event, Keep keep) {
  Encoded& encoded = encoded_[person.form_];
  if (!encoded.is_done) {
    const std::string_view line = encode(person.form_, event);
    if (!line.empty()) encoded.bytes = keep(person.form_, line);
    encoded.is_done = true;
    encoded_forms_.push_back(person.form_);  // has room for every form
  }
  if (encoded.bytes.empty()) return;
  ++deliveries_;
  person.outlet_.deliver(encoded.bytes);
}

// Good until the next.
std::string_view Chat::encode(FormId form, const Event& event) {
  scratch_.clear();
  forms_[form]->encode(event, scratch_);
  return scratch_;
}

SharedLog& Chat::log_of(Room& room, FormId form) {
  if (!room.is_talking_) {
    talking_.push_back(&room);
    room.is_talking_ = true;
  }
  for (Room::Log& log : room.logs_) {
    if (log.form == form) return log.bytes;
  }
  return room.logs_.emplace_back(Room::Log{form, {}}).bytes;
}

void Chat::trim() noexcept {
  std::erase_if(talking_, [](Room* room) {
    bool is_empty = true;
    for (Room::Log& log : room->logs_) is_empty = log.bytes.trim() && is_empty;
    room->is_talking_ = !is_empty;
    return is_empty;
  });
}

}  // namespace switchboard::chat
