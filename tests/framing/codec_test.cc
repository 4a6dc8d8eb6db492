// Every codec over every split of a stream, and what each refuses.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

#include "framing/codecs.hpp"

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
    EXPECT_TRUE(ignored.empty());
  }
}

std::vector<std::size_t> random_cuts(std::size_t size, Random& random) {
  std::vector<std::size_t> cuts(random() % 20);
  for (std::size_t& cut : cuts) cut = random() % (size + 1);
  std::ranges::sort(cuts);
  return cuts;
}

class EveryCodec : public testing::TestWithParam<CodecRow> {};

TEST_P(EveryCodec, gives_the_same_frames_however_the_stream_is_cut) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random{seed};
    const AnyCodec codec = GetParam().make();
    Decoded sent;
    Bytes stream;
    const bool is_one = std::string_view{GetParam().name} == "until_close";
    for (std::size_t count = is_one ? 1 : random() % 6; count > 0; --count) {
      sent.frames.push_back(random_payload(codec, random));
      ASSERT_EQ(codec.encode(sent.frames.back(), stream), FrameStatus::complete);
    }
    sent.status = is_one ? FrameStatus::complete : FrameStatus::incomplete;
    ASSERT_EQ(decode(GetParam().make(), stream, {}), sent);
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
      ASSERT_EQ(decode(GetParam().make(), stream, std::array{cut}), sent) << "cut at " << cut;
    }
    for (int i = 0; i < 20; ++i) {
      ASSERT_EQ(decode(GetParam().make(), stream, random_cuts(stream.size(), random)), sent);
    }
  }
}

TEST_P(EveryCodec, makes_the_same_of_rubbish_however_it_is_cut) {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random{seed};
    Bytes stream(random() % 300);
    for (std::byte& byte : stream) byte = random_byte(random);
    const Decoded whole = decode(GetParam().make(), stream, {});
    const Decoded cut = decode(GetParam().make(), stream, random_cuts(stream.size(), random));
    ASSERT_EQ(whole, cut);
    for (const Bytes& frame : whole.frames) ASSERT_LE(frame.size(), test::limit_bytes);
  }
}

TEST_P(EveryCodec, one_byte_at_a_time_is_as_good) {
  Random random{1};
  const AnyCodec codec = GetParam().make();
  const Bytes payload = random_payload(codec, random);
  Bytes stream;
  codec.encode(payload, stream);
  std::vector<std::size_t> cuts;
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) cuts.push_back(cut);
  EXPECT_EQ(decode(GetParam().make(), stream, cuts).frames, Frames{payload});
}

INSTANTIATE_TEST_SUITE_P(Codecs, EveryCodec, testing::ValuesIn(test::codec_rows()),
                         [](const testing::TestParamInfo<CodecRow>& row) {
                           return std::string{row.param.name};
                         });

Decoded decode_whole(AnyCodec codec, std::string_view stream) {
  return decode(std::move(codec), bytes_of(stream), {});
}

TEST(LengthPrefixed, a_length_over_the_limit_is_refused_before_its_payload_comes) {
  const auto status = [](LengthPrefix prefix, std::string_view header) {
    return LengthPrefixedCodec{prefix, 10}.next(bytes_of(header)).status;
  };
  EXPECT_EQ(status(LengthPrefix::integer(1), "\x0b"), FrameStatus::too_long);
  EXPECT_EQ(status(LengthPrefix::integer(1), "\x0a"), FrameStatus::incomplete);
  EXPECT_EQ(status(LengthPrefix::integer(4), "\xff\xff\xff\xff"), FrameStatus::too_long);
  EXPECT_EQ(status(LengthPrefix::integer(8), "\xff\xff\xff\xff\xff\xff\xff\xff"),
            FrameStatus::too_long);
  EXPECT_EQ(status(LengthPrefix::digits(5), "00011"), FrameStatus::too_long);
  EXPECT_EQ(status(LengthPrefix::digits(19), "9999999999999999999"), FrameStatus::too_long);
  EXPECT_EQ(status(LengthPrefix::varint(), "\x0b"), FrameStatus::too_long);
}

