#include "contenders.hpp"

#include <array>
#include <stdexcept>

#include "switchboard/backends.hpp"

namespace switchboard::bench {

namespace {

const std::array libraries{
#ifdef SWITCHBOARD_MICRO_HAS_LIBEVENT
    Library{"libevent", &make_libevent_loop, &make_libevent_timers},
#else
    Library{"libevent", nullptr, nullptr},
#endif
#ifdef SWITCHBOARD_MICRO_HAS_LIBEV
    Library{"libev", &make_libev_loop, &make_libev_timers},
#else
    Library{"libev", nullptr, nullptr},
#endif
#ifdef SWITCHBOARD_MICRO_HAS_LIBUV
    Library{"libuv", &make_libuv_loop, &make_libuv_timers},
#else
    Library{"libuv", nullptr, nullptr},
#endif
};

// "libevent" alone is our own backend of that name.
std::string bare(const Library& library) {
  return std::string("bare_") + library.name;
}

}  // namespace

std::vector<LoopContender> loop_contenders() {
  std::vector<LoopContender> contenders;
  for (const Backend& backend : backends()) {
    if (!backend.available()) continue;
    contenders.push_back(
        {std::string(backend.name), [make = backend.make] { return make_poller_loop(make()); }});
  }
  contenders.push_back({"reactor", &make_reactor_loop});
  for (const Library& library : libraries) {
    if (library.make_loop != nullptr) contenders.push_back({bare(library), library.make_loop});
  }
  return contenders;
}

std::vector<TimersContender> timers_contenders() {
  std::vector<TimersContender> contenders{{"timer_queue", &make_timer_queue},
                                          {"reactor", &make_reactor_timers}};
  for (const Library& library : libraries) {
    if (library.make_timers != nullptr) contenders.push_back({bare(library), library.make_timers});
  }
  return contenders;
}

std::vector<std::string> missing_libraries() {
  std::vector<std::string> names;
  for (const Library& library : libraries) {
    if (library.make_loop == nullptr) names.emplace_back(library.name);
  }
  return names;
}

void require(bool went_well, const char* call) {
  if (!went_well) throw std::runtime_error(std::string(call) + " failed");
}

}  // namespace switchboard::bench
