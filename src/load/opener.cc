#include "load/opener.hpp"

#include <netinet/in.h>

#include <cstring>
#include <utility>

namespace switchboard::load {

namespace {

constexpr std::size_t connections_per_source = 16'000;
constexpr std::size_t sources = 200;

bool is_ipv4_loopback(const sys::SocketAddress& address) {
  if (address.family() != AF_INET) return false;
  sockaddr_in name{};
  std::memcpy(&name, &address.storage, sizeof name);
  return (ntohl(name.sin_addr.s_addr) >> 24U) == 127;
}

sys::SocketAddress loopback_source(std::size_t index) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK + static_cast<std::uint32_t>(index));
  sys::SocketAddress address;
  std::memcpy(&address.storage, &name, sizeof name);
  address.length = sizeof name;
  return address;
}

}  // namespace

std::string describe(const Closed& closed) {
  std::string text{to_string(closed.reason)};
  if (closed.error) text += ": " + closed.error.message();
  return text;
}

Opener::Opener(ConnectionTable& table, const Endpoint& server, Stay stay, Callback done)
    : table_(table), server_(server.resolve().front()), stay_(stay), done_(std::move(done)) {}

ConnectOptions Opener::options_for(std::size_t number) const {
  ConnectOptions options;
  // The simplest there is, for nothing is lost on loopback: one that paces (BBR) would have our
  // sends wait for timers. The server's sockets keep what the system gives them.
  if (server_.family() != AF_UNIX) options.congestion_control = "reno";
  if (!is_ipv4_loopback(server_)) return options;
  const std::size_t source =
      (stay_ == Stay::yes ? number / connections_per_source : number) % sources;
  if (source > 0) options.source = loopback_source(source);
  return options;
}

void Opener::begin() {
  const std::size_t number = begun_++;
  auto connector = std::make_unique<Connector>(
      table_, server_,
      [this, number, began = sys::monotonic_now()](Connection* connection, std::error_code error) {
        under_way_.erase(number);
        done_(connection, error, began);
      },
      options_for(number));
  under_way_.emplace(number, std::move(connector));
}

}  // namespace switchboard::load
