#include "chat/shared_log.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "switchboard/net/output_queue.hpp"

#include "support/counted_memory.hpp"

namespace switchboard::chat {
namespace {

std::string text_of(const Slice& slice) {
  const auto bytes = slice.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(SharedLog, messages_that_follow_each_other_merge) {
  SharedLog log;
  OutputQueue queue;
  for (int i = 0; i < 8; ++i) queue.append(log.append("a message\n"));
  EXPECT_EQ(queue.slices(), 1U);
  EXPECT_EQ(queue.size_bytes(), 80U);
}

// A receiver that came later, and one that missed a message, hold what was theirs and no more.
TEST(SharedLog, each_receiver_holds_its_own_messages) {
  SharedLog log;
  const Slice one = log.append("one\n");
  const Slice two = log.append("two\n");
  const Slice three = log.append("three\n");
  EXPECT_EQ(text_of(one) + text_of(two) + text_of(three), "one\ntwo\nthree\n");
  OutputQueue gap;
  gap.append(one);
  gap.append(three);
  EXPECT_EQ(gap.slices(), 2U);
}

TEST(SharedLog, a_block_is_used_again_from_its_beginning_once_all_is_sent) {
  SharedLog log;
  const std::byte* first = nullptr;
  for (int i = 0; i < 1000; ++i) {
    const Slice slice = log.append("a message that everybody sends at once\n");
    if (first == nullptr) first = slice.bytes().data();
    ASSERT_EQ(slice.bytes().data(), first) << i;
  }
}

TEST(SharedLog, what_is_not_sent_is_never_written_over) {
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
  for (std::size_t i = 0; i < held.size(); ++i) ASSERT_EQ(text_of(held[i]), expected[i]) << i;
}

TEST(SharedLog, a_block_is_freed_with_its_last_slice) {
  const auto before = test::memory_in_use().blocks;
  {
    SharedLog log;
    EXPECT_TRUE(log.trim()) << "it holds nothing yet";
    Slice one = log.append("one\n");
    const Slice two = log.append("two\n");
    EXPECT_FALSE(log.trim());
    one = {};
    EXPECT_FALSE(log.trim());
    EXPECT_EQ(text_of(two), "two\n");
  }
  EXPECT_EQ(test::memory_in_use().blocks, before);
  SharedLog log;
  (void)log.append("sent at once\n");
  EXPECT_EQ(test::memory_in_use().blocks, before + 1);
  EXPECT_TRUE(log.trim());
  EXPECT_EQ(test::memory_in_use().blocks, before);
}

// A log that is gone leaves its slices whole: a room may empty before its last words are sent.
TEST(SharedLog, slices_outlive_their_log) {
  Slice slice;
  {
    SharedLog log;
    slice = log.append("last words\n");
  }
  EXPECT_EQ(text_of(slice), "last words\n");
}

TEST(SharedLog, a_message_larger_than_any_block_gets_one_of_its_own) {
  SharedLog log;
  const std::string large(300'000, 'x');
  const Slice slice = log.append(large);
  EXPECT_EQ(text_of(slice), large);
  EXPECT_EQ(text_of(log.append("small\n")), "small\n");
}

// Blocks grow with what is said, up to 64 KiB, so that a busy room's queues have few pieces.
TEST(SharedLog, a_burst_lies_in_few_blocks) {
  SharedLog log;
  OutputQueue queue;
  for (int i = 0; i < 10'000; ++i) queue.append(log.append(std::string(63, 'x') + "\n"));
  EXPECT_EQ(queue.size_bytes(), 640'000U);
  EXPECT_LE(queue.slices(), 18U);
}

}  // namespace
}  // namespace switchboard::chat
