// What a system call gives back: a value, or the errno that explains its absence.
//
// A Result is cheap enough for the hot path (no allocation, no exception, the error kept as a plain
// int) and is turned into a std::error_code only where somebody reports it.
#pragma once

#include <cassert>
#include <cerrno>
#include <system_error>
#include <utility>

namespace switchboard::sys {

// An errno value (errno(3)); never 0.
struct Errno {
  int value;
};

inline std::error_code make_error(int errno_value) noexcept {
  return {errno_value, std::system_category()};
}

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Errno error) : errno_(error.value) {    // NOLINT(google-explicit-constructor)
    assert(error.value != 0);
  }

  bool ok() const noexcept { return errno_ == 0; }
  explicit operator bool() const noexcept { return ok(); }

  // Good only while ok(); owned by this Result.
  T& operator*() noexcept {
    assert(ok());
    return value_;
  }
  const T& operator*() const noexcept {
    assert(ok());
    return value_;
  }
  T* operator->() noexcept { return &**this; }
  const T* operator->() const noexcept { return &**this; }

  // 0 where the call succeeded.
  int errno_value() const noexcept { return errno_; }
  std::error_code error() const noexcept { return make_error(errno_); }

  // Nothing to be had now: ask again when the poller says so. EAGAIN and EWOULDBLOCK may differ.
  bool would_block() const noexcept {
#if EAGAIN == EWOULDBLOCK
    return errno_ == EAGAIN;
#else
    return errno_ == EAGAIN || errno_ == EWOULDBLOCK;
#endif
  }

 private:
  T value_{};
  int errno_ = 0;
};

}  // namespace switchboard::sys
