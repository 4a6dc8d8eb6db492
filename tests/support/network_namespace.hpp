// Networks of a test's own: namespaces without a name, which are gone, with all that is in them, as
// soon as nobody holds them any more, whatever becomes of the test (network_namespaces(7)); and
// cables between them (veth(4)). They need CAP_NET_ADMIN.
#pragma once

#include <functional>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "switchboard/sys/descriptor.hpp"

namespace switchboard::test {

class NetworkNamespace {
 public:
  // With its loopback up. Throws std::runtime_error, which tells what is forbidden or missing.
  NetworkNamespace();

  // For ProcessOptions. Good for as long as this object.
  int fd() const noexcept { return file_.get(); }
  // What a program of this process's calls it.
  std::string path() const;

  // Runs `what` on a thread that lives in it. A socket stays in the namespace that it was made in.
  template <typename What>
  auto inside(What what) const {
    std::packaged_task<decltype(what())()> task{std::move(what)};
    auto outcome = task.get_future();
    std::thread{[&] {
      enter();
      task();
    }}.join();
    return outcome.get();
  }

  // Runs a program of iproute2 in it, ip(8) or tc(8). Throws std::runtime_error with what it said
  // where it fails.
  void run(const std::vector<std::string>& program) const;

 private:
  void enter() const;

  sys::Descriptor file_;
};

// Two hosts, each with a cable to the switch between them: where one's is pulled, the other's link
// stays up, as that of two machines does.
class TwoHosts {
 public:
  static constexpr const char* left_address = "192.0.2.1";  // RFC 5737: nobody's
  static constexpr const char* right_address = "192.0.2.2";
  static constexpr const char* device = "cable";  // what either calls its end

  // Throws as NetworkNamespace does.
  TwoHosts();

  // Out of the right host: neither hears from the other any more.
  void pull() const { right.run({"ip", "link", "set", device, "down"}); }
  void plug_in() const { right.run({"ip", "link", "set", device, "up"}); }

  const NetworkNamespace left;
  const NetworkNamespace right;

 private:
  void connect(const NetworkNamespace& host, const char* address, const std::string& port) const;

  const NetworkNamespace switch_;
};

// Why there can be no such networks here; none where there can.
const std::optional<std::string>& why_no_networks();

}  // namespace switchboard::test
