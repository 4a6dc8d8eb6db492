// switchboard/sys on the simulated kernel: linked in the place of src/sys.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <array>
#include <cstring>

#include "switchboard/sys/clock.hpp"
#include "switchboard/sys/descriptor.hpp"
#include "switchboard/sys/process.hpp"
#include "switchboard/sys/socket.hpp"

#include "simulation/kernel.hpp"
#include "support/counted_memory.hpp"

namespace switchboard::sys {

namespace {

using simulation::Kernel;

// The kernel, for one call: what it needs for itself is not the caller's allocation.
struct InKernel : test::Unfailing {
  Kernel* operator->() const { return &Kernel::current(); }
};

InKernel in_kernel() {
  return {};
}

std::error_code outcome(int returned) noexcept {
  return returned == 0 ? std::error_code{} : make_error(-returned);
}

Result<std::size_t> transferred(long returned) noexcept {
  if (returned < 0) return Errno{static_cast<int>(-returned)};
  return static_cast<std::size_t>(returned);
}

// "127.0.0.1:7" or "/run/x": what the kernel knows an address by.
std::string name_of(const SocketAddress& address) {
  if (address.family() == AF_UNIX) {
    sockaddr_un name{};
    std::memcpy(&name, &address.storage, sizeof name);
    return name.sun_path;
  }
  sockaddr_in name{};
  std::memcpy(&name, &address.storage, sizeof name);
  return "127.0.0.1:" + std::to_string(ntohs(name.sin_port));
}

SocketAddress address_of(const std::string& name) {
  SocketAddress address;
  const std::size_t colon = name.rfind(':');
  if (colon == std::string::npos) {
    sockaddr_un path{};
    path.sun_family = AF_UNIX;
    name.copy(path.sun_path, sizeof path.sun_path - 1);
    std::memcpy(&address.storage, &path, sizeof path);
    address.length = sizeof path;
    return address;
  }
  sockaddr_in numeric{};
  numeric.sin_family = AF_INET;
  numeric.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  numeric.sin_port = htons(static_cast<std::uint16_t>(std::stoi(name.substr(colon + 1))));
  std::memcpy(&address.storage, &numeric, sizeof numeric);
  address.length = sizeof numeric;
  return address;
}

}  // namespace

// --- clock.hpp

Instant monotonic_now() noexcept {
  return in_kernel()->now();
}

std::chrono::system_clock::time_point wall_now() noexcept {
  return in_kernel()->wall_now();
}

// In the simulation it is always Greenwich, and the hours go on and on: the 30th is on the second
// day.
TimeOfDay local_time_of_day(std::chrono::system_clock::time_point moment) noexcept {
  const std::chrono::hh_mm_ss time{moment.time_since_epoch()};
  return {.hour = static_cast<int>(time.hours().count()),
          .minute = static_cast<int>(time.minutes().count())};
}

// --- descriptor.hpp

void close_descriptor(int fd) noexcept {
  in_kernel()->close(fd);
}

// --- process.hpp

Result<Pipe> open_pipe() noexcept {
  std::array<int, 2> ends{};
  if (const int error = in_kernel()->open_pipe(ends)) return Errno{-error};
  return Pipe{Descriptor{ends[0]}, Descriptor{ends[1]}};
}

void wake(int pipe_writer) noexcept {
  in_kernel()->write_pipe(pipe_writer);
}

void drain_pipe(int pipe_reader) noexcept {
  in_kernel()->drain_pipe(pipe_reader);
}

std::error_code catch_signal(int, int) noexcept {
  return {};
}
void release_signal(int) noexcept {}
std::uint64_t take_signals() noexcept {
  return 0;
}

// At once, and on the only thread there is.
std::error_code start_thread(std::function<void()> run) noexcept {
  run();
  return {};
}

std::uint64_t descriptor_limit() noexcept {
  return in_kernel()->descriptor_limit();
}

Result<Descriptor> open_reserve() noexcept {
  const int fd = in_kernel()->open_file();
  if (fd < 0) return Errno{-fd};
  return Descriptor{fd};
}

Result<FileIdentity> identify_file(const std::string& path) noexcept {
  const std::uint64_t number = in_kernel()->file(path);
  if (number == 0) return Errno{ENOENT};
  return FileIdentity{1, number, true};
}

std::error_code remove_file(const std::string& path) noexcept {
  return in_kernel()->remove_file(path) ? std::error_code{} : make_error(ENOENT);
}

Result<Descriptor> lock_directory(const std::string&) noexcept {
  return open_reserve();
}

// --- socket.hpp

bool SocketAddress::operator==(const SocketAddress& other) const noexcept {
  return length == other.length && std::memcmp(&storage, &other.storage, length) == 0;
}

Result<Descriptor> open_stream_socket(int) noexcept {
  const int fd = in_kernel()->open_socket();
  if (fd < 0) return Errno{-fd};
  return Descriptor{fd};
}

std::error_code bind(int fd, const SocketAddress& address) noexcept {
  std::string bound;
  const int error = in_kernel()->bind(fd, name_of(address), bound);
  if (error == 0 && address.family() == AF_UNIX && !in_kernel()->make_file(bound)) {
    return make_error(EADDRINUSE);
  }
  return outcome(error);
}

std::error_code listen(int fd) noexcept {
  return outcome(in_kernel()->listen(fd));
}

Result<Accepted> accept(int fd) noexcept {
  const int accepted = in_kernel()->accept(fd);
  if (accepted < 0) return Errno{-accepted};
  return Accepted{Descriptor{accepted}, address_of("127.0.0.1:1")};
}

// Nobody in there listens to us: the clients are the ones who connect.
std::error_code connect(int, const SocketAddress&) noexcept {
  return make_error(ECONNREFUSED);
}

std::error_code pending_error(int fd) noexcept {
  const int error = in_kernel()->pending_error(fd);
  return error == 0 ? std::error_code{} : make_error(error);
}

Result<std::size_t> receive(int fd, std::span<std::byte> into) noexcept {
  return transferred(in_kernel()->receive(fd, into));
}

Result<std::size_t> send(int fd, std::span<const std::byte> bytes) noexcept {
  const iovec piece{const_cast<std::byte*>(bytes.data()), bytes.size()};
  return transferred(in_kernel()->send(fd, {&piece, 1}));
}

Result<std::size_t> send_gathered(int fd, std::span<const iovec> pieces) noexcept {
  return transferred(in_kernel()->send(fd, pieces));
}

std::error_code shut_down_sending(int fd) noexcept {
  return outcome(in_kernel()->shut_down_sending(fd));
}

Result<SocketAddress> local_address(int fd) noexcept {
  return address_of(in_kernel()->local_address(fd));
}

Result<SocketAddress> peer_address(int) noexcept {
  return address_of("127.0.0.1:1");
}

std::error_code set_reuse_address(int fd) noexcept {
  return outcome(in_kernel()->option(fd));
}
std::error_code set_ipv6_only(int fd, bool) noexcept {
  return outcome(in_kernel()->option(fd));
}
std::error_code set_no_delay(int fd) noexcept {
  return outcome(in_kernel()->option(fd));
}
std::error_code set_bind_address_no_port(int fd) noexcept {
  return outcome(in_kernel()->option(fd));
}
std::error_code set_congestion_control(int fd, const char*) noexcept {
  return outcome(in_kernel()->option(fd));
}
std::error_code set_keepalive(int fd, const KeepAlive&) noexcept {
  return outcome(in_kernel()->option(fd));
}

Resolution resolve(const std::string&, std::uint16_t port) {
  return {{address_of("127.0.0.1:" + std::to_string(port))}};
}

Resolution resolve_numeric(const std::string& host, std::uint16_t port) {
  return resolve(host, port);
}

}  // namespace switchboard::sys
