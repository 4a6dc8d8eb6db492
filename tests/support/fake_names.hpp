// Names that only a test knows, below sys: for programs linked with fake_names_dep, which wraps
// getaddrinfo(3). Numeric addresses, and all that is not told here, go to the system.
#pragma once

#include <string>
#include <vector>

#include "switchboard/sys/socket.hpp"

namespace switchboard::test {

// While one lives, these are the names of the world. One at a time.
class FakeNames {
 public:
  FakeNames();
  FakeNames(const FakeNames&) = delete;
  FakeNames& operator=(const FakeNames&) = delete;
  // Lets everybody through, and waits until nobody is looking anything up any more.
  ~FakeNames();

  // The name's addresses, each with a port of its own whatever was asked for. None: no such name.
  void add(const std::string& name, std::vector<sys::SocketAddress> addresses);

  // From here on every lookup of a name waits, until release().
  void hold();
  void release();
  // Waits until so many are waiting.
  void await_held(unsigned count);

  // Since the beginning: lookups of a name, the most of them at a time, and of those that took no
  // signals.
  unsigned lookups() const;
  unsigned most_at_a_time() const;
  unsigned without_signals() const;
};

}  // namespace switchboard::test
