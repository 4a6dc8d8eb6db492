#include "irc/capabilities.hpp"

#include <algorithm>
#include <array>

namespace switchboard::irc {

namespace {

constexpr std::array<CapabilityRow, 18> rows{{
    {"account-notify", capability::account_notify},
    {"account-tag", capability::account_tag},
    {"away-notify", capability::away_notify},
    {"batch", capability::batch},
    {"cap-notify", capability::cap_notify},
    {"chghost", capability::chghost},
    {"echo-message", capability::echo_message},
    {"extended-join", capability::extended_join},
    {"extended-monitor", capability::extended_monitor},
    {"invite-notify", capability::invite_notify},
    {"labeled-response", capability::labeled_response},
    {"message-tags", capability::message_tags},
    {"multi-prefix", capability::multi_prefix},
    {"sasl", capability::sasl, "PLAIN"},
    {"server-time", capability::server_time},
    {"setname", capability::setname},
    {"standard-replies", capability::standard_replies},
    {"userhost-in-names", capability::userhost_in_names},
}};

}  // namespace

std::span<const CapabilityRow> capability_rows() noexcept {
  return rows;
}

const CapabilityRow* find_capability(std::string_view name) noexcept {
  const auto* found = std::ranges::find(rows, name, &CapabilityRow::name);
  return found == rows.end() ? nullptr : found;
}

std::string capability_names(Capabilities capabilities, bool with_values) {
  std::string names;
  for (const CapabilityRow& row : rows) {
    if ((capabilities & row.bit) == 0) continue;
    if (!names.empty()) names += ' ';
    names += row.name;
    if (with_values && !row.value.empty()) names.append("=").append(row.value);
  }
  return names;
}

bool apply_request(std::string_view request, Capabilities offered, Capabilities& current) {
  Capabilities wanted = current;
  while (!request.empty()) {
    std::string_view name = request.substr(0, request.find(' '));
    request.remove_prefix(std::min(name.size() + 1, request.size()));
    if (name.empty()) continue;
    const bool removing = name.starts_with('-');
    if (removing) name.remove_prefix(1);
    const CapabilityRow* row = find_capability(name);
    if (row == nullptr || (offered & row->bit) == 0) return false;
    wanted = removing ? wanted & ~row->bit : wanted | row->bit;
  }
  current = wanted;
  return true;
}

}  // namespace switchboard::irc
