#include "load/room_stream.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "support/testing.hpp"

namespace switchboard::load {
namespace {

using Position = RoomStream::Position;

// Of different lengths.
class ThreeMessages {
 protected:
  ThreeMessages() {
    stream.append("one\n", {.publisher = 0, .number = 0, .moment_ns = 10});
    stream.append("three\n", {.publisher = 1, .number = 0, .moment_ns = 10});
    stream.append("two\n", {.publisher = 0, .number = 1, .moment_ns = 20});
  }

  std::pair<std::uint64_t, std::size_t> match(Position position, std::string_view bytes) const {
    const RoomStream::Match match = stream.match(position, bytes);
    return {match.messages, match.bytes};
  }
  using Matched = std::pair<std::uint64_t, std::size_t>;

  RoomStream stream;
};

TEST_CASE_FIXTURE(ThreeMessages, "room stream: whole messages are matched from the beginning") {
  CHECK_EQ(match(0, "one\nthree\ntwo\n"), Matched(3, 14));
  CHECK_EQ(match(1, "three\ntwo\n"), Matched(2, 10));
  CHECK_MESSAGE(match(0, "one\nthree\nt") == Matched(2, 10), "half a message");
  CHECK_MESSAGE(match(0, "one") == Matched(0, 0), "only half a message");
  CHECK_MESSAGE(match(0, "one\nthree\ntwo\nfour\n") == Matched(3, 14), "a new message");
  CHECK_MESSAGE(match(0, "one\nfive\ntwo\n") == Matched(1, 4), "something else in between");
  CHECK_MESSAGE(match(0, "one\nthreX\n") == Matched(1, 4), "a wrong byte at a message's end");
  CHECK_EQ(match(0, "One\n"), Matched(0, 0));
  CHECK_MESSAGE(match(3, "one\n") == Matched(0, 0), "at the end");
}

TEST_CASE_FIXTURE(ThreeMessages,
                  "room stream: a moment is told once for each run of its messages") {
  using Runs = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
  const auto runs = [&](Position from, Position to) {
    Runs found;
    stream.for_each_moment(from, to, [&](std::uint64_t moment_ns, std::uint64_t messages) {
      found.emplace_back(moment_ns, messages);
    });
    return found;
  };
  CHECK_EQ(runs(0, 3), (Runs{{10, 2}, {20, 1}}));
  CHECK_EQ(runs(1, 2), (Runs{{10, 1}}));
  CHECK_EQ(runs(1, 3), (Runs{{10, 1}, {20, 1}}));
  CHECK_EQ(runs(2, 3), (Runs{{20, 1}}));
}

// Members that get a long stream in pieces of every length, in any order: all that the slowest has
// got has passed all of them.
TEST_CASE("room stream: it is kept from where the slowest member stands") {
  std::mt19937 random{7};  // NOLINT(bugprone-random-generator-seed): the same each time
  RoomStream stream;
  struct Member {
    Position position;
    std::size_t offset = 0;  // in `said`
  };
  std::vector<Member> members;
  for (int i = 0; i < 5; ++i) members.push_back({.position = stream.enter()});
  std::string said;
  std::uint64_t appended = 0;
  std::map<std::uint32_t, std::uint64_t> passed;
  for (int step = 0; step < 20'000; ++step) {
    if (random() % 3 == 0 && appended - stream.begin() < 300) {
      const std::string frame = std::to_string(appended) + std::string(random() % 50, 'x') + "\n";
      // As the member that is ahead would: it stands at the end.
      stream.append(frame, {.publisher = static_cast<std::uint32_t>(appended % 3),
                            .number = appended / 3,
                            .moment_ns = appended / 10});
      said += frame;
      ++appended;
      continue;
    }
    Member& member = members[random() % members.size()];
    const std::string_view piece = std::string_view{said}.substr(member.offset, random() % 400);
    const RoomStream::Match match = stream.match(member.position, piece);
    CHECK((match.bytes == 0 || piece[match.bytes - 1] == '\n'));
    stream.move(member.position, member.position + match.messages);
    member.position += match.messages;
    member.offset += match.bytes;
    stream.forget_passed([&](std::uint32_t publisher) { ++passed[publisher]; });
    Position slowest = appended;
    for (const Member& each : members) slowest = std::min(slowest, each.position);
    REQUIRE_EQ(stream.begin(), slowest);
    REQUIRE_EQ(passed[0] + passed[1] + passed[2], slowest);
    if (slowest < stream.end()) {
      REQUIRE_EQ(stream.at(slowest).number, slowest / 3);
      REQUIRE_EQ(stream.at(slowest).moment_ns, slowest / 10);
    }
  }
  CHECK_GT(stream.begin(), 1000U);
}

}  // namespace
}  // namespace switchboard::load
