// Writes log lines to a descriptor without ever making the one who logs wait.
//
// Lines go into a queue of bounded size; a thread of the writer's own does the write(2), which
// blocks for as long as nobody reads. Where the queue has no room, lines are dropped and counted,
// and the next line that fits has one before it that says how many. Lines that the descriptor
// refuses (EPIPE, ENOSPC) are counted likewise. With nothing to write, the thread sleeps without a
// timeout. It has a table of descriptors of its own, so that it costs the loop's system calls
// nothing.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <thread>

#include "switchboard/sys/clock.hpp"

namespace switchboard::server {

class LogWriter {
 public:
  static constexpr std::size_t default_capacity_bytes = 1024 * 1024;
  // How long the destructor waits for a reader who has stalled.
  static constexpr sys::Nanoseconds patience_at_exit = std::chrono::seconds{1};

  // The descriptor stays its owner's, and must stay open as long as the process lives. Throws
  // std::system_error where no thread can be had.
  explicit LogWriter(int fd, std::size_t capacity_bytes = default_capacity_bytes);
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;
  ~LogWriter() { close(patience_at_exit); }

  // Takes a line with its end, or drops it; never blocks. After close() it drops all. Any thread.
  void write(std::string_view line);

  // Waits until everything is written, but no longer than `patience`; gives whether it was. After
  // false the thread is left behind in its write(2), where nothing can end it but the process.
  bool close(sys::Nanoseconds patience);

 private:
  struct State;
  static void run(const std::shared_ptr<State>& state);

  // Shared with the thread, which may outlive this object.
  std::shared_ptr<State> state_;
  std::thread thread_;
};

}  // namespace switchboard::server
