// Block, Slice and Arena: who keeps bytes alive, and when the arena uses its room again.
#include "switchboard/reactor/block.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace switchboard {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span{text});
}

std::string text_of(const Slice& slice) {
  const auto bytes = slice.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Slice put(Arena& arena, const std::string& text) {
  std::ranges::copy(bytes_of(text), arena.reserve(text.size()).begin());
  return arena.commit(text.size());
}

TEST(Slice, parts_share_the_bytes_of_the_whole) {
  const Slice whole = Slice::copy_of(bytes_of("switchboard"));
  const Slice last = whole.without_first(6);
  const Slice first = whole.first(6);
  EXPECT_EQ(text_of(first), "switch");
  EXPECT_EQ(text_of(last), "board");
  EXPECT_EQ(last.bytes().data(), whole.bytes().data() + 6);
}

TEST(Slice, merges_only_with_what_follows_in_the_same_block) {
  const Slice whole = Slice::copy_of(bytes_of("switchboard"));
  Slice first = whole.first(6);
  EXPECT_FALSE(first.merge(whole.without_first(7))) << "there is a gap";
  EXPECT_FALSE(first.merge(Slice::copy_of(bytes_of("board")))) << "another block";
  EXPECT_TRUE(first.merge(whole.without_first(6)));
  EXPECT_EQ(text_of(first), "switchboard");
  EXPECT_FALSE(Slice{}.merge(whole));
}

TEST(Slice, appends_in_place_only_where_nobody_else_looks_at_the_block) {
  Slice alone = Slice::copy_of(bytes_of("ab"), 4);
  EXPECT_EQ(alone.append_in_place(bytes_of("cde")), 2U) << "as much as there is room for";
  EXPECT_EQ(text_of(alone), "abcd");
  Slice shared = Slice::copy_of(bytes_of("ab"), 4);
  const Slice other = shared;
  EXPECT_EQ(shared.append_in_place(bytes_of("c")), 0U);
  Slice lent = Slice::copy_of(bytes_of("ab"), 4, Block::Kind::lent);
  EXPECT_EQ(lent.append_in_place(bytes_of("c")), 0U);
}

TEST(Arena, begins_again_at_the_front_once_nobody_holds_a_slice) {
  Arena arena;
  const std::byte* front = nullptr;
  for (int i = 0; i < 1000; ++i) {
    const Slice slice = put(arena, "0123456789");
    if (i == 0) front = slice.bytes().data();
    EXPECT_EQ(slice.bytes().data(), front);
  }
}

TEST(Arena, never_touches_bytes_that_somebody_holds) {
  Arena arena;
  const Slice held = put(arena, "held");
  for (int i = 0; i < 100; ++i) (void)put(arena, std::string(Arena::largest_reservation, 'x'));
  EXPECT_EQ(text_of(held), "held");
}

TEST(Arena, slices_that_follow_each_other_merge) {
  Arena arena;
  Slice first = put(arena, "one ");
  EXPECT_TRUE(first.merge(put(arena, "two")));
  EXPECT_EQ(text_of(first), "one two");
  EXPECT_EQ(arena.committed_bytes(), 7U);
}

TEST(Arena, what_the_kernel_fills_begins_a_cache_line_whatever_is_in_front_of_it) {
  Arena arena;
  const Slice held = put(arena, "held");
  for (const std::size_t before : {0U, 1U, 20U, 64U, 16U * 1024U}) {
    const auto room = arena.reserve_for_kernel(before, 64 * 1024);
    ASSERT_GE(room.size(), before + 64 * 1024);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(room.data() + before) % 64, 0U);
    std::fill_n(room.begin(), before + 1, std::byte{'x'});
    EXPECT_EQ(text_of(arena.commit(before + 1)), std::string(before + 1, 'x'));
  }
  EXPECT_EQ(text_of(held), "held");
}

TEST(Arena, a_slice_outlives_it) {
  Slice slice;
  {
    Arena arena;
    slice = put(arena, "still here");
  }
  EXPECT_EQ(text_of(slice), "still here");
  EXPECT_TRUE(slice.is_lent());
}

}  // namespace
}  // namespace switchboard
