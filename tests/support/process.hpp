// A program run by a test: started with pipes for its output, told signals by its pid, waited for,
// and killed with the test if it is still there.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "switchboard/sys/descriptor.hpp"

namespace switchboard::test {

// What becomes of one of the program's output streams.
enum class Stream : std::uint8_t {
  piped,   // to be read, or left unread
  closed,  // as after >&- in a shell
  broken,  // a pipe that has no reader
};

struct ProcessOptions {
  Stream output = Stream::piped;
  Stream error = Stream::piped;
  // What becomes its standard input; it must be open until the program was started. -1: the test's.
  int input_fd = -1;
  // RLIMIT_NOFILE of the program, soft and hard.
  std::optional<std::uint64_t> descriptor_limit = std::nullopt;
  // Makes the pipes as small as the system lets them be.
  bool small_pipes = false;
  // A program with its arguments that is to run this one: strace(1), say.
  std::vector<std::string> wrapper = {};
  // Makes it a job of its own, as a shell does: SIGTSTP stops no process of an orphaned group,
  // which a test's may be (setpgid(2), POSIX section 11.1.4 of the base definitions).
  bool is_job = false;
  // An open file of the network namespace it is to live in (setns(2)); -1: the test's own.
  int network_namespace = -1;
};

// Every call that waits gives up after this with an exception: generous, since it is only ever
// reached by a failure.
inline constexpr std::chrono::seconds process_deadline{30};

class Process {
 public:
  // The first argument is the program's path, or its name, to be found by PATH. Throws
  // std::system_error.
  explicit Process(const std::vector<std::string>& program, const ProcessOptions& options = {});
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  pid_t pid() const noexcept { return pid_; }
  void signal(int number) const;

  // The next line without its end; none at the end of the stream.
  std::optional<std::string> read_line() { return output_.read_line(); }
  std::optional<std::string> read_error_line() { return error_.read_line(); }
  // Everything up to the end of the stream.
  std::string read_all() { return output_.read_all(); }
  std::string read_all_errors() { return error_.read_all(); }
  // Skips lines of standard error up to one that contains `text`; gives that one.
  std::string await_error_line(std::string_view text);

  // Waits for the end. The exit status, or 128 + the signal that ended it.
  int wait();

 private:
  class Reader {
   public:
    void adopt(sys::Descriptor pipe) noexcept { pipe_ = std::move(pipe); }
    // `awaited` is what an exception says was waited for.
    std::optional<std::string> read_line(const std::string& awaited = "a line");
    std::string read_all();

   private:
    bool read_more(const std::string& awaited);  // false at the end of the stream

    sys::Descriptor pipe_;
    std::string buffer_;
  };

  pid_t pid_ = -1;
  std::optional<int> status_;
  Reader output_;
  Reader error_;
};

}  // namespace switchboard::test
