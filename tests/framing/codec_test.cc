// Every codec over every split of a stream, and what each refuses.
#include <algorithm>
#include <array>
#include <random>

#include "framing/codecs.hpp"
#include "support/testing.hpp"

namespace switchboard {
namespace {

using test::any;
using test::AnyCodec;
using test::Bytes;
using test::bytes_of;
using test::CodecRow;
using test::Decoded;

using Frames = std::vector<Bytes>;

using Random = std::mt19937_64;

// Bytes that make trouble come often: zero, and what delimiters and prefixes are made of.
std::byte random_byte(Random& random) {
  constexpr std::string_view troublesome{"\0\n\ra0b\x7f\x80\xff", 9};
  if (random() % 2 == 0) return static_cast<std::byte>(troublesome[random() % troublesome.size()]);
  return static_cast<std::byte>(random());
}

// A payload that the codec can carry.
Bytes random_payload(const AnyCodec& codec, Random& random) {
  for (;;) {
    constexpr std::array<std::size_t, 6> usual{0, 1, 4, 5, 32, test::limit_bytes};
    Bytes payload(random() % 2 == 0 ? usual[random() % usual.size()] : random() % 100);
    for (std::byte& byte : payload) byte = random_byte(random);
    Bytes ignored;
    if (codec.encode(payload, ignored) == FrameStatus::complete) return payload;
    CHECK(ignored.empty());
  }
}

std::vector<std::size_t> random_cuts(std::size_t size, Random& random) {
  std::vector<std::size_t> cuts(random() % 20);
  for (std::size_t& cut : cuts) cut = random() % (size + 1);
  std::ranges::sort(cuts);
  return cuts;
}

CASES("codec: the frames are the same however the stream is cut", test::codec_rows(),
      const CodecRow& row) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed ", seed);
    Random random{seed};
    const AnyCodec codec = row.make();
    Decoded sent;
    Bytes stream;
    const bool is_one = std::string_view{row.kind} == "until_close";
    for (std::size_t count = is_one ? 1 : random() % 6; count > 0; --count) {
      sent.frames.push_back(random_payload(codec, random));
      REQUIRE_EQ(codec.encode(sent.frames.back(), stream), FrameStatus::complete);
    }
    sent.status = is_one ? FrameStatus::complete : FrameStatus::incomplete;
    REQUIRE_EQ(decode(row.make(), stream, {}), sent);
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
      REQUIRE_MESSAGE(decode(row.make(), stream, std::array{cut}) == sent, "cut at ", cut);
    }
    for (int i = 0; i < 20; ++i) {
      REQUIRE_EQ(decode(row.make(), stream, random_cuts(stream.size(), random)), sent);
    }
  }
}

CASES("codec: rubbish gives the same result however it is cut", test::codec_rows(),
      const CodecRow& row) {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    INFO("seed ", seed);
    Random random{seed};
    Bytes stream(random() % 300);
    for (std::byte& byte : stream) byte = random_byte(random);
    const Decoded whole = decode(row.make(), stream, {});
    const Decoded cut = decode(row.make(), stream, random_cuts(stream.size(), random));
    REQUIRE_EQ(whole, cut);
    for (const Bytes& frame : whole.frames) REQUIRE_LE(frame.size(), test::limit_bytes);
  }
}

CASES("codec: a stream that comes byte by byte gives the same frame", test::codec_rows(),
      const CodecRow& row) {
  Random random{1};
  const AnyCodec codec = row.make();
  const Bytes payload = random_payload(codec, random);
  Bytes stream;
  codec.encode(payload, stream);
  std::vector<std::size_t> cuts;
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) cuts.push_back(cut);
  CHECK_EQ(decode(row.make(), stream, cuts).frames, Frames{payload});
}

Decoded decode_whole(AnyCodec codec, std::string_view stream) {
  return decode(std::move(codec), bytes_of(stream), {});
}

