#include "chat/address_limit.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace switchboard::chat {

namespace {

constexpr std::size_t network_bytes = 8;  // of a /64

bool is_loopback(std::string_view host) noexcept {
  return host == "::1" || host.starts_with("127.");
}

std::string group_of(const std::string& host) {
  std::array<char, sizeof(in6_addr)> address{};
  const std::string without_zone = host.substr(0, host.find('%'));
  if (::inet_pton(AF_INET6, without_zone.c_str(), address.data()) != 1) return host;
  return {address.data(), network_bytes};
}

}  // namespace

std::optional<AddressLimit::Place> AddressLimit::admit(const Endpoint& peer) {
  if (settings_.most == SIZE_MAX || peer.kind() != Endpoint::Kind::tcp ||
      (!settings_.counts_loopback && is_loopback(peer.host()))) {
    return Place{};
  }
  Counts::value_type& entry = *counts_.try_emplace(group_of(peer.host())).first;
  if (entry.second >= settings_.most) return std::nullopt;
  ++entry.second;
  return Place{*this, entry};
}

void AddressLimit::give_back(Counts::value_type& entry) noexcept {
  if (--entry.second == 0) counts_.erase(counts_.find(entry.first));
}

}  // namespace switchboard::chat
