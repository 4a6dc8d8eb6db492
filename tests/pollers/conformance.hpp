// The common ground of the suites that hold the backends to the promises of poller.hpp.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "switchboard/sys/waiting.hpp"

#include "support/backends.hpp"
#include "support/sockets.hpp"
#include "support/testing.hpp"

namespace switchboard::test {

using namespace std::chrono_literals;

inline constexpr Interest readable{.readable = true};
inline constexpr Interest writable{.writable = true};
inline constexpr Interest both{.readable = true, .writable = true};
inline constexpr Timeout at_once = Nanoseconds::zero();
inline constexpr Timeout long_enough = 10s;  // for what is bound to come

inline Token token_of(std::size_t slot, std::uint32_t generation = 1) {
  return {static_cast<std::uint32_t>(slot), generation};
}

// "3.1:rw" is slot 3, generation 1, readable and writable. The hint of a hang-up is left out.
inline std::string text_of(const Event& event) {
  return std::to_string(event.token.slot) + "." + std::to_string(event.token.generation) + ":" +
         (event.readiness.readable ? "r" : "") + (event.readiness.writable ? "w" : "") +
         (event.readiness.priority ? "p" : "");
}

inline std::vector<std::string> texts_of(std::span<const Event> events) {
  std::vector<std::string> texts;
  for (const Event& event : events) texts.push_back(text_of(event));
  std::sort(texts.begin(), texts.end());
  return texts;
}

inline bool is_open(int fd) {
  return !sys::check_open(fd);
}

// A number that no descriptor has.
inline int closed_descriptor() {
  const auto pair = unix_pair();
  return pair.ours.get();
}

class Pollers {
 protected:
  static auto rows() { return backend_names(); }
  explicit Pollers(const std::string& backend) : poller_(find_backend(backend).make()) {}

  void add(int fd, Token token, Interest interest) {
    must(poller_->add(fd, token, interest), "add");
  }

  std::vector<std::string> wait(Timeout timeout) { return texts_of(poller_->wait(timeout)); }

  std::unique_ptr<Poller> poller_;
};

}  // namespace switchboard::test
