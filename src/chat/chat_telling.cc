// Chat: who is told what, and in which form.
#include <algorithm>
#include <cassert>
#include <new>

#include "chat/chat.hpp"

namespace switchboard::chat {

namespace {

std::span<const std::byte> as_bytes(std::string_view text) noexcept {
  return std::as_bytes(std::span{text});
}

Slice own_copy(FormId, std::string_view line) {
  return Slice::copy_of(as_bytes(line));
}

bool is_words(Event::Kind kind) noexcept {
  return kind == Event::Kind::said || kind == Event::Kind::acted || kind == Event::Kind::told ||
         kind == Event::Kind::noticed || kind == Event::Kind::tagged;
}

}  // namespace

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

void Chat::stamp(Event& event) {
  event.time = clock_();
  event.id = ++last_event_;
}

void Chat::tell(Person& from, Person& to, std::string_view text) {
  tell(from, to, {.text = text, .kind = Event::Kind::told});
}

void Chat::tell(Person& from, Person& to, const Words& words) {
  const Telling telling{*this};
  Event event{.kind = words.kind, .who = from, .to = &to, .text = words.text, .tags = words.tags};
  stamp(event);
  deliver(to, event, own_copy);
  if (from.hears_own_words_) deliver(from, event, own_copy);
}

// To nobody else.
void Chat::tell_one(Person& person, Event event) {
  const Telling telling{*this};
  stamp(event);
  deliver(person, event, own_copy);
}

void Chat::announce_news(Person& who, Event::Kind kind, std::string_view text, bool hear_self,
                         std::span<Person* const> also) {
  announce({.kind = kind, .who = who, .text = text}, hear_self ? &who : nullptr, also);
}

void Chat::rehost(Person& who, std::string_view host, bool hear_self,
                  std::span<Person* const> also) {
  if (host == who.host()) return;
  const std::string before = who.host();
  who.shown_host_ = std::make_unique<std::string>(host);
  if (!who.is_here()) return;
  announce_news(who, Event::Kind::rehosted, before, hear_self, also);
  for (Room* room : who.rooms_) {
    broadcast(*room, {.kind = Event::Kind::returned, .who = who, .room = room});
  }
}

// To everybody in the room; to who it is about only if they want to hear of it. And to `outsider`,
// if any, whose slice must not keep the room's log alive.
void Chat::broadcast(Room& room, Event event, Person* outsider) {
  const Telling telling{*this};
  stamp(event);
  if (outsider != nullptr) deliver(*outsider, event, own_copy);
  const auto keep = [&](FormId form, std::string_view line) {
    return log_of(room, form).append(line);
  };
  const bool hears_own = is_words(event.kind)
                             ? event.who.hears_own_words_
                             : event.who.hears_own_acts_ && event.kind != Event::Kind::returned;
  const Person* except = hears_own ? nullptr : &event.who;
  if (event.only != of_anybody) return broadcast_to(event.only, room, event, except, keep);
  for (Person* person : room.people_) {
    if (person != except) deliver(*person, event, keep);
  }
}

// Apart, so that what goes to everybody need not ask.
template <typename Keep>
void Chat::broadcast_to(Standing standing, const Room& room, const Event& event,
                        const Person* except, Keep keep) {
  for (std::size_t i = 0; i < room.people_.size(); ++i) {
    Person& person = *room.people_[i];
    const bool is_own = &person == &event.who;
    if (&person != except && (is_own || (room.standings_[i] & standing) != 0)) {
      deliver(person, event, keep);
    }
  }
}

// Once to everybody who shares a room with who it is about, however many rooms they share.
void Chat::announce(Event event, Person* self, std::span<Person* const> also) {
  const Telling telling{*this};
  stamp(event);
  ++announcement_;
  if (self != nullptr) deliver(*self, event, own_copy);
  for (const Room* room : event.who.rooms()) {
    for (Person* person : room->people_) {
      if (person == &event.who || person->told_ == announcement_) continue;
      person->told_ = announcement_;
      deliver(*person, event, own_copy);
    }
  }
  for (Person* person : also) {
    if (person == &event.who || person->told_ == announcement_) continue;
    person->told_ = announcement_;
    deliver(*person, event, own_copy);
  }
}

// Who cannot be told for want of memory goes; the others have their line.
template <typename Keep>
void Chat::deliver(Person& person, const Event& event, Keep keep) {
  try {
    try_to_deliver(person, event, keep);
  } catch (const std::bad_alloc&) {
    person.outlet_.miss_line();
  }
}

template <typename Keep>
void Chat::try_to_deliver(Person& person, const Event& event, Keep keep) {
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
    // First, and so that trim() never allocates.
    if (held_.capacity() < rooms_.size()) held_.reserve(2 * rooms_.size());
    talking_.push_back(&room);
    room.is_talking_ = true;
  }
  for (Room::Log& log : room.logs_) {
    if (log.form == form) return log.bytes;
  }
  return room.logs_.emplace_back(Room::Log{form, {}}).bytes;
}

// Rooms that spoke since the last time all; those that somebody's stalled queue holds, which stay
// as they are for long and may be all there are, a few at a time.
void Chat::trim() noexcept {
  while (!talking_.empty()) {
    Room* room = talking_.back();
    talking_.pop_back();
    if (trim(*room)) continue;
    held_.push_back(room);
  }
  for (std::size_t left = std::min(held_.size(), most_held_trimmed); left > 0; --left) {
    if (next_held_ >= held_.size()) next_held_ = 0;
    Room*& room = held_[next_held_++];
    if (!trim(*room)) continue;
    room = held_.back();
    held_.pop_back();
    --next_held_;
  }
}

bool Chat::trim(Room& room) noexcept {
  bool is_empty = true;
  for (Room::Log& log : room.logs_) is_empty = log.bytes.trim() && is_empty;
  room.is_talking_ = !is_empty;
  return is_empty;
}

}  // namespace switchboard::chat
