// The one promise that matters: whoever logs never waits for whoever reads the log.
#include "server/log_writer.hpp"

#include <unistd.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "switchboard/sys/process.hpp"

#include "support/sockets.hpp"
#include "support/testing.hpp"

namespace switchboard::server {
namespace {

using test::contains;
using test::must;

constexpr sys::Nanoseconds no_time = std::chrono::milliseconds{1};
constexpr sys::Nanoseconds long_time = std::chrono::seconds{30};

// Whether the end that is written to blocks, as a log's usually does, or not, as where a terminal
// is shared with a program that has made it so.
struct PipeKind {
  const char* name;
  bool is_blocking;
};

class LogPipe {
 protected:
  explicit LogPipe(const PipeKind& kind) {
    must(sys::ignore_signal(SIGPIPE), "SIGPIPE");
    if (!kind.is_blocking) {
      pipe_ = must(sys::open_pipe(), "pipe");
      return;
    }
    std::array<int, 2> ends{-1, -1};
    if (::pipe(ends.data()) != 0) must(sys::make_error(errno), "pipe");
    pipe_ = {sys::Descriptor{ends[0]}, sys::Descriptor{ends[1]}};
  }

  static std::vector<PipeKind> rows() { return {{"blocking", true}, {"non-blocking", false}}; }

  int writer() const noexcept { return pipe_.writer.get(); }

  // All that is in the pipe up to its end, once the writer is done with it.
  std::string read_to_end() {
    std::string text;
    std::array<char, 4096> block;
    while (true) {
      test::await(pipe_.reader.get(), POLLIN);
      const ssize_t count = ::read(pipe_.reader.get(), block.data(), block.size());
      if (count <= 0) return text;
      text.append(block.data(), static_cast<std::size_t>(count));
    }
  }

  sys::Pipe pipe_;
};

std::string numbered(std::uint64_t number) {
  return "line=" + std::to_string(number) + " " + std::string(80, '.') + "\n";
}

// Every line is the next one, or says how many are missing before the next one.
std::uint64_t count_lines_in_order(const std::string& text) {
  std::uint64_t next = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string::npos) {
      FAIL_CHECK("half a line: ", text.substr(begin));
      return next;
    }
    const std::string line = text.substr(begin, end - begin + 1);
    const std::size_t count = line.find(" count=");
    if (count != std::string::npos) {
      CHECK(contains(line, "level=warn msg=\"log lines dropped\""));
      next += std::stoull(line.substr(count + 7));
    } else {
      CHECK_EQ(line, numbered(next));
      ++next;
    }
    begin = end + 1;
  }
  return next;
}

CASES_FIXTURE(LogPipe, "log writer: lines are written in order") {
  LogWriter log{writer()};
  for (std::uint64_t i = 0; i < 100; ++i) log.write(numbered(i));
  CHECK(log.close(long_time));
  pipe_.writer.reset();
  const std::string text = read_to_end();
  CHECK_EQ(count_lines_in_order(text), 100U);
  CHECK(!contains(text, "dropped"));
}

CASES_FIXTURE(LogPipe, "log writer: a stalled reader is never waited for") {
  constexpr std::uint64_t lines = 20'000;
  LogWriter log{writer(), 16 * 1024};
  for (std::uint64_t i = 0; i < lines; ++i) log.write(numbered(i));  // would hang here if it waited
  std::string text;
  std::thread reader{[this, &text] { text = read_to_end(); }};
  CHECK(log.close(long_time));
  pipe_.writer.reset();
  reader.join();
  CHECK_EQ(count_lines_in_order(text), lines);
  CHECK(contains(text, "log lines dropped"));
}

CASES_FIXTURE(LogPipe, "log writer: dropped lines are told of before the next one that fits") {
  constexpr std::size_t capacity = 16 * 1024;
  LogWriter log{writer(), capacity};
  std::uint64_t lines = 0;
  while (lines < 20'000) log.write(numbered(lines++));  // more than pipe and queue hold together
  std::string text;
  std::thread reader{[this, &text] { text = read_to_end(); }};
  // Room comes as the reader reads: from some line on all of them fit.
  for (int i = 0; i < 1000; ++i) {
    log.write(numbered(lines++));
    std::this_thread::yield();
  }
  CHECK(log.close(long_time));
  pipe_.writer.reset();
  reader.join();
  CHECK_EQ(count_lines_in_order(text), lines);
}

CASES_FIXTURE(LogPipe, "log writer: closing gives up on a reader who stalls") {
  {
    LogWriter log{writer(), 1024 * 1024};
    for (std::uint64_t i = 0; i < 5'000; ++i) log.write(numbered(i));
    CHECK_FALSE(log.close(no_time));
    log.write("after the end\n");  // dropped
    CHECK_FALSE(log.close(no_time));
  }
  // The thread that was left behind goes on when somebody reads, and writes all it was given.
  std::string text;
  std::array<char, 4096> block;
  while (std::count(text.begin(), text.end(), '\n') < 5'000) {
    test::await(pipe_.reader.get(), POLLIN);
    const ssize_t count = ::read(pipe_.reader.get(), block.data(), block.size());
    REQUIRE_GT(count, 0);
    text.append(block.data(), static_cast<std::size_t>(count));
  }
  CHECK_EQ(count_lines_in_order(text), 5'000U);
  (void)pipe_.writer.release();  // as promised: open as long as the process lives
}

CASES_FIXTURE(LogPipe, "log writer: logging goes on where nobody reads any more") {
  pipe_.reader.reset();
  LogWriter log{writer()};
  for (std::uint64_t i = 0; i < 1'000; ++i) log.write(numbered(i));
  CHECK(log.close(long_time));
}

CASES_FIXTURE(LogPipe, "log writer: a line that could never fit is dropped") {
  LogWriter log{writer(), 1024};
  log.write(std::string(1025, 'x') + "\n");
  CHECK(log.close(long_time));
  pipe_.writer.reset();
  CHECK(contains(read_to_end(), "msg=\"log lines dropped\" count=1\n"));
}

CASES_FIXTURE(LogPipe, "log writer: many threads may write lines") {
  constexpr int threads = 4;
  constexpr int lines_each = 1'000;
  LogWriter log{writer()};
  std::string text;
  std::thread reader{[this, &text] { text = read_to_end(); }};
  std::vector<std::thread> loggers;
  for (int i = 0; i < threads; ++i) {
    loggers.emplace_back([&log] {
      for (int line = 0; line < lines_each; ++line) log.write("a line\n");
    });
  }
  for (std::thread& logger : loggers) logger.join();
  CHECK(log.close(long_time));
  pipe_.writer.reset();
  reader.join();
  CHECK_EQ(std::count(text.begin(), text.end(), '\n'), threads * lines_each);
}

#ifdef __linux__
// A table shared with the thread made every system call of the loop dearer; and a copy that kept
// the others' descriptors would keep their connections open.
CASES_FIXTURE(LogPipe, "log writer: its thread holds no descriptor but its own") {
  LogWriter log{writer()};
  log.write("begun\n");
  test::await(pipe_.reader.get(), POLLIN);  // by now the thread runs
  const std::string self = std::to_string(::getpid());
  std::size_t alone = 0;
  for (const auto& task : std::filesystem::directory_iterator{"/proc/self/task"}) {
    const std::filesystem::directory_iterator held{task.path() / "fd"};
    const auto count = std::distance(held, std::filesystem::directory_iterator{});
    if (task.path().filename() != self) alone += count == 1 ? 1 : 0;
  }
  CHECK_EQ(alone, 1U);
}
#endif

}  // namespace
}  // namespace switchboard::server
