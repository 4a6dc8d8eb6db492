#include "simulation/chat_view.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace switchboard::simulation {

namespace {

// The first word, which is taken away with the blank behind it.
std::string take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  std::string word{text.substr(0, end)};
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

bool take_beginning(std::string_view& text, std::string_view beginning) {
  if (!text.starts_with(beginning)) return false;
  text.remove_prefix(beginning.size());
  return true;
}

std::size_t number_of(std::string_view digits) {
  std::size_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

// "HH:MM" with as many hours as it takes; what is behind it is left.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon + 3 > text.size()) return std::nullopt;
  if (text.find_first_not_of("0123456789") != colon) return std::nullopt;
  const std::uint64_t number =
      number_of(text.substr(0, colon)) * 60 + number_of(text.substr(colon + 1, 2));
  text.remove_prefix(colon + 3);
  return number;
}

}  // namespace

// --- What everybody was shown

void Truth::note(std::uint64_t number, const std::string& room, std::string_view who,
                 std::string_view text) {
  const auto [shown, is_new] =
      shown_.try_emplace(number, Shown{std::string{who}, std::string{text}});
  if (!is_new) world_.expect(shown->second.text == text, "two were told different things of one");
  if (!room.empty()) said_in_[room].try_emplace(number, who);
}

void Truth::check(const Stay& stay) const {
  const auto room = said_in_.find(stay.room);
  if (room == said_in_.end() || stay.numbers.empty()) return;
  const std::uint64_t from = std::min(stay.from, stay.numbers.front());
  const std::uint64_t to = std::max(stay.to, stay.numbers.back());
  auto seen = stay.numbers.begin();
  for (auto said = room->second.lower_bound(from); said != room->second.end(); ++said) {
    if (said->first > to) return;
    if (seen != stay.numbers.end() && *seen == said->first) {
      ++seen;
    } else {
      world_.expect(stay.own_names.contains(said->second), "a line was missed");
    }
  }
  world_.expect(seen == stay.numbers.end(), "a line of another room was shown");
}

void Truth::check_stays() const {
  for (const Stay& stay : stays_) check(stay);
}

// --- Rooms

void View::enter(const std::string& room, std::set<std::string> others, std::size_t more,
                 std::uint64_t from) {
  if (!knows_rooms_) leave_all();
  Company& company = rooms_[room];
  company = {.others = std::move(others), .more = more, .stay = {}};
  company.stay = {.room = room, .own_names = {name_}, .numbers = {}, .from = from};
}

void View::leave(const std::string& room, std::uint64_t to) {
  const auto found = rooms_.find(room);
  expect(found != rooms_.end(), "left a room that they were not in");
  if (found == rooms_.end()) return;
  found->second.stay.to = to;
  truth_.note(std::move(found->second.stay));
  rooms_.erase(found);
}

void View::leave_all(std::uint64_t to) {
  while (!rooms_.empty()) leave(std::string{rooms_.begin()->first}, to);
}

void View::set_name(std::string name) {
  name_ = std::move(name);
  for (auto& [room, company] : rooms_) company.stay.own_names.insert(name_);
}

// Whether they are there, as far as can be known.
bool View::know(Company& company, const std::string& who) {
  if (company.others.contains(who)) return true;
  if (company.more == 0) return false;
  --company.more;
  company.others.insert(who);
  return true;
}

void View::compare(const chat::Chat& chat) const {
  const chat::Person* person = name_.empty() ? nullptr : chat.find_person(name_);
  if (name_.empty()) return;
  world_.expect(person != nullptr, "somebody is not in the chat who thinks so");
  if (person == nullptr) return;
  world_.expect(person->rooms().size() == rooms_.size(),
                "somebody is in other rooms than they think");
  for (const chat::Room* room : person->rooms()) {
    const auto found = rooms_.find(room->name());
    world_.expect(found != rooms_.end(), "somebody is in a room and does not know");
    if (found == rooms_.end()) return;
    const Company& company = found->second;
    world_.expect(company.others.size() + company.more + 1 == room->people().size(),
                  "somebody was not told who is in their room");
    std::set<std::string_view> names;
    for (const chat::Person* each : room->people()) names.insert(each->name());
    for (const std::string& other : company.others) {
      world_.expect(names.contains(other), "somebody was not told who has left their room");
    }
  }
}

// --- Lines

void View::take(std::string_view line) {
  if (take_beginning(line, "-- ")) return take_answer(line);
  if (line == "motd") return;
  const auto number = take_number(line);
  expect(number.has_value(), "a line that nobody has written");
  if (!number) return;
  expect(*number > number_, "a line came twice, or too late");
  number_ = *number;
  room_ = rooms_.empty() ? "" : rooms_.begin()->first;
  if (knows_rooms_) {
    const std::size_t tab = line.rfind('\t');
    room_ = line.substr(tab + 1);
    line = line.substr(0, tab);
  }
  take_beginning(line, " ");
  take_event(line);
}

