#include "sockets.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>

#include "contenders.hpp"

namespace switchboard::bench {

namespace {

// As small as the kernel allows, so that full() has little to fill.
constexpr int send_buffer_bytes = 1;

}  // namespace

std::span<const int> Sockets::quiet(std::size_t count) {
  calm();
  while (sockets_.size() < count) make_pair();
  return std::span{sockets_}.first(count);
}

std::span<const int> Sockets::partly_readable(std::size_t count, std::size_t ready) {
  const auto watched = quiet(count);
  for (std::size_t i = 0; i < ready; ++i) send_to((2 * i + 1) * count / (2 * ready));
  return watched;
}

std::vector<int> Sockets::full(std::size_t pairs) {
  quiet(2 * pairs);
  std::vector<int> first_ends;
  for (std::size_t i = 0; i < pairs; ++i) {
    const std::array<char, 1024> bytes{};
    first_ends.push_back(sockets_[2 * i]);
    while (::send(first_ends.back(), bytes.data(), bytes.size(), 0) > 0) continue;
    readable_.push_back(2 * i + 1);
  }
  return first_ends;
}

void Sockets::make_pair() {
  std::array<int, 2> ends{};
  require(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0, "socketpair");
  for (const int fd : ends) {
    owners_.emplace_back(fd);
    sockets_.push_back(fd);
    require(::fcntl(fd, F_SETFL, O_NONBLOCK) == 0, "fcntl");
    require(
        ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer_bytes, sizeof send_buffer_bytes) == 0,
        "setsockopt");
  }
}

void Sockets::calm() {
  std::array<char, 4096> bytes;
  for (const std::size_t index : readable_) {
    while (::recv(sockets_[index], bytes.data(), bytes.size(), 0) > 0) continue;
  }
  readable_.clear();
}

void Sockets::send_to(std::size_t index) {
  require(::send(sockets_[index ^ 1U], "", 1, 0) == 1, "send");
  readable_.push_back(index);
}

}  // namespace switchboard::bench