TEST(LengthPrefixed, digits_are_digits_and_told_at_the_first_that_is_none) {
  const AnyCodec codec = any(LengthPrefixedCodec{LengthPrefix::digits(5), 100});
  EXPECT_EQ(decode_whole(codec, "00003abc").frames, Frames{bytes_of("abc")});
  for (const char* wrong : {" ", "-", "0x", "+1", "000 3", "1e"}) {
    EXPECT_EQ(decode_whole(codec, wrong).status, FrameStatus::malformed) << wrong;
  }
}

TEST(LengthPrefixed, a_varint_of_more_than_64_bits_is_malformed) {
  const AnyCodec codec = any(LengthPrefixedCodec{LengthPrefix::varint(), SIZE_MAX});
  EXPECT_EQ(decode_whole(codec, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02").status,
            FrameStatus::malformed);
  EXPECT_EQ(decode_whole(codec, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01").status,
            FrameStatus::truncated);  // 2^64 - 1 bytes would follow
  EXPECT_EQ(decode_whole(codec, "\x81\x80").status, FrameStatus::truncated);
}

TEST(LengthPrefixed, the_prefix_is_what_others_write) {
  const auto header = [](LengthPrefix prefix, std::size_t length) {
    Bytes frame;
    EXPECT_EQ((LengthPrefixedCodec{prefix, 100'000}.encode(Bytes(length), frame)),
              FrameStatus::complete);
    frame.resize(frame.size() - length);
    return frame;
  };
  EXPECT_EQ(header(LengthPrefix::integer(2), 258), bytes_of("\x01\x02"));
  EXPECT_EQ(header(LengthPrefix::integer(2, std::endian::little), 258), bytes_of("\x02\x01"));
  EXPECT_EQ(header(LengthPrefix::integer(4), 258), bytes_of(std::string_view{"\0\0\1\2", 4}));
  EXPECT_EQ(header(LengthPrefix::varint(), 300),
            bytes_of("\xac\x02"));  // Protocol Buffers' example
  EXPECT_EQ(header(LengthPrefix::digits(5), 42), bytes_of("00042"));
}

TEST(LengthPrefixed, what_the_prefix_cannot_tell_is_not_encoded) {
  Bytes out = bytes_of("before");
  const LengthPrefixedCodec byte{LengthPrefix::integer(1), 1000};
  EXPECT_EQ(byte.encode(Bytes(256), out), FrameStatus::too_long);
  const LengthPrefixedCodec digit{LengthPrefix::digits(1), 1000};
  EXPECT_EQ(digit.encode(Bytes(10), out), FrameStatus::too_long);
  const LengthPrefixedCodec limited{LengthPrefix::integer(2), 9};
  EXPECT_EQ(limited.encode(Bytes(10), out), FrameStatus::too_long);
  EXPECT_EQ(out, bytes_of("before"));
}

TEST(LengthPrefixed, a_prefix_that_cannot_be_is_refused) {
  EXPECT_THROW(LengthPrefix::integer(3), std::invalid_argument);
  EXPECT_THROW(LengthPrefix::digits(0), std::invalid_argument);
  EXPECT_THROW(LengthPrefix::digits(20), std::invalid_argument);
}

TEST(Delimited, several_frames_of_one_receive_come_one_by_one_and_the_rest_is_left) {
  DelimitedCodec codec{"\n", 100};
  const Bytes input = bytes_of("one\n\ntwo\nthr");
  std::vector<Bytes> lines;
  const auto decoded =
      decode_frames(codec, input, [&](auto line) { lines.emplace_back(line.begin(), line.end()); });
  EXPECT_EQ(lines, (Frames{bytes_of("one"), bytes_of(""), bytes_of("two")}));
  EXPECT_EQ(decoded.consumed_bytes, 9U);
  EXPECT_EQ(decoded.status, FrameStatus::incomplete);
}

TEST(Delimited, the_limit_is_of_the_payload) {
  const auto codec = [] { return any(DelimitedCodec{"\r\n", 4}); };
  EXPECT_EQ(decode_whole(codec(), "four\r\n").frames, Frames{bytes_of("four")});
  EXPECT_EQ(decode_whole(codec(), "four\r").status, FrameStatus::truncated);
  EXPECT_EQ(decode_whole(codec(), "fives\r\n").status, FrameStatus::too_long);
  EXPECT_EQ(decode_whole(codec(), "endless").status, FrameStatus::too_long);
}

TEST(Delimited, a_payload_in_which_the_mark_would_be_found_is_not_encoded) {
  const DelimitedCodec codec{"||", 100};
  Bytes out;
  EXPECT_EQ(codec.encode(bytes_of("a||b"), out), FrameStatus::malformed);
  EXPECT_EQ(codec.encode(bytes_of("a|"), out), FrameStatus::malformed);  // "a|||" ends at 1
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(codec.encode(bytes_of("a|b"), out), FrameStatus::complete);
}

TEST(Delimited, an_empty_mark_is_refused) {
  EXPECT_THROW(DelimitedCodec("", 10), std::invalid_argument);
}

TEST(Fixed, nothing_but_the_length_is_encoded) {
  const FixedCodec codec{3};
  Bytes out;
  EXPECT_EQ(codec.encode(bytes_of("ab"), out), FrameStatus::malformed);
  EXPECT_EQ(codec.encode(bytes_of("abcd"), out), FrameStatus::too_long);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(decode_whole(any(codec), "abcde").status, FrameStatus::truncated);
  EXPECT_THROW(FixedCodec{0}, std::invalid_argument);
}

TEST(Typed, an_unknown_type_is_malformed) {
  const AnyCodec codec = any(TypedCodec{{std::byte{'p'}, 1}, {std::byte{'q'}, 3}});
  EXPECT_EQ(decode_whole(codec, "pq12p").frames,
            (Frames{bytes_of("p"), bytes_of("q12"), bytes_of("p")}));
  EXPECT_EQ(decode_whole(codec, "px").status, FrameStatus::malformed);
  EXPECT_EQ(decode_whole(codec, "q1").status, FrameStatus::truncated);
  Bytes out;
  EXPECT_EQ(codec.encode(bytes_of("q1"), out), FrameStatus::malformed);
  EXPECT_EQ(codec.encode({}, out), FrameStatus::malformed);
  EXPECT_THROW((TypedCodec{{std::byte{1}, 0}}), std::invalid_argument);
  EXPECT_THROW((TypedCodec{{std::byte{1}, 1}, {std::byte{1}, 2}}), std::invalid_argument);
}

TEST(UntilClose, all_of_a_stream_is_one_frame_and_empty_is_one_too) {
  const AnyCodec codec = any(UntilCloseCodec{4});
  EXPECT_EQ(decode_whole(codec, "abcd").frames, Frames{bytes_of("abcd")});
  EXPECT_EQ(decode_whole(codec, "").frames, Frames{Bytes{}});
  EXPECT_EQ(decode_whole(codec, "abcde").status, FrameStatus::too_long);
}

// Where a stream ends with more than the limit at once, nobody was asked before the end.
TEST(UntilClose, what_is_over_the_limit_is_refused_at_the_end_and_is_not_encoded) {
  const UntilCloseCodec codec{4};
  EXPECT_EQ(codec.at_end(bytes_of("abcde")).status, FrameStatus::too_long);
  Bytes out;
  EXPECT_EQ(codec.encode(bytes_of("abcde"), out), FrameStatus::too_long);
  EXPECT_TRUE(out.empty());
}

TEST(FrameStatus, each_has_a_name_of_its_own) {
  using enum FrameStatus;
  EXPECT_EQ(to_string(complete), "complete");
  EXPECT_EQ(to_string(incomplete), "incomplete");
  EXPECT_EQ(to_string(too_long), "too long");
  EXPECT_EQ(to_string(malformed), "malformed");
  EXPECT_EQ(to_string(truncated), "truncated");
}

}  // namespace
}  // namespace switchboard
