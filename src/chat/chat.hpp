// Who is there, in which rooms, and who is told what: the core that every dialect shares.
//
// Pure memory: it knows no dialect, no socket and no poller. A dialect registers Forms (how a
// message looks to those who speak it) and gives each Person an Outlet, to which the core hands
// bytes. A message is encoded once for each form that its receivers want, and all of them are
// handed slices of the same bytes; those of one room lie one behind the other, so that they merge
// in a receiver's OutputQueue.
//
// Order: everybody in a room sees its messages in one order, and sees somebody join before the
// first word of them. Whoever does something is not told of it, as their own dialect answers them,
// unless they want to hear of it like the others (Person::hear_own).
//
// Each room has its rules (chat/rules.hpp), which are kept here, so that they hold in every
// dialect.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "switchboard/reactor/block.hpp"

#include "chat/profile.hpp"
#include "chat/registry.hpp"
#include "chat/rules.hpp"
#include "chat/shared_log.hpp"

namespace switchboard::chat {

class Chat;
class Person;
class Room;

using WallTime = std::chrono::system_clock::time_point;

// What people are told. Its references are good for the length of the call that it is handed to.
struct Event {
  enum class Kind : std::uint8_t {
    said,       // to a room
    acted,      // to a room, of oneself: /me
    told,       // to one person, `to`
    noticed,    // to the room, or to `to` where there is none: nobody's program answers it
    tagged,     // likewise, without a text: the tags are all
    joined,     // a room
    left,       // a room, and is still there
    quit,       // is gone; `room` is null, as everybody who shares one is told once
    renamed,    // `text` is the name until now; `room` is null
    retitled,   // the room's topic is `text`
    kicked,     // `to` out of the room
    ruled,      // the room's rules have changed: `text` says how, as MODE of IRC would
    invited,    // `to`, into the room
    inviting,   // the same, for those who are in the room
    away,       // `text` is why; empty: is back
    proved,     // who they are: their profile's account, or none any more
    described,  // themselves anew: their profile's real name
    rehosted,   // they have another host; `text` is the one until now
    returned    // into the room, for those to whom `rehosted` was a going
  };
  Kind kind;
  const Person& who;
  const Room* room = nullptr;
  const Person* to = nullptr;
  std::string_view text{};
  std::string_view tags{};  // of the message, as who sent it wrote them; for those who can see them
  Standing only = of_anybody;  // to those with such a standing
  WallTime time{};
  std::uint64_t id = 0;  // no two events have the same
};

// What somebody says.
struct Words {
  std::string_view text{};  // UTF-8
  Event::Kind kind = Event::Kind::said;
  std::string_view tags{};
  Standing only = of_anybody;
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
  // There was no memory for a line, be it here or in the chat: who misses one must go. Closes, and
  // says so later, as in deliver(); throws nothing.
  virtual void miss_line() noexcept {}
  // Somebody with the power to do so has shown them out: says so and closes. May call the chat.
  virtual void show_out(std::string_view) {}

 protected:
  ~Outlet() = default;
};

// Is told who comes and goes, room or no room. Must not call the chat.
class Observer {
 public:
  virtual void on_entered(const Person&) {}
  virtual void on_renamed(const Person&, std::string_view /*before*/) {}
  virtual void on_quit(const Person&) {}  // still has name, host and profile

 protected:
  ~Observer() = default;
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
  FormId form() const noexcept { return form_; }
  Outlet& outlet() const noexcept { return outlet_; }
  // Whether they are told of what they do themselves (join, leave, ...), and of what they say.
  void hear_own(bool acts, bool words) noexcept {
    hears_own_acts_ = acts;
    hears_own_words_ = words;
  }

  // Where they come from: an address. Empty: not known.
  const std::string& address() const noexcept { return host_; }
  void set_host(std::string host) noexcept { host_ = std::move(host); }
  // What is shown of that: the address, unless Chat::rehost() has given them something else.
  const std::string& host() const noexcept { return shown_host_ ? *shown_host_ : host_; }
  bool has_shown_host() const noexcept { return shown_host_ != nullptr; }
  // What their dialect knows of them; null: nothing. Must outlive them.
  const Profile* profile() const noexcept { return profile_; }
  void set_profile(const Profile* profile) noexcept { profile_ = profile; }
  // Never another's, whatever becomes of the name.
  std::uint64_t serial() const noexcept { return serial_; }

 private:
  friend class Chat;

