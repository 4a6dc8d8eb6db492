// For suites that run over every backend there is:
//
//   INSTANTIATE_TEST_SUITE_P(Backends, MySuite, testing::ValuesIn(backend_names()),
//   name_of_backend);
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "switchboard/backends.hpp"

namespace switchboard::test {

inline std::vector<std::string> backend_names() {
  std::vector<std::string> names;
  for (const Backend& backend : backends()) {
    if (backend.available()) names.emplace_back(backend.name);
  }
  return names;
}

inline std::string name_of_backend(const testing::TestParamInfo<std::string>& info) {
  return info.param;
}

}  // namespace switchboard::test
