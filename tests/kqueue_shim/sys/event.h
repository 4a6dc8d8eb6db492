// Test only: the slice of kqueue(2) that backends/kqueue.cc uses, with the layout that macOS has,
// for systems whose kernel has no kqueue. shim.cc says what it does and does not do.
#pragma once
#pragma GCC system_header  // as the real one: a function and a struct of one name are fair here

#include <stdint.h>
#include <time.h>

#define EVFILT_READ (-1)
#define EVFILT_WRITE (-2)
#define EVFILT_EXCEPT (-15)

#define NOTE_OOB 0x00000002

#define EV_ADD 0x0001
#define EV_DELETE 0x0002
#define EV_RECEIPT 0x0040
#define EV_ERROR 0x4000
#define EV_EOF 0x8000

struct kevent {
  uintptr_t ident;
  int16_t filter;
  uint16_t flags;
  uint32_t fflags;
  intptr_t data;
  void* udata;
};

extern "C" {
int kqueue(void);
int kevent(int queue, const struct kevent* changes, int change_count, struct kevent* events,
           int event_count, const struct timespec* timeout);
}
