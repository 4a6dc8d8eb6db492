#include "switchboard/sys/process.hpp"

#include <fcntl.h>
#ifdef __linux__
#include <linux/close_range.h>
#endif
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <limits>
#include <new>
#include <thread>
#include <utility>

#include "descriptor_flags.hpp"
#include "outcome.hpp"

namespace switchboard::sys {

namespace {

// Touched by signal handlers, so both must be lock-free.
std::atomic<std::uint64_t> caught_signals{0};
std::atomic<int> signal_pipe_writer{-1};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void note_signal(int signal_number) {
  const int saved_errno = errno;  // the interrupted code may be about to read it
  caught_signals.fetch_or(std::uint64_t{1} << signal_number);
  wake(signal_pipe_writer.load());
  errno = saved_errno;
}

}  // namespace

void close_descriptor(int fd) noexcept {
  ::close(fd);
}

Result<Pipe> open_pipe() noexcept {
  std::array<int, 2> ends{-1, -1};
#ifdef __linux__
  if (::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0) return Errno{errno};
  return Pipe{Descriptor{ends[0]}, Descriptor{ends[1]}};
#else
  if (::pipe(ends.data()) != 0) return Errno{errno};
  Pipe made{Descriptor{ends[0]}, Descriptor{ends[1]}};
  for (const int end : ends) {
    if (const auto error = set_nonblocking_cloexec(end)) return Errno{error.value()};
  }
  return made;
#endif
}

void wake(int pipe_writer) noexcept {
  const char byte = 1;
  ssize_t written = 0;
  do written = ::write(pipe_writer, &byte, 1);
  while (written < 0 && errno == EINTR);
}

void drain_pipe(int pipe_reader) noexcept {
  std::array<char, 64> bytes{};
  ssize_t taken = 0;
  do taken = ::read(pipe_reader, bytes.data(), bytes.size());
  while (taken == static_cast<ssize_t>(bytes.size()) || (taken < 0 && errno == EINTR));
}

std::error_code fill_with_chance(std::span<std::byte> bytes) noexcept {
  return outcome(::getentropy(bytes.data(), bytes.size()));
}

bool is_terminal(int fd) noexcept {
  return ::isatty(fd) == 1;
}

std::error_code occupy_standard_descriptors() noexcept {
  while (true) {
    Descriptor null{::open("/dev/null", O_RDWR)};
    if (!null) return make_error(errno);
    if (null.get() > standard_error) return {};
    null.release();  // the lowest free number was one of the three, which stay open to the end
  }
}

Result<std::size_t> read(int fd, std::span<char> into) noexcept {
  assert(!into.empty());
  ssize_t taken = 0;
  do taken = ::read(fd, into.data(), into.size());
  while (taken < 0 && errno == EINTR);
  if (taken < 0) return Errno{errno};
  return static_cast<std::size_t>(taken);
}

Result<std::size_t> write(int fd, std::span<const char> bytes) noexcept {
  ssize_t written = 0;
  do written = ::write(fd, bytes.data(), bytes.size());
  while (written < 0 && errno == EINTR);
  if (written < 0) return Errno{errno};
  return static_cast<std::size_t>(written);
}

std::error_code catch_signal(int signal_number, int pipe_writer) noexcept {
  assert(signal_number > 0 && signal_number <= highest_signal);
  signal_pipe_writer.store(pipe_writer);
  struct sigaction action {};
  action.sa_handler = note_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  return outcome(::sigaction(signal_number, &action, nullptr));
}

void release_signal(int signal_number) noexcept {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  sigemptyset(&action.sa_mask);
  ::sigaction(signal_number, &action, nullptr);  // fails only for a number we never caught
}

std::uint64_t take_signals() noexcept {
  return caught_signals.exchange(0);
}

std::error_code ignore_signal(int signal_number) noexcept {
  struct sigaction action {};
  action.sa_handler = SIG_IGN;
  sigemptyset(&action.sa_mask);
  return outcome(::sigaction(signal_number, &action, nullptr));
}

void keep_only_descriptor([[maybe_unused]] int kept) noexcept {
#ifdef CLOSE_RANGE_UNSHARE
  const auto fd = static_cast<unsigned>(kept);
  // The first call makes the copy; without it, the second would close what is everybody's.
  if (close_range(fd + 1, ~0U, CLOSE_RANGE_UNSHARE) == 0 && fd > 0) close_range(0, fd - 1, 0);
#endif
}

SignalsBlocked::SignalsBlocked() noexcept {
  sigset_t blocked;
  sigfillset(&blocked);
  sigdelset(&blocked, SIGTTIN);
  sigdelset(&blocked, SIGTTOU);
  // Fails only for an unknown first argument.
  ::pthread_sigmask(SIG_SETMASK, &blocked, &previous_);
}

SignalsBlocked::~SignalsBlocked() {
  ::pthread_sigmask(SIG_SETMASK, &previous_, nullptr);
}

std::error_code start_thread(std::function<void()> run) noexcept {
  const SignalsBlocked inherited;
  try {
    std::thread{std::move(run)}.detach();
    return {};
  } catch (const std::system_error& refusal) {
    return refusal.code();
  } catch (const std::bad_alloc&) {
    return make_error(ENOMEM);
  }
}

std::uint64_t descriptor_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  return limit.rlim_cur == RLIM_INFINITY ? std::numeric_limits<std::uint64_t>::max()
                                         : static_cast<std::uint64_t>(limit.rlim_cur);
}

