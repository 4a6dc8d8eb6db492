#include "support/network_namespace.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <stdexcept>
#include <system_error>

#include "switchboard/sys/result.hpp"

#include "support/process.hpp"

namespace switchboard::test {

NetworkNamespace::NetworkNamespace() {
  int error = 0;
  std::thread{
      [&] {  // a namespace of this thread's alone; the file keeps it once the thread has gone
        if (::unshare(CLONE_NEWNET) == 0) {
          file_.reset(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
        }
        error = errno;
      }}
      .join();
  if (!file_) {
    throw std::runtime_error("no network namespace: " + sys::make_error(error).message());
  }
  run({"ip", "link", "set", "lo", "up"});
}

std::string NetworkNamespace::path() const {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd());
}

void NetworkNamespace::enter() const {
  if (::setns(fd(), CLONE_NEWNET) != 0) std::terminate();  // it was just made
}

void NetworkNamespace::run(const std::vector<std::string>& program) const {
  Process process{program, {.network_namespace = fd()}};
  const std::string said = process.read_all_errors();
  const int status = process.wait();
  if (status == 0) return;
  std::string words;
  for (const std::string& word : program) words += word + " ";
  throw std::runtime_error(words + "ends with " + std::to_string(status) + ": " + said);
}

TwoHosts::TwoHosts() {
  switch_.run({"ip", "link", "add", "bridge", "type", "bridge"});
  switch_.run({"ip", "link", "set", "bridge", "up"});
  connect(left, left_address, "left");
  connect(right, right_address, "right");
}

void TwoHosts::connect(const NetworkNamespace& host, const char* address,
                       const std::string& port) const {
  host.run(
      {"ip", "link", "add", device, "type", "veth", "peer", "name", port, "netns", switch_.path()});
  switch_.run({"ip", "link", "set", port, "master", "bridge", "up"});
  host.run({"ip", "address", "add", std::string{address} + "/24", "dev", device});
  host.run({"ip", "link", "set", device, "up"});
}

const std::optional<std::string>& why_no_networks() {
  static const std::optional<std::string> why = []() -> std::optional<std::string> {
    try {
      const TwoHosts hosts;
      return std::nullopt;
    } catch (const std::runtime_error& failure) {
      return failure.what();
    }
  }();
  return why;
}

}  // namespace switchboard::test
