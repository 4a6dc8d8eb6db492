// Every codec on arbitrary bytes: the same frames whole and in pieces, none over the limit, and
// what was decoded encodes to what it was decoded from. The first byte chooses the codec, the
// second the size of the pieces.
#include <cstdint>
#include <cstdlib>

#include "framing/codecs.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace switchboard;
  static const auto rows = test::codec_rows();
  if (size < 2) return 0;
  const test::CodecRow& row = rows[data[0] % rows.size()];
  const std::size_t piece = data[1] % 16U + 1;
  const auto stream = std::as_bytes(std::span{data, size}.subspan(2));
  std::vector<std::size_t> cuts;
  for (std::size_t cut = piece; cut < stream.size(); cut += piece) cuts.push_back(cut);

  const test::Decoded whole = decode(row.make(), stream, {});
  if (!(whole == decode(row.make(), stream, cuts))) std::abort();
  test::Bytes again;
  const test::AnyCodec codec = row.make();
  for (const test::Bytes& frame : whole.frames) {
    if (frame.size() > test::limit_bytes) std::abort();
    if (codec.encode(frame, again) != FrameStatus::complete) std::abort();
  }
  if (whole.frames.empty()) return 0;
  if (whole.frames != decode(row.make(), again, {}).frames) std::abort();
  return 0;
}