std::uint64_t raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return descriptor_limit();
  limit.rlim_cur = limit.rlim_max;
#ifdef __APPLE__
  // macOS refuses more than OPEN_MAX although it reports an unlimited maximum (setrlimit(2)).
  constexpr rlim_t open_max = 10240;
  limit.rlim_cur = std::min(limit.rlim_cur, open_max);
#endif
  ::setrlimit(RLIMIT_NOFILE, &limit);  // refused: the old limit stands and is reported below
  return descriptor_limit();
}

bool has_memory(std::size_t bytes) noexcept {
  void* const memory =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return false;
  (void)::munmap(memory, bytes);
  return true;
}

Result<Descriptor> open_reserve() noexcept {
  Descriptor reserve{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  if (!reserve) return Errno{errno};
  return reserve;
}

Result<FileIdentity> identify_file(const std::string& path) noexcept {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return Errno{errno};
  return FileIdentity{static_cast<std::uint64_t>(status.st_dev),
                      static_cast<std::uint64_t>(status.st_ino), S_ISSOCK(status.st_mode)};
}

std::error_code remove_file(const std::string& path) noexcept {
  return outcome(::unlink(path.c_str()));
}

namespace {

std::error_code write_whole(int fd, std::span<const char> bytes) noexcept {
  while (!bytes.empty()) {
    const auto written = write(fd, bytes);
    if (!written) return written.error();
    bytes = bytes.subspan(*written);
  }
  return {};
}

std::error_code fill_in_place_of(const std::string& path, int fd, std::span<const char> bytes,
                                 mode_t mode) noexcept {
  struct stat old {};
  if (::stat(path.c_str(), &old) == 0) {
    if (::fchown(fd, old.st_uid, old.st_gid) != 0) return make_error(errno);
  } else if (errno != ENOENT) {
    return make_error(errno);
  }
  if (::fchmod(fd, mode) != 0) return make_error(errno);
  if (const auto error = write_whole(fd, bytes)) return error;
  return outcome(::fsync(fd));
}

// So that a name that was given in it outlasts a crash.
std::error_code synchronise_folder_of(const std::string& path) noexcept {
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  const Descriptor opened{
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!opened) return make_error(errno);
  const auto error = outcome(::fsync(opened.get()));
  // Some file systems have nothing to synchronise there (fsync(2), EINVAL).
  return error == std::errc::invalid_argument ? std::error_code{} : error;
}

}  // namespace

std::error_code replace_file(const std::string& path, std::span<const char> bytes,
                             mode_t mode) noexcept {
  std::string fresh = path + ".XXXXXX";
  std::error_code error;
  {
    const Descriptor file{::mkstemp(fresh.data())};  // for its owner alone
    if (!file) return make_error(errno);
    error = fill_in_place_of(path, file.get(), bytes, mode);
  }
  if (!error) error = outcome(::rename(fresh.c_str(), path.c_str()));
  if (!error) return synchronise_folder_of(path);
  (void)remove_file(fresh);  // what went wrong is told already
  return error;
}

Result<Descriptor> lock_directory(const std::string& path) noexcept {
  Descriptor directory{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!directory) return Errno{errno};
  // Not for ever, and flock(2) knows no timeout: anybody who may read the folder may lock it.
  constexpr int attempts = 100;
  constexpr timespec pause{0, 10'000'000};
  for (int i = 0; i < attempts; ++i) {
    if (::flock(directory.get(), LOCK_EX | LOCK_NB) == 0) return directory;
    if (errno != EWOULDBLOCK && errno != EINTR) return Errno{errno};
    ::nanosleep(&pause, nullptr);
  }
  return Errno{EWOULDBLOCK};
}

}  // namespace switchboard::sys
