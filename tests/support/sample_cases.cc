// Cases that pass, fail and are skipped, for testing_test.cc to run and look at; with a MISTAKE,
// a program that must not begin.
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "switchboard/net/connection.hpp"
#include "switchboard/net/endpoint.hpp"

#include "support/backends.hpp"
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

#if MISTAKE == 1
TEST_CASE("mistake: two cases have one name") {
  CHECK(true);
}
TEST_CASE("mistake: two cases have one name") {
  CHECK(true);
}
#elif MISTAKE == 2
CASES("mistake: the table is empty", std::vector<int>{}, int) {
  CHECK(true);
}
#elif MISTAKE == 3
TEST_CASE("no subject") {
  CHECK(true);
}
#elif MISTAKE == 4
CASES("mistake: two rows have one name", (std::vector<int>{1, 1}), int) {
  CHECK(true);
}
#endif

// --- Tables

CASES("table: a row is a case", (std::vector<int>{1, 2, 3}), int row) {
  CHECK_NE(row, 2);
}

CASES("table: a place names the backend and the family", places(), const Place& place) {
  CHECK_FALSE(place.backend.empty());
}

class Doubled {
 protected:
  static std::vector<std::pair<std::string, int>> rows() {
    return pairs_of(std::vector<std::string>{"one", "two"}, std::vector<int>{1, 2});
  }
  explicit Doubled(const std::pair<std::string, int>& row) : text(row.first + row.first) {}

  std::string text;
};

CASES_FIXTURE(Doubled, "table: a fixture is made of its row") {
  CHECK_EQ(text.size(), 6U);
}

// --- Skipping

TEST_CASE("skipping: the reason is told") {
  skip("no such thing here");
}

struct Unavailable {
  Unavailable() { skip("the fixture cannot be had"); }
};

TEST_CASE_FIXTURE(Unavailable, "skipping: a fixture may, too") {
  FAIL("the body has run");
}

TEST_CASE("skipping: a failure before it stays one") {
  CHECK_EQ(1, 2);
  skip("too late");
}

// --- Values

TEST_CASE("values: each prints readably") {
  using namespace std::chrono_literals;
  const std::array bytes{std::byte{'a'}, std::byte{0}, std::byte{'\n'}};
  CHECK_EQ(std::string{"line\r\n"}, "other\x01");
  CHECK(contains("some text", "other"));
  CHECK_EQ(1500ms, 2s);
  CHECK_EQ(std::make_error_code(std::errc::connection_reset), std::error_code{});
  CHECK_EQ(CloseReason::idle, CloseReason::peer_closed);
  CHECK_EQ(Endpoint::parse("tcp://[::1]:7007"), Endpoint::parse("unix:///run/socket"));
  CHECK_EQ(std::vector<std::string>{"a b", ""}, Texts{});
  CHECK_EQ(std::optional<int>{}, std::optional<int>{7});
  CHECK_MESSAGE(false, std::span{bytes});
}

TEST_CASE("values: the report of a thrown error has its text") {
  throw std::system_error(ECONNREFUSED, std::generic_category(), "connect");
}

// --- Ends

TEST_CASE("end: a case that asserts nothing fails") {}

TEST_CASE("end: a program that dies names its case") {
  CHECK(true);
  std::abort();
}

TEST_CASE("end: a program that leaves in a case has no plan") {
  CHECK(true);
  std::exit(0);
}

}  // namespace
}  // namespace switchboard::test
