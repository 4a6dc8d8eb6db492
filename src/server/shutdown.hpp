// How a server ends: SIGINT or SIGTERM once, and it finishes what it has begun; twice, and it is
// gone.
//
// SIGHUP keeps its default action, so that a server ends with the terminal it was started from,
// unless nohup(1) says otherwise; but for the chat with --config, which then reads it again.
#pragma once

#include <functional>

#include "switchboard/reactor/reactor.hpp"

#include "server/log.hpp"

namespace switchboard::server {

class Shutdown {
 public:
  // From now on the reactor's turns see the signals. The first calls `begin` with its name (which
  // is to make the reactor stop, sooner or later), the second ends the process with 128 + its
  // number, as shells expect, and without a destructor. Reactor, log and this must outlive the
  // reactor's last turn.
  Shutdown(Reactor& reactor, Log& log, std::function<void(std::string_view signal)> begin);
  Shutdown(const Shutdown&) = delete;
  Shutdown& operator=(const Shutdown&) = delete;

 private:
  void on_signal(int number);

  Log& log_;
  std::function<void(std::string_view)> begin_;
  bool begun_ = false;
};

}  // namespace switchboard::server
