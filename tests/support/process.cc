#include "support/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#include <sys/prctl.h>
#endif

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include "switchboard/sys/result.hpp"

namespace switchboard::test {

namespace {

[[noreturn]] void fail(const char* call) {
  throw std::system_error(sys::make_error(errno), call);
}

struct PipeEnds {
  sys::Descriptor reader;
  sys::Descriptor writer;
};

PipeEnds make_pipe(bool small) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe(ends.data()) != 0) fail("pipe");
  for (const int end : ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
#ifdef F_SETPIPE_SZ
  if (small && ::fcntl(ends[1], F_SETPIPE_SZ, 4096) < 0) fail("F_SETPIPE_SZ");
#else
  (void)small;
#endif
  return {sys::Descriptor{ends[0]}, sys::Descriptor{ends[1]}};
}

// In the child, between fork and exec: only calls that are safe there.
void place(int writer, int target, Stream stream) noexcept {
  if (stream == Stream::closed) {
    ::close(target);
  } else if (::dup2(writer, target) < 0) {
    ::_exit(126);
  }
}

}  // namespace

Process::Process(const std::vector<std::string>& program, const ProcessOptions& options) {
  std::vector<std::string> arguments = options.wrapper;
  arguments.insert(arguments.end(), program.begin(), program.end());
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  PipeEnds output = make_pipe(options.small_pipes);
  PipeEnds error = make_pipe(options.small_pipes);
  pid_ = ::fork();
  if (pid_ < 0) fail("fork");
  if (pid_ == 0) {
#ifdef __linux__
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that crashes leaves nothing behind either
    const int network = options.network_namespace;
    if (network >= 0 && ::setns(network, CLONE_NEWNET) != 0) ::_exit(126);
#endif
    if (options.is_job && ::setpgid(0, 0) != 0) ::_exit(126);
    // Whoever started the tests may have ignored it, as nohup(1) does, and an ignored signal stays
    // so.
    ::signal(SIGHUP, SIG_DFL);
    if (options.input_fd >= 0 && ::dup2(options.input_fd, STDIN_FILENO) < 0) ::_exit(126);
    place(output.writer.get(), STDOUT_FILENO, options.output);
    place(error.writer.get(), STDERR_FILENO, options.error);
    if (options.descriptor_limit) {
      const rlimit limit{*options.descriptor_limit, *options.descriptor_limit};
      if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) ::_exit(126);
    }
    ::execvp(argv.front(), argv.data());
    ::_exit(127);
  }
  if (options.output == Stream::piped) output_.adopt(std::move(output.reader));
  if (options.error == Stream::piped) error_.adopt(std::move(error.reader));
}

Process::~Process() {
  if (status_) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void Process::signal(int number) const {
  if (::kill(pid_, number) != 0) fail("kill");
}

std::string Process::await_error_line(std::string_view text) {
  const std::string awaited = "a line of standard error with '" + std::string{text} + "'";
  std::string last = "none";
  while (auto line = error_.read_line(awaited + " after the line '" + last + "'")) {
    if (line->find(text) != std::string::npos) return *line;
    last = std::move(*line);
  }
  throw std::runtime_error("standard error ended without " + awaited + "; its last was '" + last +
                           "'");
}

int Process::wait() {
  if (status_) return *status_;
  const auto deadline = std::chrono::steady_clock::now() + process_deadline;
  int status = 0;
  while (true) {
    const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
    if (ended == pid_) break;
    if (ended < 0 && errno != EINTR) fail("waitpid");
    if (std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("waited in vain for the end of process " + std::to_string(pid_));
    }
    // waitpid(2) knows no deadline, and a pidfd is Linux's alone.
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
  status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return *status_;
}

bool Process::Reader::read_more(const std::string& awaited) {
  if (!pipe_) return false;
  pollfd entry{.fd = pipe_.get(), .events = POLLIN, .revents = 0};
  const auto milliseconds = std::chrono::milliseconds{process_deadline}.count();
  const int ready = ::poll(&entry, 1, static_cast<int>(milliseconds));
  if (ready < 0) fail("poll");
  if (ready == 0) {
    throw std::runtime_error("waited in vain for " + awaited + "; what came: '" + buffer_ + "'");
  }
  std::array<char, 65536> block;
  const ssize_t count = ::read(pipe_.get(), block.data(), block.size());
  if (count < 0) fail("read");
  buffer_.append(block.data(), static_cast<std::size_t>(count));
  return count > 0;
}

std::optional<std::string> Process::Reader::read_line(const std::string& awaited) {
  auto end = buffer_.find('\n');
  while (end == std::string::npos) {
    if (!read_more(awaited)) return std::nullopt;
    end = buffer_.find('\n');
  }
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  return line;
}

std::string Process::Reader::read_all() {
  while (read_more("the end of the stream")) {
  }
  return std::exchange(buffer_, {});
}

}  // namespace switchboard::test
