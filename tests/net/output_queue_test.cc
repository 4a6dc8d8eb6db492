// OutputQueue against a string: whatever is appended comes out, in order, once.
#include "switchboard/net/output_queue.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <random>
#include <string>

#include "support/testing.hpp"

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

TEST_CASE("output queue: it is first in, first out, and counts its bytes") {
  OutputQueue queue;
  CHECK(queue.empty());
  queue.append(owned("one "));
  queue.append(Slice{});
  queue.append(owned("two "));
  queue.append(owned("three"));
  CHECK_EQ(queue.size_bytes(), 13U);
  CHECK_EQ(queue.slices(), 3U);
  CHECK_EQ(everything(queue), "one two three");
  queue.consume(6);
  CHECK_EQ(everything(queue), "o three");
  CHECK_EQ(queue.size_bytes(), 7U);
  queue.consume(7);
  CHECK(queue.empty());
  CHECK_EQ(queue.slices(), 0U);
}

TEST_CASE("output queue: everything after the first message can be dropped") {
  for (const std::string first : {"one\ntwo\n", "one\n", "on", "o"}) {
    const std::string all = "one\ntwo\nthree\n";
    OutputQueue queue;
    queue.append(owned(first));
    for (std::size_t at = first.size(); at < all.size(); ++at) queue.append(owned({all[at]}));
    queue.drop_behind(std::byte{'.'});
    CHECK_MESSAGE(everything(queue) == all, "nothing to stop at");
    queue.consume(1);
    queue.drop_behind(std::byte{'\n'});
    CHECK_EQ(everything(queue), "ne\n");
    CHECK_EQ(queue.size_bytes(), 3U);
    queue.append(owned("last"));
    CHECK_EQ(everything(queue), "ne\nlast");
    queue.own_lent_bytes();
    queue.consume(7);
    CHECK(queue.empty());
    queue.drop_behind(std::byte{'\n'});
  }
}

TEST_CASE("output queue: it gathers no more pieces and bytes than asked for") {
  OutputQueue queue;
  for (const char* word : {"aa", "bb", "cc"}) queue.append(owned(word));
  CHECK_EQ(gathered(queue, 2, SIZE_MAX), "aabb");
  CHECK_EQ(gathered(queue, 9, 3), "aab");
  CHECK_EQ(gathered(queue, 9, 4), "aabb");
  CHECK_EQ(gathered(queue, 0, 4), "");
}

TEST_CASE("output queue: slices that touch leave as one piece") {
  OutputQueue queue;
  Arena arena;
  queue.append(owned("first "));
  for (int i = 0; i < 1000; ++i) queue.append(lent(arena, "x"));
  CHECK_EQ(queue.slices(), 2U);
  CHECK_EQ(queue.size_bytes(), 1006U);
}

TEST_CASE("output queue: a block is released as soon as its bytes are consumed") {
  OutputQueue queue;
  Slice message = Slice::copy_of(bytes_of("shared by many"), 100);
  queue.append(message);
  queue.append(owned("more"));
  CHECK_MESSAGE(message.append_in_place(bytes_of("!")) == 0U, "the queue looks at it");
  queue.consume(message.size());
  CHECK_MESSAGE(message.append_in_place(bytes_of("!")) == 1U, "nobody else does any more");
}

TEST_CASE("output queue: bytes that stay are copied out of the arena") {
  OutputQueue queue;
  Arena arena;
  const std::byte* front = arena.reserve(1).data();
  queue.append(lent(arena, "ten bytes."));
  queue.append(owned("mine"));
  queue.append(lent(arena, "and more"));
  queue.own_lent_bytes();
  CHECK_EQ(everything(queue), "ten bytes.mineand more");
  CHECK_MESSAGE(arena.reserve(1).data() == front, "the arena is free again");
}

TEST_CASE(
    "output queue: a trickle into a stalled queue fills blocks, not one block for each byte") {
  OutputQueue queue;
  Arena arena;
  for (int i = 0; i < 10'000; ++i) {
    queue.append(lent(arena, "y"));
    queue.own_lent_bytes();
  }
  CHECK_EQ(everything(queue), std::string(10'000, 'y'));
  CHECK_LE(queue.slices(), 5U);
}

// Answers of its own between short messages in blocks of theirs: each answer took 4 KiB.
TEST_CASE("output queue: small pieces of every kind share blocks") {
  OutputQueue queue;
  Arena arena;
  for (int i = 0; i < 10'000; ++i) {
    queue.append(lent(arena, "y"));
    queue.append(owned("z"));
    queue.own_lent_bytes();
  }
  CHECK_EQ(queue.size_bytes(), 20'000U);
  CHECK_LE(queue.slices(), 8U);
}

// A few bytes each of blocks that others filled.
TEST_CASE("output queue: blocks that others filled are released once the queue has moved on") {
  OutputQueue queue;
  std::vector<Slice> filled;
  for (int i = 0; i < 4; ++i) {
    filled.push_back(Slice::copy_of(bytes_of(std::string(64 * 1024, 'x'))));
    queue.append(filled.back().first(2000));
    queue.own_lent_bytes();
  }
  CHECK_EQ(everything(queue), std::string(8000, 'x'));
  std::vector<std::size_t> still_held;
  for (std::size_t i = 0; i < filled.size(); ++i) {
    if (filled[i].is_shared()) still_held.push_back(i);
  }
  CHECK_MESSAGE(still_held == (std::vector<std::size_t>{0, 3}), "the first, and what may grow yet");
}

TEST_CASE("output queue: the last piece may grow before it is copied") {
  OutputQueue queue;
  const Slice block = Slice::copy_of(bytes_of(std::string(4000, 'x') + std::string(4000, 'y')));
  queue.append(owned("first"));
  for (std::size_t at = 0; at < block.size(); at += 100) {
    queue.append(block.without_first(at).first(100));
    queue.own_lent_bytes();
  }
  queue.append(owned("behind"));
  queue.own_lent_bytes();
  CHECK_EQ(queue.slices(), 3U);
  CHECK_EQ(everything(queue), "first" + std::string(4000, 'x') + std::string(4000, 'y') + "behind");
  CHECK_MESSAGE(block.is_shared(), "all of it is queued: nothing is gained by a copy");
}

TEST_CASE("output queue: a block that others share is neither copied nor written to") {
  OutputQueue queue;
  Arena arena;
  const Slice message = Slice::copy_of(bytes_of("broadcast"), 4096);
  const Slice others = message;
  queue.append(message);
  queue.append(lent(arena, " mine"));
  queue.own_lent_bytes();
  CHECK_EQ(everything(queue), "broadcast mine");
  CHECK_EQ(queue.front().data(), others.bytes().data());
}

TEST_CASE("output queue: it agrees with a string under random operations") {
  const char* given = std::getenv("SWITCHBOARD_SEED");
  const auto seed = given != nullptr ? std::strtoul(given, nullptr, 10) : std::random_device{}();
  INFO(("SWITCHBOARD_SEED=" + std::to_string(seed)));
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
        REQUIRE_EQ(gathered(queue, queue.slices() + 1, count), model.substr(0, count));
        queue.consume(count);
        model.erase(0, count);
      }
    }
    REQUIRE_EQ(queue.size_bytes(), model.size());
    REQUIRE_EQ(queue.empty(), model.empty());
    if (step % 64 == 0) {
      REQUIRE_EQ(everything(queue), model);
    }
  }
}

}  // namespace
}  // namespace switchboard