void View::take_answer(std::string_view text) {
  if (text == "please type another name" || text.starts_with("welcome")) asked_again_ = true;
  if (text.ends_with("good-bye") || text.starts_with("too many conn")) has_farewell_ = true;
  if (take_beginning(text, "hello ")) return set_name(std::string{text.substr(0, text.find('.'))});
  if (take_beginning(text, "you have left ")) return leave(std::string{text});
  if (!take_beginning(text, "you are in ")) {
    if (take_beginning(text, "you are ") && text.ends_with(" now")) set_name(take_word(text));
    return;
  }
  std::string room = take_word(text);
  if (room == "no" || text == "already") return;
  std::set<std::string> others;
  std::size_t more = 0;
  if (room.ends_with(',')) {
    room.pop_back();  // alone
  } else if (take_beginning(text, "with ")) {
    while (!text.empty()) {
      std::string word = take_word(text);
      if (word == "and") {
        more = number_of(take_word(text));
        break;
      }
      if (word.ends_with(',')) word.pop_back();
      others.insert(std::move(word));
    }
  }
  enter(room, std::move(others), more);
}

// What is shown with a time: its first word tells what it is.
void View::take_event(std::string_view text) {
  const std::string_view whole = text;
  std::string word = take_word(text);
  if (word == "->" || word == "<-") return take_arrow(whole);
  if (word == "--") {
    const std::string who = take_word(text);
    if (take_beginning(text, "is now ")) {
      truth_.note(number_, "", text, whole);
      return rename(who, std::string{text});
    }
    note(who, whole);
    return hear(who);
  }
  if (word == "*") {
    word = take_word(text);
  } else if (word.starts_with('<')) {
    word = word.substr(1, word.size() - 2);
  } else {
    return truth_.note(number_, "", word, whole);  // to this one alone
  }
  note(word, whole);
  hear(word);
}

void View::take_arrow(std::string_view text) {
  const std::string_view whole = text;
  const bool comes = take_word(text) == "->";
  const std::string who = take_word(text);
  if (text.starts_with("has gone")) {
    truth_.note(number_, "", who, whole);
    return go_everywhere(who);
  }
  if (take_beginning(text, "was shown out of ")) {
    const std::string room = take_word(text);
    take_beginning(text, "by ");
    const std::string by = take_word(text);
    note(by, whole);
    return who == name_ ? leave(room) : go(room, who);
  }
  note(who, whole);
  take_beginning(text, comes ? "has joined " : "has left ");
  const std::string room = take_word(text);
  comes ? come(room, who) : go(room, who);
}

// --- Who is there

void View::note(const std::string& who, std::string_view text) {
  truth_.note(number_, room_, who, text);
  const auto found = rooms_.find(room_);
  expect(found != rooms_.end(), "was told of a room that they are not in");
  if (found != rooms_.end()) found->second.stay.numbers.push_back(number_);
}

void View::come(const std::string& room, const std::string& who) {
  const auto found = rooms_.find(room);
  expect(found != rooms_.end(), "was told who has joined another room");
  if (found == rooms_.end()) return;
  expect(found->second.others.insert(who).second, "was told twice who has joined");
}

void View::go(const std::string& room, const std::string& who) {
  const auto found = rooms_.find(room);
  expect(found != rooms_.end(), "was told who has left another room");
  if (found == rooms_.end()) return;
  expect(know(found->second, who), "was told of a leave of somebody who was not there");
  found->second.others.erase(who);
}

void View::go_everywhere(const std::string& who) {
  bool was_there = false;
  for (auto& [room, company] : rooms_) {
    if (!company.others.contains(who) && (knows_rooms_ || !know(company, who))) continue;
    was_there = true;
    company.others.erase(who);
  }
  expect(was_there, "was told of the end of somebody who was not there");
}

void View::rename(const std::string& before, const std::string& now) {
  bool was_there = false;
  for (auto& [room, company] : rooms_) {
    if (!company.others.contains(before) && (knows_rooms_ || !know(company, before))) continue;
    was_there = true;
    company.others.erase(before);
    expect(company.others.insert(now).second, "two have one name");
  }
  expect(was_there, "was told the new name of somebody who was not there");
}

void View::hear(const std::string& who) {
  const auto found = rooms_.find(room_);
  if (found == rooms_.end()) return;
  expect(know(found->second, who), "heard somebody who had not joined");
}

}  // namespace switchboard::simulation
