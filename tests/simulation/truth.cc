#include "simulation/truth.hpp"

#include <algorithm>
#include <unordered_map>

namespace switchboard::simulation {

void Truth::note(std::uint64_t number, const std::string& room, std::string_view who,
                 std::string_view text) {
  const auto [shown, is_new] =
      shown_.try_emplace(number, Shown{std::string{who}, std::string{text}});
  if (!is_new) world_.expect(shown->second.text == text, "two were told different things of one");
  if (!room.empty()) said_in_[room].try_emplace(number, &shown->second);
}

// What showed no time, and was said once only, can be told by its text; the rest lies in between.
void Truth::give_numbers(Stay& stay, const Room& room) const {
  std::unordered_map<std::string_view, std::uint64_t> words;
  for (const auto& [number, shown] : room) {
    if (is_said_once(shown->text)) words[shown->text] = number;
  }
  for (Seen& seen : stay.seen) {
    if (seen.number != 0 || !is_said_once(seen.text)) continue;
    const auto found = words.find(seen.text);
    if (found != words.end()) seen.number = found->second;
  }
}

void Truth::check(const Stay& stay, const Room& room) const {
  const auto has_number = [](const Seen& seen) { return seen.number != 0; };
  auto seen = std::ranges::find_if(stay.seen, has_number);
  if (seen == stay.seen.end()) return;
  const auto last = std::find_if(stay.seen.rbegin(), stay.seen.rend(), has_number);
  const std::uint64_t from = std::min(stay.from, seen->number);
  if (from == stay.from) seen = stay.seen.begin();
  const std::uint64_t to = std::max(stay.to, last->number);
  for (auto said = room.lower_bound(from); said != room.end() && said->first <= to; ++said) {
    const Shown& shown = *said->second;
    // What shows no time may also be something that nobody else has seen.
    const auto next = std::find_if(seen, last.base(), [&](const Seen& each) {
      return each.number == 0 ? each.text == shown.text : each.number >= said->first;
    });
    const bool was_seen = next != last.base() && (next->number == 0 || next->number == said->first);
    if (was_seen) {
      seen = std::next(next);
      continue;
    }
    const bool is_own = stay.own_names.contains(shown.who);
    const bool hears_own = is_words(shown.text) ? stay.hears_own_words : stay.hears_own_acts;
    if (is_own && !hears_own) continue;
    world_.kernel.trace([&] {
      return "missed by " + *stay.own_names.begin() + " in " + stay.room + ": " +
             std::to_string(said->first) + " " + shown.text;
    });
    world_.expect(false, "a line was missed");
  }
}

void Truth::check_stays() {
  for (Stay& stay : stays_) {
    const auto room = said_in_.find(stay.room);
    if (room == said_in_.end()) continue;
    if (std::ranges::any_of(stay.seen, [](const Seen& seen) { return seen.number == 0; })) {
      give_numbers(stay, room->second);
    }
    check(stay, room->second);
  }
}

}  // namespace switchboard::simulation
