// A Poller over the simulated kernel: reports in any order, sometimes too much, sometimes too
// little, and lets virtual time pass where nothing is ready.
#pragma once

#include <stdexcept>
#include <vector>

#include "switchboard/poller.hpp"

#include "simulation/kernel.hpp"

namespace switchboard::simulation {

// Nothing is ready, nothing will ever happen, and the code under test would wait for ever.
struct Stuck : std::runtime_error {
  Stuck() : std::runtime_error("waits for ever, and nothing is left to happen") {}
};

class SimulatedPoller final : public Poller {
 public:
  // The kernel must outlive it.
  explicit SimulatedPoller(Kernel& kernel) : kernel_(kernel) {}

  std::error_code add(int fd, Token token, Interest interest) override;
  std::error_code modify(int fd, Token token, Interest interest) override;
  void remove(int fd) noexcept override;
  // Throws Stuck.
  std::span<const Event> wait(Timeout timeout) override;

 private:
  struct Watched {
    bool is_watched = false;
    Token token;
    Interest interest;
  };

  void collect();
  bool let_time_pass(Instant deadline);

  Kernel& kernel_;
  Watched* find(int fd) noexcept;

  std::vector<Watched> watched_;  // by descriptor
  std::vector<Event> events_;
  bool held_back_ = false;  // something ready was left for later
  int hopeless_waits_ = 0;  // in a row
};

}  // namespace switchboard::simulation
