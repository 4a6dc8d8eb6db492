#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "chat/plain_service.hpp"

namespace switchboard::chat {

namespace {

constexpr std::size_t most_listed = 1000;
constexpr std::size_t most_named_on_joining = 10;
constexpr std::size_t line_columns = 72;

// The first word, and what stands behind it.
std::pair<std::string_view, std::string_view> split(std::string_view text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::size_t next = std::min(text.find_first_not_of(' ', end), text.size());
  return {text.substr(0, end), text.substr(next)};
}

// "anna, ben and 17 others"
std::string some_names(std::span<Person* const> people, const Person& but) {
  std::string names;
  std::size_t named = 0;
  for (const Person* person : people) {
    if (person == &but) continue;
    if (named == most_named_on_joining) break;
    names += fmt::format("{}{}", named == 0 ? "" : ", ", person->name());
    ++named;
  }
  const std::size_t others = people.size() - 1 - named;
  if (others > 0) names += fmt::format(" and {} more", others);
  return names;
}

}  // namespace

struct PlainService::Command {
  std::string_view name;
  std::string_view argument;  // what to write for it; empty: takes none
  std::string_view help;
  bool needs_argument;
  bool needs_name;  // one's own, which is given first
  void (PlainService::*run)(Connection&, Session&, std::string_view argument);
};

std::span<const PlainService::Command> PlainService::commands() {
  static constexpr auto table = std::to_array<Command>({
      {"join", "ROOM [KEY]", "go to another room", true, true, &PlainService::join},
      {"leave", "[WHY]", "leave the room that you are in", false, true, &PlainService::leave},
      {"rooms", "", "which rooms there are", false, true, &PlainService::list_rooms},
      {"who", "", "who is in your room", false, true, &PlainService::list_people},
      {"msg", "NAME TEXT", "say something to one person alone", true, true, &PlainService::tell},
      {"me", "TEXT", "say what you do", true, true, &PlainService::act},
      {"nick", "NAME", "take another name", true, false, &PlainService::rename},
      {"topic", "[TEXT]", "what your room is about, or say so", false, true,
       &PlainService::tell_or_set_topic},
      {"help", "", "this list", false, false, &PlainService::help},
      {"quit", "[WHY]", "go", false, false, &PlainService::quit},
  });
  return table;
}

void PlainService::run_command(Connection& connection, Session& session, std::string_view line) {
  const auto words = split(line);
  const std::string_view name =
      words.first;  // clang 14 lets no lambda capture a structured binding
  const std::string_view argument = words.second;
  const auto command = std::ranges::find_if(
      commands(), [&](const Command& candidate) { return same_name(candidate.name, name); });
  if (command == commands().end()) {
    return answer(connection, session,
                  fmt::format("there is no /{}; /help lists the commands, and // begins a line "
                              "that is to begin with a slash",
                              without_control(name)));
  }
  if (command->needs_name && !session.person.is_here()) {
    return answer(connection, session, "your name comes first; please type it");
  }
  if (command->needs_argument && argument.empty()) {
    return answer(connection, session,
                  fmt::format("something is missing: /{} {}", command->name, command->argument));
  }
  (this->*command->run)(connection, session, argument);
}

Room* PlainService::room_of(Connection& connection, Session& session) {
  if (!session.person.rooms().empty()) return session.person.rooms().front();
  answer(connection, session,
         fmt::format("you are in no room, and nobody heard that; /join {} takes you back",
                     settings_.first_room));
  return nullptr;
}

void PlainService::join(Connection& connection, Session& session, std::string_view arguments) {
  Person& person = session.person;
  auto [name, key] = split(arguments);
  if (name.starts_with('#')) name.remove_prefix(1);  // as people of other chats write it
  Room* before = person.rooms().empty() ? nullptr : person.rooms().front();
  if (before != nullptr && same_name(before->name(), name)) {
    return answer(connection, session, fmt::format("you are in {} already", plain_name(*before)));
  }
  const Refusal refusal = chat_.join(person, name, key);
  if (refusal != Refusal::none) {
    return refuse(connection, session, "that room will not do", refusal);
  }
  if (before != nullptr) chat_.leave(person, *before, "");
  const Room& room = *person.rooms().front();
  answer(connection, session,
         room.people().size() == 1 ? fmt::format("you are in {}, alone so far", plain_name(room))
                                   : fmt::format("you are in {} with {}", plain_name(room),
                                                 some_names(room.people(), person)));
  if (!room.topic().empty()) {
    answer(connection, session, fmt::format("topic: {}", without_control(room.topic())));
  }
}

void PlainService::leave(Connection& connection, Session& session, std::string_view why) {
  Room* room = room_of(connection, session);
  if (room == nullptr) return;
  answer(connection, session, fmt::format("you have left {}", plain_name(*room)));
  chat_.leave(session.person, *room, why);
}

// No more than there is room for: what somebody asks for must not be what closes them.
void PlainService::list_rooms(Connection& connection, Session& session, std::string_view) {
  std::size_t listed = 0;
  const Room* room = chat_.room_after(0);
  for (; room != nullptr; room = chat_.room_after(room->serial())) {
    if (!is_visible(*room, session.person)) continue;
    if (listed++ == most_listed || is_full(connection)) {
      return answer(connection, session, "and others");
    }
    answer(connection, session,
           fmt::format("{} ({}){}{}", plain_name(*room), room->people().size(),
                       room->topic().empty() ? "" : ": ", without_control(room->topic())));
  }
  if (listed == 0) answer(connection, session, "there is no room yet; /join makes one");
}

void PlainService::list_people(Connection& connection, Session& session, std::string_view) {
  const Room* room = room_of(connection, session);
  if (room == nullptr) return;
  const auto people = room->people();
  answer(connection, session, fmt::format("in {}: {}", plain_name(*room), people.size()));
  std::string line;
  for (const Person* person : people.first(std::min(people.size(), most_listed))) {
    if (is_full(connection)) return answer(connection, session, "and others");
    if (!line.empty() && line.size() + person->name().size() > line_columns) {
      answer(connection, session, line);
      line.clear();
    }
    line += fmt::format("{}{}", line.empty() ? "" : " ", person->name());
  }
  answer(connection, session, line);
  if (people.size() > most_listed) {
    answer(connection, session, fmt::format("and {} more", people.size() - most_listed));
  }
}

void PlainService::tell(Connection& connection, Session& session, std::string_view arguments) {
  const auto [name, text] = split(arguments);
  if (text.empty()) return answer(connection, session, "something is missing: /msg NAME TEXT");
  Person* other = chat_.find_person(name);
  if (other == nullptr) {
    return answer(connection, session,
                  fmt::format("nobody here is called {}", without_control(name)));
  }
  chat_.tell(session.person, *other, text);
  const Profile* profile = other->profile();
  if (profile != nullptr && !profile->away.empty()) {
    answer(connection, session,
           fmt::format("{} is away: {}", other->name(), without_control(profile->away)));
  }
}

void PlainService::act(Connection& connection, Session& session, std::string_view text) {
  say(connection, session, text, Event::Kind::acted);
}

void PlainService::rename(Connection& connection, Session& session, std::string_view name) {
  if (!session.person.is_here()) return register_name(connection, session, name);
  const Refusal refusal = chat_.rename(session.person, name);
  if (refusal != Refusal::none) {
    return refuse(connection, session, "that name will not do", refusal);
  }
  answer(connection, session, fmt::format("you are {} now", session.person.name()));
}

void PlainService::tell_or_set_topic(Connection& connection, Session& session,
                                     std::string_view topic) {
  Room* room = room_of(connection, session);
  if (room == nullptr) return;
  if (topic.empty()) {
    return answer(connection, session,
                  room->topic().empty() ? "there is no topic yet; /topic TEXT sets one"
                                        : fmt::format("topic: {}", without_control(room->topic())));
  }
  const Refusal refusal = chat_.retitle(session.person, *room, topic);
  if (refusal == Refusal::too_long) {
    return answer(
        connection, session,
        fmt::format("that topic is too long; {} bytes are the most", chat_.limits().topic_bytes));
  }
  if (refusal != Refusal::none) {
    return refuse(connection, session, "the topic stays as it was", refusal);
  }
  answer(connection, session, fmt::format("the topic is now: {}", without_control(topic)));
}

void PlainService::help(Connection& connection, Session& session, std::string_view) {
  for (const Command& command : commands()) {
    answer(connection, session,
           fmt::format("/{:<16} {}", fmt::format("{} {}", command.name, command.argument),
                       command.help));
  }
  answer(connection, session, "Everything else is said to the room that you are in.");
}

void PlainService::quit(Connection& connection, Session& session, std::string_view why) {
  chat_.quit(session.person, why);
  show_out(connection, session, "good-bye");
}

}  // namespace switchboard::chat
