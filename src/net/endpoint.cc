#include "switchboard/net/endpoint.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace switchboard {

namespace {

constexpr std::string_view tcp_scheme = "tcp://";
constexpr std::string_view unix_scheme = "unix://";

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw std::invalid_argument("'" + std::string(text) + "': " + why);
}

std::uint16_t parse_port(std::string_view text, std::string_view digits) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty()) refuse(text, "no port after the colon; write 0 to have one picked");
  if (error == std::errc::invalid_argument || end != digits.data() + digits.size()) {
    refuse(text, "'" + std::string(digits) + "' is not a port; write a number from 0 to 65535");
  }
  if (error == std::errc::result_out_of_range || port > 65535) {
    refuse(text, "port " + std::string(digits) + " is too large; the highest is 65535");
  }
  return static_cast<std::uint16_t>(port);
}

// The address between brackets; its zone (fe80::1%eth0) is for the resolver to judge.
void check_ipv6(std::string_view text, const std::string& host) {
  in6_addr address{};
  if (::inet_pton(AF_INET6, host.substr(0, host.find('%')).c_str(), &address) != 1) {
    refuse(text, "'" + host + "' between brackets is not an IPv6 address");
  }
}

std::pair<std::string, std::string_view> split_host_and_port(std::string_view text,
                                                             std::string_view rest) {
  if (rest.starts_with('[')) {
    const auto bracket = rest.find(']');
    if (bracket == std::string_view::npos) refuse(text, "the bracket '[' is never closed");
    const std::string host{rest.substr(1, bracket - 1)};
    check_ipv6(text, host);
    const auto behind = rest.substr(bracket + 1);
    if (!behind.starts_with(':')) refuse(text, "a port must follow, as in tcp://[::1]:7007");
    return {host, behind.substr(1)};
  }
  const auto colon = rest.find(':');
  if (colon == std::string_view::npos) {
    refuse(text, "a port is missing, as in tcp://127.0.0.1:7007");
  }
  if (rest.find(':', colon + 1) != std::string_view::npos) {
    refuse(text, "an IPv6 address stands in brackets, as in tcp://[::1]:7007");
  }
  return {std::string{rest.substr(0, colon)}, rest.substr(colon + 1)};
}

void check_host(std::string_view text, const std::string& host) {
  if (host.empty()) refuse(text, "no host before the port; write * for every address");
  const auto odd = [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '/' || c == 0x7F;
  };
  if (std::any_of(host.begin(), host.end(), odd)) {
    refuse(text, "a host name has no blanks, slashes or control characters");
  }
}

sys::SocketAddress unix_address(const std::string& path) {
  sockaddr_un name{};
  assert(path.size() < sizeof name.sun_path);
  name.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), name.sun_path);
  sys::SocketAddress address;
  std::memcpy(&address.storage, &name, sizeof name);
  address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return address;
}

std::string text_of(int family, const void* address) {
  char text[INET6_ADDRSTRLEN] = {};
  // Fails only for a family that is neither of the two.
  return ::inet_ntop(family, address, text, sizeof text) == nullptr ? "" : text;
}

// "::" without IPV6_V6ONLY takes both families where the system lets it; "0.0.0.0" where it has no
// IPv6.
std::vector<sys::SocketAddress> every_address(std::uint16_t port) {
  std::vector<sys::SocketAddress> addresses;
  for (const char* host : {"::", "0.0.0.0"}) {
    auto found = sys::resolve_numeric(host, port).addresses;
    addresses.insert(addresses.end(), found.begin(), found.end());
  }
  return addresses;
}

}  // namespace

Endpoint Endpoint::parse(std::string_view text) {
  if (text.find('\0') != std::string_view::npos)
    refuse(text.substr(0, text.find('\0')), "holds a NUL byte");
  if (text.starts_with(tcp_scheme)) {
    auto [host, digits] = split_host_and_port(text, text.substr(tcp_scheme.size()));
    check_host(text, host);
    return {Kind::tcp, std::move(host), parse_port(text, digits)};
  }
  if (text.starts_with(unix_scheme)) {
    const std::string path{text.substr(unix_scheme.size())};
    if (!path.starts_with('/')) {
      refuse(text, "the path must be absolute, as in unix:///run/x.sock (three slashes)");
    }
    constexpr std::size_t longest = sizeof(sockaddr_un{}.sun_path) - 1;
    if (path.size() > longest) {
      refuse(text, "the path has " + std::to_string(path.size()) + " bytes; a Unix socket takes " +
                       std::to_string(longest));
    }
    return {Kind::unix_socket, path, 0};
  }
  refuse(text, "an endpoint begins with tcp:// or unix://, as in tcp://127.0.0.1:7007");
}

Endpoint Endpoint::from(const sys::SocketAddress& address) {
  if (address.family() == AF_INET) {
    sockaddr_in name{};
    std::memcpy(&name, &address.storage, sizeof name);
    return {Kind::tcp, text_of(AF_INET, &name.sin_addr), ntohs(name.sin_port)};
  }
  if (address.family() == AF_INET6) {
    sockaddr_in6 name{};
    std::memcpy(&name, &address.storage, sizeof name);
    const bool mapped = IN6_IS_ADDR_V4MAPPED(&name.sin6_addr);
    // A link-local address means nothing without its interface; by number, which needs no lookup.
    const std::string zone =
        name.sin6_scope_id == 0 ? "" : "%" + std::to_string(name.sin6_scope_id);
    return {Kind::tcp,
            mapped ? text_of(AF_INET, &name.sin6_addr.s6_addr[12])
                   : text_of(AF_INET6, &name.sin6_addr) + zone,
            ntohs(name.sin6_port)};
  }
  sockaddr_un name{};
  std::memcpy(&name, &address.storage, std::min<std::size_t>(address.length, sizeof name));
  // The path may fill its array without an end mark (unix(7)).
  return {Kind::unix_socket,
          std::string(name.sun_path, ::strnlen(name.sun_path, sizeof name.sun_path)), 0};
}

Endpoint Endpoint::with_port(std::uint16_t port) const {
  return {kind_, host_, port};
}

std::string Endpoint::to_string() const {
  if (kind_ == Kind::unix_socket) return std::string(unix_scheme) + host_;
  const bool brackets = host_.find(':') != std::string::npos;
  return std::string(tcp_scheme) + (brackets ? "[" + host_ + "]" : host_) + ":" +
         std::to_string(port_);
}

std::vector<sys::SocketAddress> Endpoint::resolve_numeric() const {
  if (kind_ == Kind::unix_socket) return {unix_address(host_)};
  if (is_every_address()) return every_address(port_);
  return sys::resolve_numeric(host_, port_).addresses;
}

std::vector<sys::SocketAddress> Endpoint::resolve() const {
  auto addresses = resolve_numeric();
  if (!addresses.empty()) return addresses;
  auto resolution = sys::resolve(host_, port_);
  if (resolution.addresses.empty()) {
    throw std::system_error(resolution.error, "cannot resolve " + to_string());
  }
  return std::move(resolution.addresses);
}

}  // namespace switchboard
