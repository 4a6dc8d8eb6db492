// What the targets of the codecs share.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "framing/codecs.hpp"

namespace switchboard::test {

// Arbitrary bytes to the codecs of one kind: the same frames whole and in pieces, none over the
// limit, and what was decoded encodes to what decodes to it again. The first byte chooses which of
// its rows, the second the size of the pieces.
inline void fuzz_codec(std::string_view kind, const std::uint8_t* data, std::size_t size) {
  static const auto rows = codec_rows(kind);
  if (size < 2) return;
  const CodecRow& row = rows[data[0] % rows.size()];
  const std::size_t piece = data[1] % 16U + 1;
  const auto stream = std::as_bytes(std::span{data, size}.subspan(2));
  std::vector<std::size_t> cuts;
  for (std::size_t cut = piece; cut < stream.size(); cut += piece) cuts.push_back(cut);

  const Decoded whole = decode(row.make(), stream, {});
  if (!(whole == decode(row.make(), stream, cuts))) std::abort();
  Bytes again;
  const AnyCodec codec = row.make();
  for (const Bytes& frame : whole.frames) {
    if (frame.size() > limit_bytes) std::abort();
    if (codec.encode(frame, again) != FrameStatus::complete) std::abort();
  }
  if (whole.frames.empty()) return;
  if (whole.frames != decode(row.make(), again, {}).frames) std::abort();
}

}  // namespace switchboard::test
