#include "simulation/insider.hpp"

#include <set>

#include "support/counted_memory.hpp"

namespace switchboard::simulation {

void InsiderForm::encode(const chat::Event& event, std::string& out) const {
  if (witness_) witness_(event);
  const std::size_t begin = out.size();
  plain_.encode(event, out);
  if (out.size() == begin) return;
  out += "\t";
  if (event.room != nullptr) out += event.room->name();
  out += "\n";
}

Insider::Insider(World& world, Truth& truth, chat::Chat& chat, chat::FormId form,
                 const std::uint64_t& number, bool has_rules)
    : world_(world),
      chat_(chat),
      number_(number),
      has_rules_(has_rules),
      view_(world, truth, true),
      person_(*this, form) {
  if (has_rules) view_.admit_outsiders();
}

void Insider::deliver(const Slice& bytes) {
  const test::Unfailing unfailing;
  if (has_missed_a_line_) return;
  const auto view = bytes.bytes();
  std::string_view line{reinterpret_cast<const char*>(view.data()), view.size()};
  line.remove_suffix(1);
  world_.kernel.trace([&] { return view_.name() + " < " + std::string{line}; });
  view_.take(line);
  bytes_.push_back(bytes);  // and lets go of them when it likes
  if (world_.random().chance(0.1)) bytes_.clear();
}

void Insider::act() {
  const std::string room = "r" + std::to_string(world_.random().below(6));
  if (!person_.is_here()) return enter();
  chat::Room* found = chat_.find_room(room == "r5" ? "lobby" : room);
  switch (world_.random().below(12)) {
    case 0:
    case 1:
    case 2:
      return join(found == nullptr ? room : found->name());
    case 3:
      return found == nullptr || !person_.is_in(*found) ? void() : leave(*found);
    case 4:
      return rename();
    case 5:
      return quit();
    case 6:
      return found == nullptr ? void() : kick(*found);
    case 7:
      return person_.rooms().empty() ? void() : tell();
    case 8:
      if (has_rules_ && found != nullptr) return promote(*found);
      [[fallthrough]];
    default:
      if (found != nullptr) {
        chat_.say(person_, *found, std::to_string(number_) + " heard in " + found->name());
      }
  }
}

void Insider::enter() {
  if (chat_.enter(person_, any_name()) != chat::Refusal::none) return;
  const test::Unfailing unfailing;
  view_.set_name(person_.name());
}

void Insider::join(const std::string& name) {
  const chat::Room* before = chat_.find_room(name);
  if (before != nullptr && person_.is_in(*before)) return;
  if (chat_.join(person_, name) != chat::Refusal::none) return;
  const test::Unfailing unfailing;
  std::set<std::string> others;
  for (const chat::Person* each : chat_.find_room(name)->people()) {
    if (each != &person_) others.insert(each->name());
  }
  view_.enter(name, std::move(others), 0, number_ + 1);
}

void Insider::leave(chat::Room& room) {
  const std::string name = room.name();
  chat_.leave(person_, room, "");
  const test::Unfailing unfailing;
  view_.leave(name, number_ - 1);
}

void Insider::rename() {
  if (chat_.rename(person_, any_name()) != chat::Refusal::none) return;
  const test::Unfailing unfailing;
  view_.set_name(person_.name());
}

void Insider::quit() {
  chat_.quit(person_, "enough");
  const test::Unfailing unfailing;
  view_.leave_all(number_ - 1);
  view_.set_name("");
}

void Insider::kick(chat::Room& room) {
  chat::Person* whom = room.people()[world_.random().below(room.people().size())];
  if (whom == &person_) return;
  const std::string room_name = room.name();
  if (chat_.kick(person_, *whom, room, "") != chat::Refusal::none) return;
  const test::Unfailing unfailing;
  view_.go(room_name, whom->name());
}

void Insider::tell() {
  const auto people = person_.rooms().front()->people();
  chat_.tell(person_, *people[world_.random().below(people.size())], "psst");
}

void Insider::promote(chat::Room& room) {
  if ((room.standing_of(person_) & chat::is_operator) == 0) return;
  chat::Person* whom = room.people()[world_.random().below(room.people().size())];
  const chat::Standing before = room.standing_of(*whom);
  if ((before & chat::is_operator) != 0) return;
  (void)chat_.set_standing(room, *whom, before | chat::is_operator);  // is in it
  chat_.announce_rules(person_, room, "+o " + whom->name());
}

}  // namespace switchboard::simulation
