// Block, Slice and Arena: who keeps bytes alive, and when the arena uses its room again.
#include "switchboard/reactor/block.hpp"

#include <algorithm>
#include <string>

#include "support/testing.hpp"

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

TEST_CASE("slice: parts share the bytes of the whole") {
  const Slice whole = Slice::copy_of(bytes_of("switchboard"));
  const Slice last = whole.without_first(6);
  const Slice first = whole.first(6);
  CHECK_EQ(text_of(first), "switch");
  CHECK_EQ(text_of(last), "board");
  CHECK_EQ(last.bytes().data(), whole.bytes().data() + 6);
}

TEST_CASE("slice: it merges only with the next bytes of the same block") {
  const Slice whole = Slice::copy_of(bytes_of("switchboard"));
  Slice first = whole.first(6);
  CHECK_FALSE_MESSAGE(first.merge(whole.without_first(7)), "there is a gap");
  CHECK_FALSE_MESSAGE(first.merge(Slice::copy_of(bytes_of("board"))), "another block");
  CHECK(first.merge(whole.without_first(6)));
  CHECK_EQ(text_of(first), "switchboard");
  CHECK_FALSE(Slice{}.merge(whole));
}

TEST_CASE("slice: it appends in place only where nobody else looks at the block") {
  Slice alone = Slice::copy_of(bytes_of("ab"), 4);
  CHECK_MESSAGE(alone.append_in_place(bytes_of("cde")) == 2U, "as much as there is room for");
  CHECK_EQ(text_of(alone), "abcd");
  Slice shared = Slice::copy_of(bytes_of("ab"), 4);
  const Slice other = shared;
  CHECK_EQ(shared.append_in_place(bytes_of("c")), 0U);
  Slice lent = Slice::copy_of(bytes_of("ab"), 4, Block::Kind::lent);
  CHECK_EQ(lent.append_in_place(bytes_of("c")), 0U);
}

TEST_CASE("arena: it begins again at the front once nobody holds a slice") {
  Arena arena;
  const std::byte* front = nullptr;
  for (int i = 0; i < 1000; ++i) {
    const Slice slice = put(arena, "0123456789");
    if (i == 0) front = slice.bytes().data();
    CHECK_EQ(slice.bytes().data(), front);
  }
}

TEST_CASE("arena: it never touches bytes that somebody holds") {
  Arena arena;
  const Slice held = put(arena, "held");
  for (int i = 0; i < 100; ++i) (void)put(arena, std::string(Arena::largest_reservation, 'x'));
  CHECK_EQ(text_of(held), "held");
}

TEST_CASE("arena: slices that follow each other merge") {
  Arena arena;
  Slice first = put(arena, "one ");
  CHECK(first.merge(put(arena, "two")));
  CHECK_EQ(text_of(first), "one two");
  CHECK_EQ(arena.committed_bytes(), 7U);
}

TEST_CASE("arena: room for the kernel begins a cache line, whatever is in front of it") {
  Arena arena;
  const Slice held = put(arena, "held");
  for (const std::size_t before : {0U, 1U, 20U, 64U, 16U * 1024U}) {
    const auto room = arena.reserve_for_kernel(before, 64 * 1024);
    REQUIRE_GE(room.size(), before + 64 * 1024);
    CHECK_EQ(reinterpret_cast<std::uintptr_t>(room.data() + before) % 64, 0U);
    std::fill_n(room.begin(), before + 1, std::byte{'x'});
    CHECK_EQ(text_of(arena.commit(before + 1)), std::string(before + 1, 'x'));
  }
  CHECK_EQ(text_of(held), "held");
}

TEST_CASE("arena: a slice outlives it") {
  Slice slice;
  {
    Arena arena;
    slice = put(arena, "still here");
  }
  CHECK_EQ(text_of(slice), "still here");
  CHECK(slice.is_lent());
}

}  // namespace
}  // namespace switchboard
