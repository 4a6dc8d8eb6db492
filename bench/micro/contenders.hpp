// What is compared: Switchboard's parts, and the loops of other libraries, each behind the same two
// interfaces, so that every contender pays for the same virtual calls.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "switchboard/poller.hpp"

namespace switchboard::bench {

// Watches descriptors that others own. A failure throws.
class Loop {
 public:
  virtual ~Loop() = default;
  virtual void watch(int fd) = 0;  // for reading
  virtual void change(int fd, Interest interest) = 0;
  virtual void unwatch(int fd) = 0;
  // One turn, which does not wait. Gives how many descriptors it found ready.
  virtual std::size_t turn() = 0;
};

// One-shot timers, known by their numbers; they only count. A failure throws.
class Timers {
 public:
  virtual ~Timers() = default;
  virtual void add(std::size_t timer, Nanoseconds delay) = 0;  // one that is not pending
  virtual void cancel(std::size_t timer) = 0;                  // one that is
  // Runs those that are due. Gives how many ran.
  virtual std::size_t expire() = 0;
};

struct LoopContender {
  std::string name;
  std::function<std::unique_ptr<Loop>()> make;
};

struct TimersContender {
  std::string name;
  std::function<std::unique_ptr<Timers>(std::size_t capacity)> make;  // numbers are below capacity
};

// Every available backend by its name, "reactor", which is a Reactor over the default one, and
// "bare_..." for each library that was there when this was built.
std::vector<LoopContender> loop_contenders();
// "timer_queue", "reactor", and the libraries.
std::vector<TimersContender> timers_contenders();
// Those that were not there.
std::vector<std::string> missing_libraries();

std::unique_ptr<Loop> make_poller_loop(std::unique_ptr<Poller> poller);
std::unique_ptr<Loop> make_reactor_loop();
std::unique_ptr<Timers> make_timer_queue(std::size_t capacity);
std::unique_ptr<Timers> make_reactor_timers(std::size_t capacity);

// Null where the library was not there.
struct Library {
  const char* name;
  std::unique_ptr<Loop> (*make_loop)();
  std::unique_ptr<Timers> (*make_timers)(std::size_t capacity);
};
std::unique_ptr<Loop> make_libevent_loop();
std::unique_ptr<Timers> make_libevent_timers(std::size_t capacity);
std::unique_ptr<Loop> make_libev_loop();
std::unique_ptr<Timers> make_libev_timers(std::size_t capacity);
std::unique_ptr<Loop> make_libuv_loop();
std::unique_ptr<Timers> make_libuv_timers(std::size_t capacity);

// Throws std::runtime_error, which names `call`, unless it went well.
void require(bool went_well, const char* call);

}  // namespace switchboard::bench
