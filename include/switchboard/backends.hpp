// The table of backends: every poller that this build knows of, and why one is not to be had.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "switchboard/poller.hpp"

namespace switchboard {

// One row. All text is static.
struct Backend {
  std::string_view name;                 // what --backend takes
  std::unique_ptr<Poller> (*make)();     // null where unavailable; throws std::system_error
  std::string_view unavailable_because;  // empty where available
  std::string_view descriptors;          // how many descriptors it can watch
  std::string_view cost_of_wait;  // what one wait costs, in watched (n) and ready (k) descriptors

  bool available() const noexcept { return make != nullptr; }
};

// Every backend there is, in order of preference.
std::span<const Backend> backends() noexcept;

// The one that a Reactor uses unless told otherwise: the build option `default_backend`, or the
// first available.
const Backend& default_backend() noexcept;

// Throws std::invalid_argument, with the names to choose from, where there is none of that name, or
// it is not available here.
const Backend& find_backend(std::string_view name);

}  // namespace switchboard
