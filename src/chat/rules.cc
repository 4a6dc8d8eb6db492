#include "chat/rules.hpp"

#include <algorithm>

#include "chat/mask.hpp"

namespace switchboard::chat {

namespace {

bool takes_in(std::string_view mask, const Rules::Names& who) noexcept {
  return matches_mask(mask, who.shown) || (!who.real.empty() && matches_mask(mask, who.real));
}

bool lists(const MaskList& list, const Rules::Names& who) noexcept {
  return std::ranges::any_of(list,
                             [&](const ListedMask& listed) { return takes_in(listed.mask, who); });
}

}  // namespace

bool Rules::bans_from_joining(const Names& who) const noexcept {
  return lists(bans, who) && !lists(exemptions, who);
}

bool Rules::bans_from_speaking(const Names& who) const noexcept {
  const auto silences = [&](const ListedMask& listed) {
    std::string_view mask = listed.mask;
    if (mask.starts_with(quiet_prefix)) mask.remove_prefix(quiet_prefix.size());
    return takes_in(mask, who);
  };
  return std::ranges::any_of(bans, silences) && std::ranges::none_of(exemptions, silences);
}

bool Rules::welcomes(const Names& who, std::uint64_t serial) const noexcept {
  return std::ranges::count(invited, serial) > 0 || lists(welcome, who);
}

void Rules::invite(std::uint64_t serial) {
  if (std::ranges::count(invited, serial) > 0) return;
  if (invited.size() >= most_invited) invited.erase(invited.begin());
  invited.push_back(serial);
}

bool is_request(std::string_view text) noexcept {
  return text.starts_with('\x01') && !text.starts_with(
                                         "\x01"
                                         "ACTION ");
}

}  // namespace switchboard::chat
