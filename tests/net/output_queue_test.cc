// OutputQueue against a string: whatever is appended comes out, in order, once.
#include "switchboard/net/output_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <random>
#include <string>

namespace switchboard {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span{text});
}

Slice owned(const std::string& text) {
  return Slice::copy_of(bytes_of(text));
}

Slice lent(Arena& arena, const std::string& text) {
  std::ranges::copy(bytes_of(text), arena.reserve(text.size()).begin());
  return arena.commit(text.size());
}

std::string gathered(const OutputQueue& queue, std::size_t pieces, std::size_t bytes) {
  std::vector<iovec> into(pieces);
  into.resize(queue.gather(into, bytes));
  std::string text;
  for (const iovec& piece : into)
    text.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
  return text;
}

std::string everything(const OutputQueue& queue) {
  return gathered(queue, queue.slices() + 1, SIZE_MAX);
}

TEST(OutputQueue, is_first_in_first_out_and_counts_its_bytes) {
  OutputQueue queue;
  EXPECT_TRUE(queue.empty());
  queue.append(owned("one "));
  queue.append(Slice{});
  queue.append(owned("two "));
  queue.append(owned("three"));
  EXPECT_EQ(queue.size_bytes(), 13U);
  EXPECT_EQ(queue.slices(), 3U);
  EXPECT_EQ(everything(queue), "one two three");
  queue.consume(6);
  EXPECT_EQ(everything(queue), "o three");
  EXPECT_EQ(queue.size_bytes(), 7U);
  queue.consume(7);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.slices(), 0U);
}

TEST(OutputQueue, drops_what_stands_behind_a_message) {
  for (const std::string first : {"one\ntwo\n", "one\n", "on", "o"}) {
    const std::string all = "one\ntwo\nthree\n";
    OutputQueue queue;
    queue.append(owned(first));
    for (std::size_t at = first.size(); at < all.size(); ++at) queue.append(owned({all[at]}));
    queue.drop_behind(std::byte{'.'});
    EXPECT_EQ(everything(queue), all) << "nothing to stop at";
    queue.consume(1);
    queue.drop_behind(std::byte{'\n'});
    EXPECT_EQ(everything(queue), "ne\n");
    EXPECT_EQ(queue.size_bytes(), 3U);
    queue.append(owned("last"));
    EXPECT_EQ(everything(queue), "ne\nlast");
    queue.own_lent_bytes();
    queue.consume(7);
    EXPECT_TRUE(queue.empty());
    queue.drop_behind(std::byte{'\n'});
  }
}

TEST(OutputQueue, gathers_no_more_pieces_and_bytes_than_it_is_asked_for) {
  OutputQueue queue;
  for (const char* word : {"aa", "bb", "cc"}) queue.append(owned(word));
  EXPECT_EQ(gathered(queue, 2, SIZE_MAX), "aabb");
  EXPECT_EQ(gathered(queue, 9, 3), "aab");
  EXPECT_EQ(gathered(queue, 9, 4), "aabb");
  EXPECT_EQ(gathered(queue, 0, 4), "");
}

TEST(OutputQueue, slices_that_touch_leave_as_one_piece) {
  OutputQueue queue;
  Arena arena;
  queue.append(owned("first "));
  for (int i = 0; i < 1000; ++i) queue.append(lent(arena, "x"));
  EXPECT_EQ(queue.slices(), 2U);
  EXPECT_EQ(queue.size_bytes(), 1006U);
}

TEST(OutputQueue, lets_go_of_a_block_as_soon_as_its_bytes_are_consumed) {
  OutputQueue queue;
  Slice message = Slice::copy_of(bytes_of("shared by many"), 100);
  queue.append(message);
  queue.append(owned("more"));
  EXPECT_EQ(message.append_in_place(bytes_of("!")), 0U) << "the queue looks at it";
  queue.consume(message.size());
  EXPECT_EQ(message.append_in_place(bytes_of("!")), 1U) << "nobody else does any more";
}

TEST(OutputQueue, what_stays_is_copied_out_of_the_arena) {
  OutputQueue queue;
  Arena arena;
  const std::byte* front = arena.reserve(1).data();
  queue.append(lent(arena, "ten bytes."));
  queue.append(owned("mine"));
  queue.append(lent(arena, "and more"));
  queue.own_lent_bytes();
  EXPECT_EQ(everything(queue), "ten bytes.mineand more");
  EXPECT_EQ(arena.reserve(1).data(), front) << "the arena is free again";
}

