#include "support/fake_names.hpp"

#include <netdb.h>
#include <signal.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

namespace switchboard::test {

namespace {

struct World {
  std::mutex mutex;
  std::condition_variable changed;
  bool exists = false;
  std::map<std::string, std::vector<sys::SocketAddress>> names;
  bool holds = false;
  unsigned held = 0;
  unsigned under_way = 0;
  unsigned lookups = 0;
  unsigned most_at_a_time = 0;
  unsigned without_signals = 0;
};

World& world() {
  static World only;
  return only;
}

bool is_there() {
  const std::lock_guard lock{world().mutex};
  return world().exists;
}

bool takes_no_signals() {
  sigset_t mask;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  return sigismember(&mask, SIGINT) == 1 && sigismember(&mask, SIGTERM) == 1;
}

}  // namespace

// NOLINTBEGIN(bugprone-reserved-identifier): these names are the linker's.
extern "C" int __real_getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                                  addrinfo** found);

namespace {

// From the system itself, so that freeaddrinfo(3) can free it.
int copy_of(const sys::SocketAddress& address, addrinfo** out) {
  addrinfo hints{};
  hints.ai_family = address.family();
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  const char* any = address.family() == AF_INET6 ? "::1" : "127.0.0.1";
  if (const int failure = __real_getaddrinfo(any, "1", &hints, out)) return failure;
  std::memcpy((*out)->ai_addr, &address.storage, address.length);
  return 0;
}

int look_up(const char* name, addrinfo** found) {
  World& here = world();
  std::unique_lock lock{here.mutex};
  ++here.lookups;
  here.most_at_a_time = std::max(here.most_at_a_time, ++here.under_way);
  if (takes_no_signals()) ++here.without_signals;
  ++here.held;
  here.changed.notify_all();
  here.changed.wait(lock, [&] { return !here.holds; });
  --here.held;
  int failure = EAI_NONAME;
  const auto row = here.names.find(name);
  if (row != here.names.end() && !row->second.empty()) {
    addrinfo** end = found;
    for (const sys::SocketAddress& address : row->second) {
      failure = copy_of(address, end);
      if (failure != 0) break;
      end = &(*end)->ai_next;
    }
  }
  --here.under_way;
  here.changed.notify_all();
  return failure;
}

}  // namespace

extern "C" int __wrap_getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                                  addrinfo** found) {
  const bool numeric = name == nullptr || (hints->ai_flags & AI_NUMERICHOST) != 0;
  if (numeric || !is_there()) return __real_getaddrinfo(name, service, hints, found);
  return look_up(name, found);
}
// NOLINTEND(bugprone-reserved-identifier)

FakeNames::FakeNames() {
  World& here = world();
  const std::lock_guard lock{here.mutex};
  here.exists = true;
  here.names.clear();
  here.lookups = here.most_at_a_time = here.without_signals = 0;
}

FakeNames::~FakeNames() {
  release();
  World& here = world();
  std::unique_lock lock{here.mutex};
  here.changed.wait(lock, [&] { return here.under_way == 0; });
  here.exists = false;
}

void FakeNames::add(const std::string& name, std::vector<sys::SocketAddress> addresses) {
  const std::lock_guard lock{world().mutex};
  world().names[name] = std::move(addresses);
}

void FakeNames::hold() {
  const std::lock_guard lock{world().mutex};
  world().holds = true;
}

void FakeNames::release() {
  const std::lock_guard lock{world().mutex};
  world().holds = false;
  world().changed.notify_all();
}

void FakeNames::await_held(unsigned count) {
  std::unique_lock lock{world().mutex};
  world().changed.wait(lock, [&] { return world().held >= count; });
}

unsigned FakeNames::lookups() const {
  const std::lock_guard lock{world().mutex};
  return world().lookups;
}

unsigned FakeNames::most_at_a_time() const {
  const std::lock_guard lock{world().mutex};
  return world().most_at_a_time;
}

unsigned FakeNames::without_signals() const {
  const std::lock_guard lock{world().mutex};
  return world().without_signals;
}

}  // namespace switchboard::test
