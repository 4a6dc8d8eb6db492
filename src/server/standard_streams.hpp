// Standard input and output beside a loop.
//
// They may be files, which epoll refuses (EPERM); terminals, shared with the shell, which must not
// find them non-blocking afterwards; or pipes whose other end is slow. Only one thing works for all
// of them: to block, each on a thread of its own, which posts to the reactor what has happened. The
// threads may outlast everything here, blocked, until the process ends: each shares a piece of
// memory with its owner, and touches nothing else.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "switchboard/reactor/reactor.hpp"

namespace switchboard::server {

// Reads a descriptor to its end, a piece at a time: the next one is read when it is asked for.
class InputStream {
 public:
  static constexpr std::size_t max_piece_bytes = 64 * 1024;

  struct Callbacks {
    std::function<void(std::string_view piece)> on_input;  // never empty
    std::function<void(std::error_code)> on_end;           // once, and last
  };
  // The reactor must outlive it, the descriptor the process. Nothing is read before ask(). Throws
  // std::system_error where no thread can be had.
  InputStream(Reactor& reactor, int fd, Callbacks callbacks);
  InputStream(const InputStream&) = delete;
  InputStream& operator=(const InputStream&) = delete;
  // Nobody is called back any more. Not inside its callbacks.
  ~InputStream();

  // For one more piece, or the end. Asked again before that has come, it changes nothing.
  void ask();

 private:
  struct Shared;
  static void run(const std::shared_ptr<Shared>& shared);

  std::shared_ptr<Shared> shared_;
};

// Writes to a descriptor, in order.
class OutputStream {
 public:
  struct Callbacks {
    std::function<void()> on_written;               // some of it; see queued_bytes()
    std::function<void(std::error_code)> on_error;  // once; nothing is written any more
  };
  // As for InputStream.
  OutputStream(Reactor& reactor, int fd, Callbacks callbacks);
  OutputStream(const OutputStream&) = delete;
  OutputStream& operator=(const OutputStream&) = delete;
  // What is still queued may be lost.
  ~OutputStream();

  void write(std::string_view text);
  // What is not written yet, to be kept small by whoever writes.
  std::size_t queued_bytes() const noexcept { return queued_bytes_; }

 private:
  struct Shared;
  static void run(const std::shared_ptr<Shared>& shared);

  std::shared_ptr<Shared> shared_;
  std::size_t queued_bytes_ = 0;
};

}  // namespace switchboard::server