TEST_CASE("length prefixed: a length over the limit is refused before its payload comes") {
  const auto status = [](LengthPrefix prefix, std::string_view header) {
    return LengthPrefixedCodec{prefix, 10}.next(bytes_of(header)).status;
  };
  CHECK_EQ(status(LengthPrefix::integer(1), "\x0b"), FrameStatus::too_long);
  CHECK_EQ(status(LengthPrefix::integer(1), "\x0a"), FrameStatus::incomplete);
  CHECK_EQ(status(LengthPrefix::integer(4), "\xff\xff\xff\xff"), FrameStatus::too_long);
  CHECK_EQ(status(LengthPrefix::integer(8), "\xff\xff\xff\xff\xff\xff\xff\xff"),
           FrameStatus::too_long);
  CHECK_EQ(status(LengthPrefix::digits(5), "00011"), FrameStatus::too_long);
  CHECK_EQ(status(LengthPrefix::digits(19), "9999999999999999999"), FrameStatus::too_long);
  CHECK_EQ(status(LengthPrefix::varint(), "\x0b"), FrameStatus::too_long);
}

TEST_CASE("length prefixed: a prefix of digits is refused at the first byte that is not a digit") {
  const AnyCodec codec = any(LengthPrefixedCodec{LengthPrefix::digits(5), 100});
  CHECK_EQ(decode_whole(codec, "00003abc").frames, Frames{bytes_of("abc")});
  for (const char* wrong : {" ", "-", "0x", "+1", "000 3", "1e"}) {
    CHECK_MESSAGE(decode_whole(codec, wrong).status == FrameStatus::malformed, wrong);
  }
}

