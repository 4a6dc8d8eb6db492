#include "simulation/view.hpp"

#include <charconv>
#include <utility>

namespace switchboard::simulation {

void View::enter(const std::string& room, std::set<std::string> others, std::size_t more,
                 std::uint64_t from) {
  if (!is_in_several_) leave_all();
  Company& company = rooms_[room];
  company = {.others = std::move(others), .more = more};
  company.stay = {.room = room, .own_names = {name_}, .from = from};
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
  if (!company.is_complete) return true;
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
    world_.expect(company.is_complete, "somebody was never told who is in their room");
    world_.expect(company.others.size() + company.more + 1 == room->people().size(),
                  "somebody was not told who is in their room");
    std::set<std::string_view> names;
    for (const chat::Person* each : room->people()) names.insert(each->name());
    for (const std::string& other : company.others) {
      world_.expect(names.contains(other), "somebody was not told who has left their room");
    }
  }
}

// --- What happens

void View::note(const std::string& who, std::string_view text) {
  constexpr std::size_t most_bytes = 200;  // as the rest may come in further pieces
  text = text.substr(0, most_bytes);
  const bool is_for_all = text.find(mark_of_status) == std::string_view::npos;
  if (has_number_) truth_.note(number_, is_for_all ? room_ : "", who, text);
  if (!is_for_all) return;
  const auto found = rooms_.find(room_);
  expect(found != rooms_.end(), "was told of a room that they are not in");
  if (found == rooms_.end()) return;
  found->second.stay.seen.push_back(has_number_ ? Seen{.number = number_}
                                                : Seen{.text = std::string{text}});
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
  bool may_have_been_there = false;
  for (auto& [room, company] : rooms_) {
    if (!company.is_complete) may_have_been_there = true;
    if (!company.others.contains(who) && (is_in_several_ || !know(company, who))) continue;
    may_have_been_there = true;
    company.others.erase(who);
  }
  expect(may_have_been_there, "was told of the end of somebody who was not there");
}

void View::rename(const std::string& before, const std::string& now) {
  bool may_have_been_there = false;
  for (auto& [room, company] : rooms_) {
    if (!company.is_complete) may_have_been_there = true;
    if (!company.others.contains(before) && (is_in_several_ || !know(company, before))) continue;
    may_have_been_there = true;
    company.others.erase(before);
    expect(company.others.insert(now).second, "two have one name");
  }
  expect(may_have_been_there, "was told the new name of somebody who was not there");
}

void View::hear(const std::string& who) {
  const auto found = rooms_.find(room_);
  if (found == rooms_.end()) return;
  expect(know(found->second, who) || admits_outsiders_, "heard somebody who had not joined");
}

std::size_t number_of(std::string_view digits) {
  std::size_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

}  // namespace switchboard::simulation
