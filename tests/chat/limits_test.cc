// How fast somebody may speak, and how many may come from one address.
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "chat/address_limit.hpp"
#include "chat/token_bucket.hpp"
#include "support/counted_memory.hpp"
#include "support/testing.hpp"

namespace switchboard::chat {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr sys::Instant start{std::chrono::hours{1}};
constexpr BucketSize size{.burst = 3, .interval = milliseconds{100}};

TEST_CASE("token bucket: it gives a burst, then one an interval") {
  TokenBucket bucket;
  for (int i = 0; i < 3; ++i) {
    CHECK_MESSAGE(bucket.wait(size, start).count() == 0, i);
    bucket.take(size, start);
  }
  CHECK_EQ(bucket.wait(size, start), milliseconds{100});
  CHECK_EQ(bucket.wait(size, start + milliseconds{60}), milliseconds{40});
  CHECK_EQ(bucket.wait(size, start + milliseconds{100}).count(), 0);
  bucket.take(size, start + milliseconds{100});
  CHECK_EQ(bucket.wait(size, start + milliseconds{100}), milliseconds{100});
}

TEST_CASE("token bucket: it is never fuller than full") {
  TokenBucket bucket;
  bucket.take(size, start);
  const sys::Instant later = start + seconds{1000};
  for (int i = 0; i < 3; ++i) {
    CHECK_MESSAGE(bucket.wait(size, later).count() == 0, i);
    bucket.take(size, later);
  }
  CHECK_GT(bucket.wait(size, later).count(), 0);
}

TEST_CASE("token bucket: a bucket of one gives one an interval") {
  constexpr BucketSize one{.burst = 1, .interval = seconds{2}};
  TokenBucket bucket;
  CHECK_EQ(bucket.wait(one, start).count(), 0);
  bucket.take(one, start);
  CHECK_EQ(bucket.wait(one, start), seconds{2});
  CHECK_EQ(bucket.wait(one, start + seconds{2}).count(), 0);
}

TEST_CASE("token bucket: a bucket that is off never waits") {
  TokenBucket bucket;
  for (int i = 0; i < 1000; ++i) {
    bucket.take({}, start);
    REQUIRE_EQ(bucket.wait({}, start).count(), 0);
  }
}

// What was taken at the old size took its time; at the new one nobody is more than a burst behind.
TEST_CASE("token bucket: a bucket of another size kept the debts of the old one") {
  constexpr BucketSize generous{.burst = 1000, .interval = seconds{1}};
  TokenBucket bucket;
  for (int i = 0; i < 1000; ++i) bucket.take(generous, start);
  const sys::Nanoseconds wait = bucket.wait(size, start);
  CHECK_EQ(wait, size.interval);
  CHECK_EQ(bucket.wait(size, start + wait).count(), 0);
  bucket.take(size, start + wait);
  CHECK_EQ(bucket.wait(size, start + wait), size.interval);
}

// In any stretch of time no more than the burst and what came in that time.
TEST_CASE("token bucket: it gives no more than its rate, however it is asked") {
  std::mt19937 random{1};
  TokenBucket bucket;
  sys::Instant now = start;
  std::vector<sys::Instant> taken;
  while (taken.size() < 500) {
    if (bucket.wait(size, now) == sys::Nanoseconds::zero()) {
      bucket.take(size, now);
      taken.push_back(now);
    }
    now += milliseconds{random() % 90};
  }
  for (std::size_t first = 0; first < taken.size(); ++first) {
    for (std::size_t last = first; last < taken.size(); ++last) {
      const auto came = (taken[last] - taken[first]) / size.interval;
      REQUIRE_LE(last - first + 1, size.burst + static_cast<std::size_t>(came) + 1);
    }
  }
}

// --- Addresses

struct AddressRow {
  const char* what;
  const char* one;
  const char* other;
  bool is_counted;
  bool is_together = false;  // counts as the same address
};

constexpr AddressRow address_rows[] = {
    {"one address of IPv4, two ports", "tcp://192.0.2.1:1", "tcp://192.0.2.1:2", true, true},
    {"two addresses of IPv4", "tcp://192.0.2.1:1", "tcp://192.0.2.2:1", true, false},
    {"one of IPv6", "tcp://[2001:db8::1]:1", "tcp://[2001:db8::1]:2", true, true},
    {"two in one /64", "tcp://[2001:db8:0:1::1]:1", "tcp://[2001:db8:0:1:ffff::2]:1", true, true},
    {"two in two /64", "tcp://[2001:db8:0:1::1]:1", "tcp://[2001:db8:0:2::1]:1", true, false},
    {"link-local, with zones", "tcp://[fe80::1%1]:1", "tcp://[fe80::2%1]:1", true, true},
    {"loopback", "tcp://127.0.0.1:1", "tcp://127.0.0.1:2", false},
    {"loopback, further on", "tcp://127.1.2.3:1", "tcp://127.1.2.3:2", false},
    {"loopback of IPv6", "tcp://[::1]:1", "tcp://[::1]:2", false},
    {"a Unix socket", "unix:///run/a", "unix:///run/a", false},
};

TEST_CASE("address limit: it counts the connections of one place") {
  for (const AddressRow& row : address_rows) {
    INFO(row.what);
    AddressLimit limit{{.most = 1}};
    const auto one = limit.admit(Endpoint::parse(row.one));
    REQUIRE(one);
    const auto other = limit.admit(Endpoint::parse(row.other));
    CHECK_EQ(other.has_value(), !row.is_counted || !row.is_together);
    CHECK_EQ(limit.admit(Endpoint::parse(row.one)).has_value(), !row.is_counted);
  }
}

TEST_CASE("address limit: it counts loopback if it is told to") {
  AddressLimit limit{{.most = 1, .counts_loopback = true}};
  const auto one = limit.admit(Endpoint::parse("tcp://127.0.0.1:1"));
  const auto six = limit.admit(Endpoint::parse("tcp://[::1]:1"));
  CHECK((one && six));
  CHECK_FALSE(limit.admit(Endpoint::parse("tcp://127.0.0.1:2")));
  CHECK_FALSE(limit.admit(Endpoint::parse("tcp://[::1]:2")));
  CHECK(limit.admit(Endpoint::parse("unix:///run/a")));
}

TEST_CASE("address limit: a place is given back once however it moves") {
  AddressLimit limit{{.most = 2}};
  const Endpoint peer = Endpoint::parse("tcp://192.0.2.1:1");
  auto first = limit.admit(peer);
  {
    auto second = limit.admit(peer);
    REQUIRE((first && second));
    CHECK_FALSE(limit.admit(peer));
    AddressLimit::Place moved{std::move(*second)};
    AddressLimit::Place assigned;
    assigned = std::move(moved);
    CHECK_FALSE(limit.admit(peer));
  }
  auto again = limit.admit(peer);
  CHECK(again);
  CHECK_FALSE(limit.admit(peer));
}

// Who comes and goes from ever new addresses leaves nothing behind.
TEST_CASE("address limit: it forgets an address when its last connection has gone") {
  AddressLimit limit{{.most = 2}};
  (void)limit.admit(Endpoint::parse("tcp://192.0.2.1:1"));
  const auto before = switchboard::test::memory_in_use().blocks;
  for (int i = 1; i < 255; ++i) {
    const auto place = limit.admit(Endpoint::parse("tcp://192.0.2." + std::to_string(i) + ":1"));
    REQUIRE(place);
  }
  CHECK_EQ(switchboard::test::memory_in_use().blocks, before);
}

}  // namespace
}  // namespace switchboard::chat
