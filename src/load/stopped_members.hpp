// Members of rooms who do not read: a process of their own that stops itself, as ^Z would stop it.
#pragma once

#include <sys/types.h>

#include "load/settings.hpp"

namespace switchboard::load {

class StoppedMembers {
 public:
  // settings.stopped of them, in the rooms of a fan-out, numbered behind its other members. They
  // are in and stopped when it returns. Starts a process, which is why there must be no Reactor
  // yet. Throws std::system_error, or std::runtime_error where they do not get in; the process says
  // why on standard error.
  explicit StoppedMembers(const Settings& settings);
  StoppedMembers(const StoppedMembers&) = delete;
  StoppedMembers& operator=(const StoppedMembers&) = delete;
  ~StoppedMembers();  // they are gone

 private:
  pid_t process_ = -1;
};

}  // namespace switchboard::load
