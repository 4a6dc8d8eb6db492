// The table of backends as programs have it: what is not available is told apart from what is not
// known, and either message says what to choose instead.
#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>

#include "switchboard/backends.hpp"

#include "support/backends.hpp"
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

std::string refusal_of(std::string_view name) {
  try {
    (void)find_backend(name);
  } catch (const std::invalid_argument& refusal) {
    return refusal.what();
  }
  return "none";
}

TEST_CASE("backend table: it holds the five backends by name") {
  std::vector<std::string> names;
  for (const Backend& backend : backends()) names.emplace_back(backend.name);
  CHECK_EQ(names, Texts{"epoll", "kqueue", "poll", "select", "libevent"});
}

TEST_CASE("backend table: every backend is either available or says why not") {
  for (const Backend& backend : backends()) {
    CHECK_MESSAGE(backend.available() != !backend.unavailable_because.empty(), backend.name);
    CHECK_FALSE_MESSAGE(backend.descriptors.empty(), backend.name);
    CHECK_FALSE_MESSAGE(backend.cost_of_wait.empty(), backend.name);
  }
}

TEST_CASE("backend table: an available backend is found and made") {
  for (const std::string& name : backend_names()) {
    CHECK_EQ(find_backend(name).name, name);
    CHECK_MESSAGE(find_backend(name).make() != nullptr, name);
  }
}

bool is_available(std::string_view name) {
  return std::ranges::count(backend_names(), name) == 1;
}

TEST_CASE("backend table: select and poll are available everywhere") {
  for (const char* name : {"select", "poll"}) CHECK_MESSAGE(is_available(name), name);
}

TEST_CASE("backend table: the default is available") {
  CHECK(is_available(default_backend().name));
}

TEST_CASE("backend table: an unknown name is refused with the names there are") {
  const std::string refusal = refusal_of("iocp");
  CHECK(contains(refusal, "there is no backend 'iocp'; choose one of "));
  for (const std::string& name : backend_names()) CHECK(contains(refusal, name));
}

TEST_CASE("backend table: an unavailable backend is refused with the reason") {
  for (const Backend& backend : backends()) {
    if (backend.available()) continue;
    const std::string refusal = refusal_of(backend.name);
    CHECK(contains(refusal, "'" + std::string{backend.name} + "' is not available here"));
    CHECK(contains(refusal, backend.unavailable_because));
    CHECK(contains(refusal, "choose one of "));
  }
}

}  // namespace
}  // namespace switchboard::test