TEST(OutputQueue, a_trickle_into_a_stalled_queue_fills_blocks_not_a_block_a_byte) {
  OutputQueue queue;
  Arena arena;
  for (int i = 0; i < 10'000; ++i) {
    queue.append(lent(arena, "y"));
    queue.own_lent_bytes();
  }
  EXPECT_EQ(everything(queue), std::string(10'000, 'y'));
  EXPECT_LE(queue.slices(), 5U);
}

// Answers of its own between short messages in blocks of theirs: each answer took 4 KiB.
TEST(OutputQueue, small_pieces_of_every_kind_share_blocks) {
  OutputQueue queue;
  Arena arena;
  for (int i = 0; i < 10'000; ++i) {
    queue.append(lent(arena, "y"));
    queue.append(owned("z"));
    queue.own_lent_bytes();
  }
  EXPECT_EQ(queue.size_bytes(), 20'000U);
  EXPECT_LE(queue.slices(), 8U);
}

// A few bytes each of blocks that others filled.
TEST(OutputQueue, what_others_filled_is_let_go_of_once_the_queue_has_gone_on) {
  OutputQueue queue;
  std::vector<Slice> filled;
  for (int i = 0; i < 4; ++i) {
    filled.push_back(Slice::copy_of(bytes_of(std::string(64 * 1024, 'x'))));
    queue.append(filled.back().first(2000));
    queue.own_lent_bytes();
  }
  EXPECT_EQ(everything(queue), std::string(8000, 'x'));
  std::vector<std::size_t> still_held;
  for (std::size_t i = 0; i < filled.size(); ++i) {
    if (filled[i].is_shared()) still_held.push_back(i);
  }
  EXPECT_EQ(still_held, (std::vector<std::size_t>{0, 3})) << "the first, and what may grow yet";
}

TEST(OutputQueue, the_last_piece_may_grow_before_it_is_copied) {
  OutputQueue queue;
  const Slice block = Slice::copy_of(bytes_of(std::string(4000, 'x') + std::string(4000, 'y')));
  queue.append(owned("first"));
  for (std::size_t at = 0; at < block.size(); at += 100) {
    queue.append(block.without_first(at).first(100));
    queue.own_lent_bytes();
  }
  queue.append(owned("behind"));
  queue.own_lent_bytes();
  EXPECT_EQ(queue.slices(), 3U);
  EXPECT_EQ(everything(queue),
            "first" + std::string(4000, 'x') + std::string(4000, 'y') + "behind");
  EXPECT_TRUE(block.is_shared()) << "all of it is queued: nothing is gained by a copy";
}

TEST(OutputQueue, a_block_that_others_share_is_neither_copied_nor_written_to) {
  OutputQueue queue;
  Arena arena;
  const Slice message = Slice::copy_of(bytes_of("broadcast"), 4096);
  const Slice others = message;
  queue.append(message);
  queue.append(lent(arena, " mine"));
  queue.own_lent_bytes();
  EXPECT_EQ(everything(queue), "broadcast mine");
  EXPECT_EQ(queue.front().data(), others.bytes().data());
}

TEST(OutputQueue, agrees_with_a_string_whatever_is_done_to_it) {
  const char* given = std::getenv("SWITCHBOARD_SEED");
  const auto seed = given != nullptr ? std::strtoul(given, nullptr, 10) : std::random_device{}();
  SCOPED_TRACE("SWITCHBOARD_SEED=" + std::to_string(seed));
  std::mt19937_64 random{seed};
  OutputQueue queue;
  Arena arena;
  std::string model;
  Slice large = owned(std::string(20'000, 'L'));  // of which the queue gets pieces
  for (int step = 0; step < 50'000; ++step) {
    const std::string text(random() % 40, static_cast<char>('a' + random() % 26));
    switch (random() % 7) {
      case 0:
      case 1:
        queue.append(lent(arena, text)), model += text;
        break;
      case 2:
        queue.append(owned(text)), model += text;
        break;
      case 4: {
        const std::size_t length = std::min<std::size_t>(large.size(), 1 + random() % 3000);
        queue.append(large.first(length)), model += std::string(length, 'L');
        large.drop_first(length);
        if (large.empty()) large = owned(std::string(20'000, 'L'));
        break;
      }
      case 3:
        queue.own_lent_bytes();
        break;
      default: {
        const std::size_t count =
            random() % 3 == 0 ? model.size() : random() % (model.size() / 2 + 1);
        ASSERT_EQ(gathered(queue, queue.slices() + 1, count), model.substr(0, count));
        queue.consume(count);
        model.erase(0, count);
      }
    }
    ASSERT_EQ(queue.size_bytes(), model.size());
    ASSERT_EQ(queue.empty(), model.empty());
    if (step % 64 == 0) {
      ASSERT_EQ(everything(queue), model);
    }
  }
}

}  // namespace
}  // namespace switchboard
