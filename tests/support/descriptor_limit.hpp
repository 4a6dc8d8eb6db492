// A lower limit of descriptor numbers, for as long as it lives.
#pragma once

#include <sys/resource.h>

#include <cerrno>
#include <cstddef>
#include <system_error>

#include "switchboard/sys/result.hpp"

namespace switchboard::test {

// Numbers from `most` on are not given out any more; those that are open stay open.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(std::size_t most) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit lowered{.rlim_cur = most, .rlim_max = before_.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &lowered) != 0) {
      throw std::system_error(sys::make_error(errno), "setrlimit");
    }
  }
  DescriptorLimit(const DescriptorLimit&) = delete;
  DescriptorLimit& operator=(const DescriptorLimit&) = delete;
  ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace switchboard::test
