// What a process asks of the kernel for itself: pipes, signals, limits, files.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <system_error>

#include "switchboard/sys/descriptor.hpp"
#include "switchboard/sys/result.hpp"

namespace switchboard::sys {

// pipe(2), both ends non-blocking and close-on-exec.
struct Pipe {
  Descriptor reader;
  Descriptor writer;
};
Result<Pipe> open_pipe() noexcept;

// Writes one byte and so makes the reader readable. A full pipe is readable already, so EAGAIN is
// success. Safe in a signal handler and on any thread.
void wake(int pipe_writer) noexcept;
// Reads until the pipe is empty.
void drain_pipe(int pipe_reader) noexcept;

inline constexpr int standard_input = 0;
// Bytes that nobody can guess, at most 256: getentropy(3).
std::error_code fill_with_chance(std::span<std::byte> bytes) noexcept;

inline constexpr int standard_output = 1;
inline constexpr int standard_error = 2;
bool is_terminal(int fd) noexcept;  // isatty(3)
// Opens /dev/null wherever standard input, output or error is closed. Otherwise the next socket
// would get the number, and its peer what is written there for people.
std::error_code occupy_standard_descriptors() noexcept;

// read(2) on any descriptor; may block where the descriptor does. 0 bytes is the end. Tries again
// after EINTR. `into` must not be empty.
Result<std::size_t> read(int fd, std::span<char> into) noexcept;
// write(2) on any descriptor; may block where the descriptor does. Tries again after EINTR.
Result<std::size_t> write(int fd, std::span<const char> bytes) noexcept;

// The signals that were caught since the last take_signals(), one bit a signal (bit N, signal N).
// Handlers are the process's own, so there is one set of them: each caught signal sets its bit and
// wakes `pipe_writer`, which must stay open until the signal is released.
std::error_code catch_signal(int signal_number, int pipe_writer) noexcept;
void release_signal(int signal_number) noexcept;  // back to the default action
std::uint64_t take_signals() noexcept;
inline constexpr int highest_signal = 63;

// SIG_IGN. With SIGPIPE ignored, write(2) says EPIPE instead of ending the process.
std::error_code ignore_signal(int signal_number) noexcept;

// While it lives, its thread takes no signals. A thread that is started meanwhile never takes any:
// it inherits the mask (pthread_sigmask(3)), and keeps it. But for SIGTTIN and SIGTTOU, by which a
// terminal stops all of a program in the background: to a thread that blocks the first a read says
// EIO instead.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept;
  ~SignalsBlocked();
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t previous_;
};

// Runs it on a thread of its own, which takes no signals and which nobody waits for: it may outlast
// whoever started it, and ends with the process. EAGAIN where there may be no more threads; then
// nothing runs. What `run` throws ends the process.
std::error_code start_thread(std::function<void()> run) noexcept;

// Gives the calling thread a table of descriptors of its own, with `kept` alone in it. As long as
// two threads share a table, the kernel counts a reference up and down, atomically, in every system
// call on a descriptor (fs/file.c, __fget_light()); a thread that needs one descriptor had better
// not cost the others that. What is opened later by either is not the other's. close_range(2); does
// nothing where that is missing.
void keep_only_descriptor(int kept) noexcept;

// RLIMIT_NOFILE. raise_descriptor_limit() lifts the soft limit to the hard one and gives the
// result.
std::uint64_t descriptor_limit() noexcept;
std::uint64_t raise_descriptor_limit() noexcept;

// Whether so much could be had at once just now: asked for with mmap(2), and given back.
bool has_memory(std::size_t bytes) noexcept;

// A descriptor held in reserve, to be given up when the table is full (/dev/null).
Result<Descriptor> open_reserve() noexcept;

// A socket file's identity, so that a file of the same name made by another is told apart.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  bool is_socket = false;
  bool operator==(const FileIdentity&) const = default;
};
Result<FileIdentity> identify_file(const std::string& path) noexcept;
std::error_code remove_file(const std::string& path) noexcept;

// Puts a file of these bytes in the place of `path`, which is no symbolic link: written under
// another name in the same folder, synchronised with the disk, renamed, and the folder
// synchronised. Whoever reads it, also after a crash, finds the old one or the new one, whole. With
// `mode`, and with the owner and group of the old one: EPERM where this process may not give it to
// them. After an error all is as it was. mkstemp(3), fsync(2), rename(2).
std::error_code replace_file(const std::string& path, std::span<const char> bytes,
                             mode_t mode) noexcept;

// An advisory lock on a folder (flock(2)), held while the descriptor lives. Waits for a second for
// other holders, then says EWOULDBLOCK. Takes the right to read the folder.
Result<Descriptor> lock_directory(const std::string& path) noexcept;

}  // namespace switchboard::sys
