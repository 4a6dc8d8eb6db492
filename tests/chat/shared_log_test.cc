#include "chat/shared_log.hpp"

#include <string>
#include <string_view>
#include <vector>

#include "switchboard/net/output_queue.hpp"

#include "support/counted_memory.hpp"
#include "support/testing.hpp"

namespace switchboard::chat {
namespace {

std::string text_of(const Slice& slice) {
  const auto bytes = slice.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST_CASE("shared log: messages that follow each other merge") {
  SharedLog log;
  OutputQueue queue;
  for (int i = 0; i < 8; ++i) queue.append(log.append("a message\n"));
  CHECK_EQ(queue.slices(), 1U);
  CHECK_EQ(queue.size_bytes(), 80U);
}

// A receiver that came later, and one that missed a message, hold what was theirs and no more.
TEST_CASE("shared log: each receiver holds its own messages") {
  SharedLog log;
  const Slice one = log.append("one\n");
  const Slice two = log.append("two\n");
  const Slice three = log.append("three\n");
  CHECK_EQ(text_of(one) + text_of(two) + text_of(three), "one\ntwo\nthree\n");
  OutputQueue gap;
  gap.append(one);
  gap.append(three);
  CHECK_EQ(gap.slices(), 2U);
}

TEST_CASE("shared log: a block is used again from its beginning once all is sent") {
  SharedLog log;
  const std::byte* first = nullptr;
  for (int i = 0; i < 1000; ++i) {
    const Slice slice = log.append("a message that everybody sends at once\n");
    if (first == nullptr) first = slice.bytes().data();
    REQUIRE_MESSAGE(slice.bytes().data() == first, i);
  }
}

TEST_CASE("shared log: unsent bytes are never written over") {
  SharedLog log;
  std::vector<Slice> held;
  std::vector<std::string> expected;
  for (int i = 0; i < 5000; ++i) {
    const std::string text(1 + static_cast<std::size_t>(i) % 700, static_cast<char>('a' + i % 26));
    Slice slice = log.append(text);
    if (i % 3 == 0) {
      held.push_back(std::move(slice));
      expected.push_back(text);
    }
    if (i % 100 == 0) (void)log.trim();
  }
  for (std::size_t i = 0; i < held.size(); ++i) REQUIRE_MESSAGE(text_of(held[i]) == expected[i], i);
}

TEST_CASE("shared log: a block is freed with its last slice") {
  const auto before = test::memory_in_use().blocks;
  {
    SharedLog log;
    CHECK_MESSAGE(log.trim(), "it holds nothing yet");
    Slice one = log.append("one\n");
    const Slice two = log.append("two\n");
    CHECK_FALSE(log.trim());
    one = {};
    CHECK_FALSE(log.trim());
    CHECK_EQ(text_of(two), "two\n");
  }
  CHECK_EQ(test::memory_in_use().blocks, before);
  SharedLog log;
  (void)log.append("sent at once\n");
  CHECK_EQ(test::memory_in_use().blocks, before + 1);
  CHECK(log.trim());
  CHECK_EQ(test::memory_in_use().blocks, before);
}

// A log that is gone leaves its slices whole: a room may empty before its last words are sent.
TEST_CASE("shared log: slices outlive their log") {
  Slice slice;
  {
    SharedLog log;
    slice = log.append("last words\n");
  }
  CHECK_EQ(text_of(slice), "last words\n");
}

TEST_CASE("shared log: a message larger than any block gets one of its own") {
  SharedLog log;
  const std::string large(300'000, 'x');
  const Slice slice = log.append(large);
  CHECK_EQ(text_of(slice), large);
  CHECK_EQ(text_of(log.append("small\n")), "small\n");
}

// Blocks grow with what is said, up to 64 KiB, so that a busy room's queues have few pieces.
TEST_CASE("shared log: a burst lies in few blocks") {
  SharedLog log;
  OutputQueue queue;
  for (int i = 0; i < 10'000; ++i) queue.append(log.append(std::string(63, 'x') + "\n"));
  CHECK_EQ(queue.size_bytes(), 640'000U);
  CHECK_LE(queue.slices(), 18U);
}

}  // namespace
}  // namespace switchboard::chat
