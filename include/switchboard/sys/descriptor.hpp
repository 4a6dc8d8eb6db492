// An owned file descriptor.
#pragma once

#include <utility>

namespace switchboard::sys {

// close(2). The descriptor is gone whatever the kernel answers: on Linux even after EINTR, so it is
// never tried again (the number may already be somebody else's). Errors are of no use to a socket's
// owner and are dropped for that reason.
void close_descriptor(int fd) noexcept;

// Owns one descriptor, or none (-1), and closes it when it dies. Move-only.
class Descriptor {
 public:
  Descriptor() noexcept = default;
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~Descriptor() { reset(); }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

  // Gives the descriptor up without closing it.
  int release() noexcept { return std::exchange(fd_, -1); }
  void reset(int fd = -1) noexcept {
    const int old = std::exchange(fd_, fd);
    if (old >= 0) close_descriptor(old);
  }

 private:
  int fd_ = -1;
};

}  // namespace switchboard::sys
