#include "simulation/plain_view.hpp"

#include <algorithm>
#include <optional>
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

void PlainView::take(std::string_view line) {
  if (take_beginning(line, "-- ")) return take_answer(line);
  if (line == "motd") return;
  const auto number = take_number(line);
  expect(number.has_value(), "a line that nobody has written");
  if (!number) return;
  expect(*number > number_, "a line came twice, or too late");
  number_ = *number;
  room_ = rooms_.empty() ? "" : rooms_.begin()->first;
  if (is_in_several_) {
    const std::size_t tab = line.rfind('\t');
    room_ = line.substr(tab + 1);
    line = line.substr(0, tab);
  }
  take_beginning(line, " ");
  take_event(line);
}

void PlainView::take_answer(std::string_view text) {
  if (text == "please type another name" || text.starts_with("welcome")) asked_again_ = true;
  if (text.ends_with("good-bye") || text.starts_with("too many conn") ||
      text.starts_with("Killed (")) {
    has_farewell_ = true;
  }
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
void PlainView::take_event(std::string_view text) {
  const std::string_view whole = text;
  std::string word = take_word(text);
  if (word == "->" || word == "<-") return take_arrow(whole);
  if (word == "--") return take_announcement(whole);
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

void PlainView::take_announcement(std::string_view text) {
  const std::string_view whole = text;
  take_word(text);
  const std::string who = take_word(text);
  if (take_beginning(text, "is now ")) {
    truth_.note(number_, "", text, whole);
    return rename(who, std::string{text});
  }
  if (text.starts_with("invites you")) return truth_.note(number_, "", who, whole);
  note(who, whole);
  hear(who);
}

void PlainView::take_arrow(std::string_view text) {
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

}  // namespace switchboard::simulation
