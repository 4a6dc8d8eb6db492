// Where a stream socket listens or connects, as people write it.
//
//   tcp://127.0.0.1:7007    tcp://[::1]:7007    tcp://localhost:7007
//   tcp://*:7007            every address of both families
//   unix:///run/x.sock      a Unix socket, by its absolute path
//
// Port 0 lets the kernel pick one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "switchboard/sys/socket.hpp"

namespace switchboard {

class Endpoint {
 public:
  enum class Kind : std::uint8_t { tcp, unix_socket };

  // Throws std::invalid_argument, which shows the text, names the mistake and says the mend.
  static Endpoint parse(std::string_view text);
  // As the kernel gives it. An IPv4 address mapped into IPv6 is written as IPv4; a Unix socket
  // without a name has an empty path.
  static Endpoint from(const sys::SocketAddress& address);

  Kind kind() const noexcept { return kind_; }
  const std::string& host() const noexcept { return host_; }  // without brackets; "*" for every one
  std::uint16_t port() const noexcept { return port_; }
  const std::string& path() const noexcept { return host_; }
  bool is_every_address() const noexcept { return kind_ == Kind::tcp && host_ == "*"; }

  // The same with another port.
  Endpoint with_port(std::uint16_t port) const;

  // What parse() takes.
  std::string to_string() const;

  // The addresses it stands for, in the order in which they should be tried. Blocks while a name is
  // looked up; for `*` the IPv6 address that takes IPv4 too comes first, then the IPv4 one. Throws
  // std::system_error, with the endpoint in its text, where there are none.
  std::vector<sys::SocketAddress> resolve() const;
  // The same where nothing need be looked up, and never blocks; none for a name.
  std::vector<sys::SocketAddress> resolve_numeric() const;

  bool operator==(const Endpoint&) const = default;

 private:
  Endpoint(Kind kind, std::string host, std::uint16_t port)
      : kind_(kind), host_(std::move(host)), port_(port) {}

  Kind kind_;
  std::string host_;  // or the path
  std::uint16_t port_;
};

}  // namespace switchboard
