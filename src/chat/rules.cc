#include "chat/rules.hpp"

#include <algorithm>

#include "chat/mask.hpp"

namespace switchboard::chat {

namespace {

bool lists(const MaskList& list, std::string_view who) noexcept {
  return std::ranges::any_of(
      list, [&](const ListedMask& listed) { return matches_mask(listed.mask, who); });
}

}  // namespace

bool Rules::bans_from_joining(std::string_view who) const noexcept {
  return lists(bans, who) && !lists(exemptions, who);
}

bool Rules::bans_from_speaking(std::string_view who) const noexcept {
  const bool banned = std::ranges::any_of(bans, [&](const ListedMask& listed) {
    std::string_view mask = listed.mask;
    if (mask.starts_with(quiet_prefix)) mask.remove_prefix(quiet_prefix.size());
    return matches_mask(mask, who);
  });
  return banned && !lists(exemptions, who);
}

bool Rules::welcomes(std::string_view who, std::uint64_t serial) const noexcept {
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