TEST_CASE("length prefixed: a varint of more than 64 bits is malformed") {
  const AnyCodec codec = any(LengthPrefixedCodec{LengthPrefix::varint(), SIZE_MAX});
  CHECK_EQ(decode_whole(codec, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02").status,
           FrameStatus::malformed);
  CHECK_EQ(decode_whole(codec, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01").status,
           FrameStatus::truncated);  // 2^64 - 1 bytes would follow
  CHECK_EQ(decode_whole(codec, "\x81\x80").status, FrameStatus::truncated);
}

TEST_CASE("length prefixed: each prefix is written as other programs write it") {
  const auto header = [](LengthPrefix prefix, std::size_t length) {
    Bytes frame;
    CHECK_EQ((LengthPrefixedCodec{prefix, 100'000}.encode(Bytes(length), frame)),
             FrameStatus::complete);
    frame.resize(frame.size() - length);
    return frame;
  };
  CHECK_EQ(header(LengthPrefix::integer(2), 258), bytes_of("\x01\x02"));
  CHECK_EQ(header(LengthPrefix::integer(2, std::endian::little), 258), bytes_of("\x02\x01"));
  CHECK_EQ(header(LengthPrefix::integer(4), 258), bytes_of(std::string_view{"\0\0\1\2", 4}));
  CHECK_EQ(header(LengthPrefix::varint(), 300), bytes_of("\xac\x02"));  // Protocol Buffers' example
  CHECK_EQ(header(LengthPrefix::digits(5), 42), bytes_of("00042"));
}

TEST_CASE("length prefixed: a length that the prefix cannot hold is not encoded") {
  Bytes out = bytes_of("before");
  const LengthPrefixedCodec byte{LengthPrefix::integer(1), 1000};
  CHECK_EQ(byte.encode(Bytes(256), out), FrameStatus::too_long);
  const LengthPrefixedCodec digit{LengthPrefix::digits(1), 1000};
  CHECK_EQ(digit.encode(Bytes(10), out), FrameStatus::too_long);
  const LengthPrefixedCodec limited{LengthPrefix::integer(2), 9};
  CHECK_EQ(limited.encode(Bytes(10), out), FrameStatus::too_long);
  CHECK_EQ(out, bytes_of("before"));
}

TEST_CASE("length prefixed: an impossible prefix is refused") {
  CHECK_THROWS_AS(LengthPrefix::integer(3), std::invalid_argument);
  CHECK_THROWS_AS(LengthPrefix::digits(0), std::invalid_argument);
  CHECK_THROWS_AS(LengthPrefix::digits(20), std::invalid_argument);
}

TEST_CASE("delimited: several frames of one receive come one by one, and the rest is left") {
  DelimitedCodec codec{"\n", 100};
  const Bytes input = bytes_of("one\n\ntwo\nthr");
  std::vector<Bytes> lines;
  const auto decoded =
      decode_frames(codec, input, [&](auto line) { lines.emplace_back(line.begin(), line.end()); });
  CHECK_EQ(lines, (Frames{bytes_of("one"), bytes_of(""), bytes_of("two")}));
  CHECK_EQ(decoded.consumed_bytes, 9U);
  CHECK_EQ(decoded.status, FrameStatus::incomplete);
}

TEST_CASE("delimited: the limit counts the payload without the mark") {
  const auto codec = [] { return any(DelimitedCodec{"\r\n", 4}); };
  CHECK_EQ(decode_whole(codec(), "four\r\n").frames, Frames{bytes_of("four")});
  CHECK_EQ(decode_whole(codec(), "four\r").status, FrameStatus::truncated);
  CHECK_EQ(decode_whole(codec(), "fives\r\n").status, FrameStatus::too_long);
  CHECK_EQ(decode_whole(codec(), "endless").status, FrameStatus::too_long);
}

TEST_CASE("delimited: a payload in which the mark would be found is not encoded") {
  const DelimitedCodec codec{"||", 100};
  Bytes out;
  CHECK_EQ(codec.encode(bytes_of("a||b"), out), FrameStatus::malformed);
  CHECK_EQ(codec.encode(bytes_of("a|"), out), FrameStatus::malformed);  // "a|||" ends at 1
  CHECK(out.empty());
  CHECK_EQ(codec.encode(bytes_of("a|b"), out), FrameStatus::complete);
}

TEST_CASE("delimited: an empty mark is refused") {
  CHECK_THROWS_AS(DelimitedCodec("", 10), std::invalid_argument);
}

TEST_CASE("fixed: a payload of any other length is not encoded") {
  const FixedCodec codec{3};
  Bytes out;
  CHECK_EQ(codec.encode(bytes_of("ab"), out), FrameStatus::malformed);
  CHECK_EQ(codec.encode(bytes_of("abcd"), out), FrameStatus::too_long);
  CHECK(out.empty());
  CHECK_EQ(decode_whole(any(codec), "abcde").status, FrameStatus::truncated);
  CHECK_THROWS_AS(FixedCodec{0}, std::invalid_argument);
}

TEST_CASE("typed: an unknown type is malformed") {
  const AnyCodec codec = any(TypedCodec{{std::byte{'p'}, 1}, {std::byte{'q'}, 3}});
  CHECK_EQ(decode_whole(codec, "pq12p").frames,
           (Frames{bytes_of("p"), bytes_of("q12"), bytes_of("p")}));
  CHECK_EQ(decode_whole(codec, "px").status, FrameStatus::malformed);
  CHECK_EQ(decode_whole(codec, "q1").status, FrameStatus::truncated);
  Bytes out;
  CHECK_EQ(codec.encode(bytes_of("q1"), out), FrameStatus::malformed);
  CHECK_EQ(codec.encode({}, out), FrameStatus::malformed);
  CHECK_THROWS_AS((TypedCodec{{std::byte{1}, 0}}), std::invalid_argument);
  CHECK_THROWS_AS((TypedCodec{{std::byte{1}, 1}, {std::byte{1}, 2}}), std::invalid_argument);
}

TEST_CASE("until close: a whole stream is one frame, and so is an empty one") {
  const AnyCodec codec = any(UntilCloseCodec{4});
  CHECK_EQ(decode_whole(codec, "abcd").frames, Frames{bytes_of("abcd")});
  CHECK_EQ(decode_whole(codec, "").frames, Frames{Bytes{}});
  CHECK_EQ(decode_whole(codec, "abcde").status, FrameStatus::too_long);
}

// Where a stream ends with more than the limit at once, nobody was asked before the end.
TEST_CASE("until close: a stream over the limit is refused at its end, and is not encoded") {
  const UntilCloseCodec codec{4};
  CHECK_EQ(codec.at_end(bytes_of("abcde")).status, FrameStatus::too_long);
  Bytes out;
  CHECK_EQ(codec.encode(bytes_of("abcde"), out), FrameStatus::too_long);
  CHECK(out.empty());
}

TEST_CASE("frame status: each has a name of its own") {
  using enum FrameStatus;
  CHECK_EQ(to_string(complete), "complete");
  CHECK_EQ(to_string(incomplete), "incomplete");
  CHECK_EQ(to_string(too_long), "too long");
  CHECK_EQ(to_string(malformed), "malformed");
  CHECK_EQ(to_string(truncated), "truncated");
}

}  // namespace
}  // namespace switchboard