  Outlet& outlet_;
  std::string name_;
  std::string host_;
  std::unique_ptr<std::string> shown_host_;
  const Profile* profile_ = nullptr;
  std::uint64_t serial_ = 0;
  std::vector<Room*> rooms_;  // in the order of joining
  std::uint32_t told_ = 0;    // of which announcement, lest they be told twice
  std::uint32_t place_ = 0;   // in Chat::everybody()
  FormId form_;
  bool hears_own_acts_ = false;
  bool hears_own_words_ = false;
};

// "name!user@host", as it is shown.
std::string full_name(const Person& person);
void append_full_name(const Person& person, std::string_view name, std::string& out);

// Exists while somebody is in it. Owned by the chat; a Room& is good until a call that may empty
// it.
class Room {
 public:
  explicit Room(std::string_view name) : name_(name) {}

  const std::string& name() const noexcept { return name_; }
  const std::string& topic() const noexcept { return topic_; }
  const std::string& topic_by() const noexcept { return topic_by_; }  // the name they had then
  WallTime topic_at() const noexcept { return topic_at_; }
  WallTime made_at() const noexcept { return made_at_; }
  std::span<Person* const> people() const noexcept { return people_; }  // in no order
  // Of people()[index], and of a person, who need not be in the room.
  Standing standing_at(std::size_t index) const noexcept { return standings_[index]; }
  Standing standing_of(const Person& person) const noexcept;
  const Rules& rules() const noexcept;
  // Grows from room to room, and is never used again.
  std::uint64_t serial() const noexcept { return serial_; }

 private:
  friend class Chat;

  // What those of one form were told.
  struct Log {
    FormId form = 0;
    SharedLog bytes;
  };

  std::string name_;
  std::string topic_;
  std::string topic_by_;
  WallTime topic_at_{};
  WallTime made_at_{};
  std::vector<Person*> people_;
  // In the same order: apart from them, as a broadcast looks at people alone.
  std::vector<Standing> standings_;
  std::unique_ptr<Rules> rules_;  // null: those that a room begins with
  std::vector<Log> logs_;
  std::uint64_t serial_ = 0;
  bool is_talking_ = false;  // some log may hold bytes
};

// Whether `asker` may know that the room exists, or that somebody is in it.
bool is_visible(const Room& room, const Person& asker) noexcept;

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
  bad_character,  // one for controls, one that nobody sees, or one that a dialect needs for itself
  taken,
  too_many_rooms,     // in the chat
  in_too_many_rooms,  // the person
  not_there,          // the person is not in this room
  other_not_there,    // nor is whom it is about
  there_already,      // but they are
  not_operator,       // of the room
  banned,
  by_invitation,
  wrong_key,
  full,
  not_heard,    // has no voice in a moderated room, or is silenced
  no_requests,  // of programs to programs, in this room
};

class Chat {
 public:
  using Clock = std::function<WallTime()>;

  // Names are hashed with `key`.
  Chat(ChatLimits limits, Clock clock, const HashKey& key = {})
      : limits_(limits), clock_(std::move(clock)), people_(key), rooms_(key) {}
  Chat(const Chat&) = delete;
  Chat& operator=(const Chat&) = delete;
  ~Chat();

  const ChatLimits& limits() const noexcept { return limits_; }
  // For what happens from now on.
  void set_limits(const ChatLimits& limits) noexcept { limits_ = limits; }
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
  void for_each_person(const std::function<void(const Person&)>& visit) const;
  // All of them, in an order that changes when somebody goes: the last takes their place. So who
  // walks down from the end, over several turns, misses nobody that is there all the while.
  std::span<Person* const> everybody() const noexcept { return everybody_; }

  // --- Rooms.

  // Makes the room where there is none. Joining twice changes nothing.
  // Who makes a room is its operator.
  Refusal join(Person& person, std::string_view name, std::string_view key = {});
  Refusal leave(Person& person, Room& room, std::string_view why);  // may destroy the room
  Refusal retitle(Person& person, Room& room, std::string_view topic);
  // Both tell; the first may destroy the room, where an operator shows themselves out.
  Refusal kick(Person& by, Person& whom, Room& room, std::string_view why);
  // Whoever is in the room may ask others to come; who is invited by an operator may join whatever
  // the rules say, once.
  Refusal invite(Person& by, Person& whom, Room& room);

  // To be changed by whoever may, and told of with announce_rules().
  Rules& change_rules(Room& room);
  // False where they are not in it.
  bool set_standing(Room& room, Person& person, Standing standing) noexcept;
  void announce_rules(Person& by, Room& room, std::string_view how);

