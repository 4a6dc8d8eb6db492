// A system that has no thread to give.
#pragma once

#include <pthread.h>

#include <cstddef>
#include <limits>

#include "support/testing.hpp"

namespace switchboard::test {

// No thread that is started meanwhile finds room for its stack: pthread_create(3) says EAGAIN.
class NoThreads {
 public:
  NoThreads() {
    pthread_attr_init(&before_);
    CHECK_EQ(pthread_getattr_default_np(&before_), 0);
    pthread_attr_t huge;
    pthread_attr_init(&huge);
    CHECK_EQ(pthread_attr_setstacksize(&huge, std::numeric_limits<std::size_t>::max() / 4), 0);
    CHECK_EQ(pthread_setattr_default_np(&huge), 0);
    pthread_attr_destroy(&huge);
  }
  NoThreads(const NoThreads&) = delete;
  NoThreads& operator=(const NoThreads&) = delete;
  ~NoThreads() {
    CHECK_EQ(pthread_setattr_default_np(&before_), 0);
    pthread_attr_destroy(&before_);
  }

 private:
  pthread_attr_t before_{};
};

}  // namespace switchboard::test
