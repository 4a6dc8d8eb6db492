// Tables for cases that run over every backend, or over every backend and family of addresses.
#pragma once

#include <string>
#include <vector>

#include "switchboard/backends.hpp"

namespace switchboard::test {

// Those that this machine has.
inline std::vector<std::string> backend_names() {
  std::vector<std::string> names;
  for (const Backend& backend : backends()) {
    if (backend.available()) names.emplace_back(backend.name);
  }
  return names;
}

struct Place {
  std::string backend;
  std::string family;  // "IPv4", "IPv6" or "Unix"

  std::string name() const { return backend + ", " + family; }
};

inline std::vector<Place> places(const std::vector<std::string>& families = {"IPv4", "IPv6",
                                                                             "Unix"}) {
  std::vector<Place> all;
  for (const std::string& backend : backend_names()) {
    for (const std::string& family : families) all.push_back({backend, family});
  }
  return all;
}

}  // namespace switchboard::test
