#include "simulation/law.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "support/counted_memory.hpp"

namespace switchboard::simulation {

namespace {

char lower(char c) noexcept {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

std::string lower(std::string_view text) {
  std::string lowered{text};
  std::ranges::transform(lowered, lowered.begin(), [](char c) { return lower(c); });
  return lowered;
}

bool is_like(std::string_view mask, std::string_view text) noexcept {
  if (mask.empty()) return text.empty();
  if (mask.front() == '*') {
    return is_like(mask.substr(1), text) || (!text.empty() && is_like(mask, text.substr(1)));
  }
  if (text.empty() || (mask.front() != '?' && lower(mask.front()) != lower(text.front()))) {
    return false;
  }
  return is_like(mask.substr(1), text.substr(1));
}

bool lists(const chat::MaskList& list, std::string_view who, bool also_silenced) {
  return std::ranges::any_of(list, [&](const chat::ListedMask& listed) {
    std::string_view mask = listed.mask;
    if (also_silenced && mask.starts_with("m:")) mask.remove_prefix(2);
    return is_like(mask, who);
  });
}

}  // namespace

std::string user_of_client(std::uint32_t key) {
  return "u" + std::to_string(key);
}

long client_of(const chat::Person& person) {
  const chat::Profile* profile = person.profile();
  if (profile == nullptr || !profile->user.starts_with("~u")) return -1;
  long key = -1;
  const std::string& user = profile->user;
  std::from_chars(user.data() + 2, user.data() + user.size(), key);
  return key;
}

void Law::note_key(std::uint32_t client, std::string_view room, std::string_view key) {
  keys_[{client, lower(room)}].emplace(key);
}

void Law::judge(const chat::Event& event) {
  const test::Unfailing unfailing;
  if (event.room == nullptr) return;
  const bool is_operator = (event.room->standing_of(event.who) & chat::is_operator) != 0;
  switch (event.kind) {
    case chat::Event::Kind::said:
    case chat::Event::Kind::acted:
    case chat::Event::Kind::noticed:
    case chat::Event::Kind::tagged:
      return judge_words(event);
    case chat::Event::Kind::joined:
      return judge_joining(event);
    case chat::Event::Kind::kicked:
      return expect(is_operator, "somebody was shown out by who is no operator");
    case chat::Event::Kind::ruled:
      // Who has given it up was one.
      return expect(is_operator || event.text.find(event.who.name()) != std::string_view::npos,
                    "rules were made by who is no operator");
    case chat::Event::Kind::retitled:
      return expect(is_operator || !event.room->rules().topic_is_locked,
                    "a topic that is locked was set by who is no operator");
    case chat::Event::Kind::inviting:
      return expect(is_operator || !event.room->rules().by_invitation,
                    "somebody was invited by who is no operator");
    default:
      return;
  }
}

void Law::judge_words(const chat::Event& event) {
  const chat::Rules& rules = event.room->rules();
  const chat::Standing standing = event.room->standing_of(event.who);
  if (rules.refuses_outsiders) {
    expect(event.who.is_in(*event.room), "an outsider is heard where none is to be (+n)");
  }
  if (rules.is_moderated) expect(standing != 0, "somebody without voice is heard in +m");
  if (rules.refuses_requests && event.text.starts_with('\x01')) {
    expect(event.text.starts_with("\x01"
                                  "ACTION "),
           "a request is heard in +C");
  }
  const std::string who = chat::full_name(event.who);
  if (standing == 0 && lists(rules.bans, who, true)) {
    expect(lists(rules.exemptions, who, true), "somebody banned is heard (+b)");
  }
  const long client = client_of(event.who);
  const bool has_words = !event.text.empty() && std::isdigit(event.text.front()) != 0;
  if (client >= 0 && has_words) {
    expect(event.text.starts_with(std::to_string(client) + "."), "words of another are heard");
  }
}

// Before who joins is there.
void Law::judge_joining(const chat::Event& event) {
  const chat::Rules& rules = event.room->rules();
  if (std::ranges::count(rules.invited, event.who.serial()) > 0) return;
  const std::string who = chat::full_name(event.who);
  expect(!lists(rules.bans, who, false) || lists(rules.exemptions, who, false),
         "somebody banned joins (+b)");
  expect(!rules.by_invitation || lists(rules.welcome, who, false),
         "somebody joins who was not invited (+i)");
  expect(rules.most_people == 0 || event.room->people().size() < rules.most_people,
         "more join than may (+l)");
  const long client = client_of(event.who);
  if (rules.key.empty() || client < 0) return;
  const auto keys = keys_.find({client, lower(event.room->name())});
  expect(keys != keys_.end() && keys->second.contains(rules.key),
         "somebody joins without the key (+k)");
}

}  // namespace switchboard::simulation
