// Who is there, in which rooms, and who is told what: the core that every dialect shares.
//
// Pure memory: it knows no dialect, no socket and no poller. A dialect registers Forms (how a
// message looks to those who speak it) and gives each Person an Outlet, to which the core hands
// bytes. A message is encoded once for each form that its receivers want, and all of them are
// handed slices of the same bytes; those of one room lie one behind the other, so that they merge
// in a receiver's OutputQueue.
//
// Order: everybody in a room sees its messages in one order, and sees somebody join before the
// first word of them. Whoever does something is not told of it: their own dialect answers them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "switchboard/reactor/block.hpp"

#include "chat/registry.hpp"
#include "chat/shared_log.hpp"

namespace switchboard::chat {

class Chat;
class Person;
class Room;

using WallTime = std::chrono::system_clock::time_point;

// What people are told. Its references are good for the length of the call that it is handed to.
struct Event {
  enum class Kind : std::uint8_t {
    said,      // to a room
    acted,     // to a room, of oneself: /me
    told,      // to one person
    joined,    // a room
    left,      // a room, and is still there
    quit,      // is gone; `room` is null, as everybody who shares one is told once
    renamed,   // `text` is the name until now; `room` is null
    retitled,  // the room's topic is `text`
  };
  Kind kind;
  const Person& who;
  const Room* room = nullptr;
  const Person* to = nullptr;
  std::string_view text{};
  WallTime time{};
};

// How a dialect writes an event to some of those who speak it. Outlives the chat's use of it.
class Form {
 public:
  // Appends the event to `out`, with its line end; nothing where those of this form are not to
  // know.
  virtual void encode(const Event& event, std::string& out) const = 0;

 protected:
  ~Form() = default;
};
using FormId = std::uint8_t;

// Where a person's bytes go. May be closed already, or close itself, and then says so later, with
// Chat::quit(): it must not call the chat from within deliver().
class Outlet {
 public:
  virtual void deliver(const Slice& bytes) = 0;

 protected:
  ~Outlet() = default;
};

// Somebody with a name. Owned by a dialect; must have quit before it is destroyed.
class Person {
 public:
  Person(Outlet& outlet, FormId form) noexcept : outlet_(outlet), form_(form) {}
  Person(const Person&) = delete;
  Person& operator=(const Person&) = delete;
  ~Person();

  const std::string& name() const noexcept { return name_; }  // empty: has not entered
  bool is_here() const noexcept { return !name_.empty(); }
  std::span<Room* const> rooms() const noexcept { return rooms_; }
  bool is_in(const Room& room) const noexcept;
  // In which form they are told from now on.
  void set_form(FormId form) noexcept { form_ = form; }

 private:
  friend class Chat;

  Outlet& outlet_;
  std::string name_;
  std::vector<Room*> rooms_;  // in the order of joining
  std::uint32_t told_ = 0;    // of which announcement, lest they be told twice
  FormId form_;
};

// Exists while somebody is in it. Owned by the chat; a Room& is good until a call that may empty
// it.
class Room {
 public:
  explicit Room(std::string_view name) : name_(name) {}

  const std::string& name() const noexcept { return name_; }
  const std::string& topic() const noexcept { return topic_; }
  std::span<Person* const> people() const noexcept { return people_; }  // in no order

 private:
  friend class Chat;

  // What those of one form were told.
  struct Log {
    FormId form = 0;
    SharedLog bytes;
  };

  std::string name_;
  std::string topic_;
  std::vector<Person*> people_;
  std::vector<Log> logs_;
  std::size_t index_ = 0;    // in the chat's own list
  bool is_talking_ = false;  // some log may hold bytes
};

// What a chat grants at most. Sizes in bytes.
struct ChatLimits {
  std::size_t name_bytes = 30;
  std::size_t room_name_bytes = 50;
  std::size_t topic_bytes = 390;
  std::size_t rooms = 10'000;
  std::size_t rooms_of_a_person = 50;
};

// Why something was not done.
enum class Refusal : std::uint8_t {
  none,
  empty,
  too_long,
  not_utf8,
  bad_character,  // a control character, a blank, or one that a dialect needs for itself
  taken,
  too_many_rooms,     // in the chat
  in_too_many_rooms,  // the person
  not_there,          // the person is not in this room
};

class Chat {
 public:
  using Clock = std::function<WallTime()>;

  Chat(ChatLimits limits, Clock clock) : limits_(limits), clock_(std::move(clock)) {}
  Chat(const Chat&) = delete;
  Chat& operator=(const Chat&) = delete;
  ~Chat();

  const ChatLimits& limits() const noexcept { return limits_; }
  // At most 256 of them; throws std::length_error.
  FormId add_form(const Form& form);

  // --- Names. ANNA is anna.

  Refusal check_name(std::string_view name) const;
  Refusal enter(Person& person, std::string_view name);
  // Tells everybody who shares a room, once.
  Refusal rename(Person& person, std::string_view name);
  // Leaves all rooms and frees the name; everybody who shared a room is told once. Does nothing
  // where the person is not here.
  void quit(Person& person, std::string_view why);
  // The same without a word to anybody: for an end at which everybody goes.
  void dismiss(Person& person) noexcept;

  Person* find_person(std::string_view name) const noexcept { return people_.find(name); }
  std::size_t people() const noexcept { return people_.size(); }

  // --- Rooms.

  // Makes the room where there is none. Joining twice changes nothing.
  Refusal join(Person& person, std::string_view name);
  Refusal leave(Person& person, Room& room, std::string_view why);  // may destroy the room
  Refusal retitle(Person& person, Room& room, std::string_view topic);

  Room* find_room(std::string_view name) const noexcept { return rooms_.find(name); }
  std::size_t rooms() const noexcept { return rooms_.size(); }
  void for_each_room(const std::function<void(const Room&)>& visit) const;

  // --- Messages. `text` is UTF-8.

  Refusal say(Person& person, Room& room, std::string_view text,
              Event::Kind kind = Event::Kind::said);
  // Once for oneself too.
  void tell(const Person& from, Person& to, std::string_view text);

  // Lets go of the bytes that everybody has sent. To be called after a turn's flush, where
  // wants_trim() says so.
  void trim() noexcept;
  bool wants_trim() const noexcept { return !talking_.empty(); }

  std::uint64_t messages() const noexcept { return messages_; }
  std::uint64_t deliveries() const noexcept { return deliveries_; }

 private:
  class Telling;
  struct Encoded {
    bool is_done = false;
    Slice bytes;  // empty where this form has no words for it
  };

  Refusal check(std::string_view name, std::size_t limit_bytes) const;
  Room& make_room(std::string_view name);
  void destroy(Room& room) noexcept;
  void remove(Person& person, Room& room) noexcept;
  void broadcast(Room& room, Event event);
  void announce(Event event);
  template <typename Keep>
  void deliver(Person& person, const Event& event, Keep keep);
  std::string_view encode(FormId form, const Event& event);
  SharedLog& log_of(Room& room, FormId form);

  const ChatLimits limits_;
  const Clock clock_;
  std::vector<const Form*> forms_;
  std::vector<Encoded> encoded_;  // the event at hand, by form
  std::vector<FormId> encoded_forms_;
  std::string scratch_;
  Registry<Person> people_;
  Registry<Room> rooms_;
  std::vector<std::unique_ptr<Room>> owned_rooms_;
  std::vector<Room*> talking_;
  std::uint32_t announcement_ = 0;
  bool telling_ = false;  // an outlet that calls back would break what is being walked over
  std::uint64_t messages_ = 0;
  std::uint64_t deliveries_ = 0;
};

}  // namespace switchboard::chat
