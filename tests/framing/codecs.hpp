// Every codec, behind one face: what a table of tests walks.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "switchboard/framing/delimited.hpp"
#include "switchboard/framing/fixed.hpp"
#include "switchboard/framing/length_prefixed.hpp"
#include "switchboard/framing/typed.hpp"
#include "switchboard/framing/until_close.hpp"

namespace switchboard::test {

using Bytes = std::vector<std::byte>;

inline Bytes bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span{text});
  return {bytes.begin(), bytes.end()};
}

struct AnyCodec {
  std::function<Frame(std::span<const std::byte>)> next;
  std::function<Frame(std::span<const std::byte>)> at_end;
  std::function<FrameStatus(std::span<const std::byte>, Bytes&)> encode;
};

template <Codec T>
AnyCodec any(T codec) {
  const auto shared = std::make_shared<T>(std::move(codec));
  return {[shared](auto bytes) { return shared->next(bytes); },
          [shared](auto bytes) { return shared->at_end(bytes); },
          [shared](auto bytes, Bytes& out) { return shared->encode(bytes, out); }};
}

constexpr std::size_t limit_bytes = 200;

struct CodecRow {
  const char* kind;
  const char* name;
  std::function<AnyCodec()> make;  // a new one, for a new stream
};

inline std::vector<CodecRow> codec_rows() {
  const auto prefixed = [](LengthPrefix prefix) {
    return [prefix] { return any(LengthPrefixedCodec{prefix, limit_bytes}); };
  };
  const auto delimited = [](std::string_view mark) {
    return [mark] { return any(DelimitedCodec{mark, limit_bytes}); };
  };
  constexpr auto little = std::endian::little;
  return {
      {"fixed", "fixed of 1", [] { return any(FixedCodec{1}); }},
      {"fixed", "fixed of 5", [] { return any(FixedCodec{5}); }},
      {"typed", "typed",
       [] {
         return any(TypedCodec{{std::byte{0}, 1}, {std::byte{'a'}, 4}, {std::byte{0xFF}, 32}});
       }},
      {"delimited", "newline", delimited("\n")},
      {"delimited", "CRLF", delimited("\r\n")},
      {"delimited", "zero byte", delimited(std::string_view{"\0", 1})},
      {"delimited", "mark that repeats its beginning", delimited("aab")},
      {"delimited", "mark of one byte twice", delimited("aa")},
      {"length_prefixed", "u8", prefixed(LengthPrefix::integer(1))},
      {"length_prefixed", "u16 big", prefixed(LengthPrefix::integer(2))},
      {"length_prefixed", "u16 little", prefixed(LengthPrefix::integer(2, little))},
      {"length_prefixed", "u32 big", prefixed(LengthPrefix::integer(4))},
      {"length_prefixed", "u32 little", prefixed(LengthPrefix::integer(4, little))},
      {"length_prefixed", "u64 big", prefixed(LengthPrefix::integer(8))},
      {"length_prefixed", "u64 little", prefixed(LengthPrefix::integer(8, little))},
      {"length_prefixed", "varint", prefixed(LengthPrefix::varint())},
      {"length_prefixed", "digits of 5", prefixed(LengthPrefix::digits(5))},
      {"until_close", "until close", [] { return any(UntilCloseCodec{limit_bytes}); }},
  };
}

inline std::vector<CodecRow> codec_rows(std::string_view kind) {
  std::vector<CodecRow> rows = codec_rows();
  std::erase_if(rows, [kind](const CodecRow& row) { return kind != row.kind; });
  return rows;
}

// What a stream decodes to: its frames, and how it ends.
struct Decoded {
  std::vector<Bytes> frames;
  FrameStatus status = FrameStatus::incomplete;

  bool operator==(const Decoded&) const = default;
};

// Feeds the stream in pieces whose ends are at `cuts` (ascending), as receives would.
inline Decoded decode(AnyCodec codec, std::span<const std::byte> stream,
                      std::span<const std::size_t> cuts) {
  Decoded decoded;
  std::size_t consumed = 0;
  const auto feed = [&](std::size_t end) {
    for (;;) {
      const Frame frame = codec.next(stream.first(end).subspan(consumed));
      if (frame.status != FrameStatus::complete) return frame.status;
      decoded.frames.emplace_back(frame.payload.begin(), frame.payload.end());
      consumed += frame.size_bytes;
    }
  };
  for (const std::size_t cut : cuts) {
    decoded.status = feed(cut);
    if (decoded.status != FrameStatus::incomplete) return decoded;
  }
  decoded.status = feed(stream.size());
  if (decoded.status != FrameStatus::incomplete) return decoded;
  const Frame last = codec.at_end(stream.subspan(consumed));
  decoded.status = last.status;
  if (last.status == FrameStatus::complete) {
    decoded.frames.emplace_back(last.payload.begin(), last.payload.end());
  }
  return decoded;
}

}  // namespace switchboard::test
