// The table of backends as programs have it: what is not available is told apart from what is not
// known, and either message says what to choose instead.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "switchboard/backends.hpp"

#include "support/backends.hpp"

namespace switchboard::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

std::string refusal_of(std::string_view name) {
  try {
    (void)find_backend(name);
  } catch (const std::invalid_argument& refusal) {
    return refusal.what();
  }
  return "none";
}

TEST(BackendTable, HoldsTheFiveByName) {
  std::vector<std::string_view> names;
  for (const Backend& backend : backends()) names.push_back(backend.name);
  EXPECT_THAT(names, testing::ElementsAre("epoll", "kqueue", "poll", "select", "libevent"));
}

TEST(BackendTable, EveryRowIsEitherAvailableOrSaysWhyNot) {
  for (const Backend& backend : backends()) {
    EXPECT_NE(backend.available(), !backend.unavailable_because.empty()) << backend.name;
    EXPECT_FALSE(backend.descriptors.empty()) << backend.name;
    EXPECT_FALSE(backend.cost_of_wait.empty()) << backend.name;
  }
}

TEST(BackendTable, FindsAndMakesWhatIsAvailable) {
  for (const std::string& name : backend_names()) {
    EXPECT_EQ(find_backend(name).name, name);
    EXPECT_NE(find_backend(name).make(), nullptr) << name;
  }
}

TEST(BackendTable, SelectAndPollAreAvailableEverywhere) {
  EXPECT_THAT(backend_names(), AllOf(Contains("select"), Contains("poll")));
}

TEST(BackendTable, TheDefaultIsAvailable) {
  EXPECT_THAT(backend_names(), Contains(std::string{default_backend().name}));
}

TEST(BackendTable, AnUnknownNameIsRefusedWithTheNamesThereAre) {
  const std::string refusal = refusal_of("iocp");
  EXPECT_THAT(refusal, HasSubstr("there is no backend 'iocp'; choose one of "));
  for (const std::string& name : backend_names()) EXPECT_THAT(refusal, HasSubstr(name));
}

TEST(BackendTable, AnUnavailableOneIsRefusedWithTheReason) {
  for (const Backend& backend : backends()) {
    if (backend.available()) continue;
    EXPECT_THAT(
        refusal_of(backend.name),
        AllOf(HasSubstr("'" + std::string{backend.name} + "' is not available here"),
              HasSubstr(std::string{backend.unavailable_because}), HasSubstr("choose one of ")));
  }
}

}  // namespace
}  // namespace switchboard::test