  Room* find_room(std::string_view name) const noexcept { return rooms_.find(name); }
  std::size_t rooms() const noexcept { return rooms_.size(); }
  void for_each_room(const std::function<void(const Room&)>& visit) const;
  // The next one by serial number, null behind the last: for a walk that takes several turns, and
  // sees every room once that is there all the while.
  const Room* room_after(std::uint64_t serial) const noexcept;

  // --- Messages. `text` is UTF-8.

  Refusal say(Person& person, Room& room, std::string_view text,
              Event::Kind kind = Event::Kind::said);
  Refusal say(Person& person, Room& room, const Words& words);
  // Once for oneself too.
  void tell(Person& from, Person& to, std::string_view text);
  void tell(Person& from, Person& to, const Words& words);
  // Tells everybody who shares a room with `who` that something about them is new: away, proved or
  // described. Themselves too, if `hear_self`.
  // And once those of `also`, who may share a room or not.
  void announce_news(Person& who, Event::Kind kind, std::string_view text, bool hear_self,
                     std::span<Person* const> also = {});
  // Shows `host` in place of their address from now on, and tells those who share a room: of
  // `rehosted`, then, a room at a time, of `returned`. Masks of bans are for both hosts. Who is not
  // here yet just gets it.
  void rehost(Person& who, std::string_view host, bool hear_self,
              std::span<Person* const> also = {});

  // Lets go of the bytes that everybody has sent. To be called after a turn's flush, where
  // wants_trim() says so. Of rooms whose bytes somebody had not sent the last time it looks at no
  // more than most_held_trimmed.
  void trim() noexcept;
  bool wants_trim() const noexcept { return !talking_.empty() || !held_.empty(); }
  static constexpr std::size_t most_held_trimmed = 64;

  // Null: nobody. Must outlive the chat's use of it.
  void set_observer(Observer* observer) noexcept { observer_ = observer; }
  WallTime now() const { return clock_(); }

  std::uint64_t messages() const noexcept { return messages_; }
  std::uint64_t deliveries() const noexcept { return deliveries_; }

 private:
  class Telling;
  struct Encoded {
    bool is_done = false;
    Slice bytes;  // empty where this form has no words for it
  };

  static Refusal check(std::string_view name, std::size_t limit_bytes, std::string_view reserved);
  static Rules::Names names_of(const Person& person);
  static Refusal check_join(const Person& person, const Room& room, std::string_view key);
  static Refusal check_words(const Person& person, const Room& room, const Words& words);
  static void make_place(Room& room);
  static void add(Person& person, Room& room, Standing standing) noexcept;
  Room& make_room(std::string_view name);
  void destroy(Room& room) noexcept;
  void remove(Person& person, Room& room) noexcept;
  void broadcast(Room& room, Event event, Person* outsider = nullptr);
  template <typename Keep>
  void broadcast_to(Standing standing, const Room& room, const Event& event, const Person* except,
                    Keep keep);
  void announce(Event event, Person* self, std::span<Person* const> also = {});
  void tell_one(Person& person, Event event);
  void stamp(Event& event);
  template <typename Keep>
  void deliver(Person& person, const Event& event, Keep keep);
  template <typename Keep>
  void try_to_deliver(Person& person, const Event& event, Keep keep);
  std::string_view encode(FormId form, const Event& event);
  SharedLog& log_of(Room& room, FormId form);
  static bool trim(Room& room) noexcept;

  ChatLimits limits_;
  const Clock clock_;
  std::vector<const Form*> forms_;
  std::vector<Encoded> encoded_;  // the event at hand, by form
  std::vector<FormId> encoded_forms_;
  std::string scratch_;
  Registry<Person> people_;
  std::vector<Person*> everybody_;
  Registry<Room> rooms_;
  std::map<std::uint64_t, std::unique_ptr<Room>> owned_rooms_;  // by serial number
  std::vector<Room*> talking_;  // have said something since the last trim()
  std::vector<Room*> held_;     // had by then not been sent to everybody
  std::size_t next_held_ = 0;
  std::uint32_t announcement_ = 0;
  std::uint64_t last_serial_ = 0;
  std::uint64_t last_event_ = 0;
  Observer* observer_ = nullptr;
  bool telling_ = false;  // an outlet that calls back would break what is being walked over
  std::uint64_t messages_ = 0;
  std::uint64_t deliveries_ = 0;
};

}  // namespace switchboard::chat
