#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

#include "switchboard/backends.hpp"

#include "pollers.hpp"

namespace switchboard {

namespace {

#ifdef SWITCHBOARD_HAS_EPOLL
constexpr auto make_epoll = &make_epoll_poller;
constexpr std::string_view no_epoll;
#else
constexpr std::unique_ptr<Poller> (*make_epoll)() = nullptr;
constexpr std::string_view no_epoll = "Linux only";
#endif

#if defined(SWITCHBOARD_HAS_KQUEUE)
constexpr auto make_kqueue = &make_kqueue_poller;
constexpr std::string_view no_kqueue;
#else
constexpr std::unique_ptr<Poller> (*make_kqueue)() = nullptr;
constexpr std::string_view no_kqueue = "macOS and the BSDs only";
#endif

#ifdef SWITCHBOARD_HAS_LIBEVENT
constexpr auto make_libevent = &make_libevent_poller;
constexpr std::string_view no_libevent;
#else
constexpr std::unique_ptr<Poller> (*make_libevent)() = nullptr;
constexpr std::string_view no_libevent = "built without libevent";
#endif

constexpr std::string_view process_limit = "up to the process's limit (ulimit -n)";
#ifdef __linux__
constexpr std::string_view select_limit = process_limit;
#else
constexpr std::string_view select_limit = "numbers below FD_SETSIZE (1,024)";
#endif

constexpr std::string_view built_for = SWITCHBOARD_DEFAULT_BACKEND;  // the build option

const std::array<Backend, 5> table{{
    {"epoll", make_epoll, no_epoll, process_limit, "O(k)"},
    {"kqueue", make_kqueue, no_kqueue, process_limit, "O(k)"},
    {"poll", &make_poll_poller, {}, process_limit, "O(n), 8 bytes copied per watched descriptor"},
    {"select",
     [] { return make_select_poller(); },
     {},
     select_limit,
     "O(highest descriptor), 2 bits copied each way per number"},
    {"libevent", make_libevent, no_libevent, "as the kernel interface that libevent chose",
     "as that interface, and a callback per event"},
}};

std::string available_names() {
  std::string names;
  for (const Backend& backend : table) {
    if (!backend.available()) continue;
    if (!names.empty()) names += ", ";
    names += backend.name;
  }
  return names;
}

}  // namespace

std::span<const Backend> backends() noexcept {
  return table;
}

const Backend& default_backend() noexcept {
  // The build refuses a choice that is not available, and poll is available everywhere.
  return *std::find_if(table.begin(), table.end(), [](const Backend& row) {
    return row.available() && (built_for == "auto" || built_for == row.name);
  });
}

const Backend& find_backend(std::string_view name) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [name](const Backend& row) { return row.name == name; });
  if (found != table.end() && found->available()) return *found;
  const std::string problem = found == table.end()
                                  ? "there is no backend '" + std::string(name) + "'"
                                  : "backend '" + std::string(name) + "' is not available here (" +
                                        std::string(found->unavailable_because) + ")";
  throw std::invalid_argument(problem + "; choose one of " + available_names());
}

}  // namespace switchboard
