// Codecs: what it costs to find the frames in 64 KiB of a stream, as much as a receive brings.
//
//   decode   whole frames, one after another; bytes of the stream a second
//   encode   the same frames, appended to a buffer that has room
//
// The payload is looked at nowhere but at its ends.
#include "switchboard/framing/delimited.hpp"
#include "switchboard/framing/length_prefixed.hpp"

#include "benchmarks.hpp"

namespace switchboard::bench {

namespace {

constexpr std::size_t stream_bytes = 64 * 1024;
constexpr std::size_t limit_bytes = 64 * 1024;

// As many frames as fit, each of `frame_bytes` with its header or delimiter.
template <Codec T>
std::vector<std::byte> stream_of(const T& codec, std::size_t frame_bytes) {
  std::vector<std::byte> empty;
  std::size_t overhead = 0;
  if (codec.encode({}, empty) == FrameStatus::complete) overhead = empty.size();
  const std::vector<std::byte> payload(frame_bytes - overhead, std::byte{'x'});
  std::vector<std::byte> stream;
  while (stream.size() + frame_bytes <= stream_bytes) codec.encode(payload, stream);
  return stream;
}

template <Codec T>
void decode(benchmark::State& state, T codec) {
  const auto stream = stream_of(codec, static_cast<std::size_t>(state.range(0)));
  std::size_t frames = 0;
  for (auto _ : state) {
    const auto decoded = decode_frames(codec, stream, [&](std::span<const std::byte> payload) {
      benchmark::DoNotOptimize(payload.data());
      ++frames;
    });
    if (decoded.consumed_bytes != stream.size()) state.SkipWithError("a frame was not found");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(stream.size()));
  report_time_per("per_frame", state, frames);
}

template <Codec T>
void encode(benchmark::State& state, T codec) {
  const auto stream = stream_of(codec, static_cast<std::size_t>(state.range(0)));
  T decoder = codec;
  const Frame first = decoder.next(stream);
  const std::size_t count = stream.size() / first.size_bytes;
  std::vector<std::byte> out;
  for (auto _ : state) {
    out.clear();
    for (std::size_t i = 0; i < count; ++i) codec.encode(first.payload, out);
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(stream.size()));
  report_time_per("per_frame", state, static_cast<std::size_t>(state.iterations()) * count);
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("bytes")->Arg(64)->Arg(1024);
}

const DelimitedCodec lines{"\n", limit_bytes};
const DelimitedCodec crlf_lines{"\r\n", limit_bytes};
const LengthPrefixedCodec u32{LengthPrefix::integer(4), limit_bytes};
const LengthPrefixedCodec varint{LengthPrefix::varint(), limit_bytes};
const LengthPrefixedCodec digits{LengthPrefix::digits(5), limit_bytes};

BENCHMARK_CAPTURE(decode, lines, lines)->Name("framing/decode/lines")->Apply(sizes);
BENCHMARK_CAPTURE(decode, crlf, crlf_lines)->Name("framing/decode/crlf")->Apply(sizes);
BENCHMARK_CAPTURE(decode, u32, u32)->Name("framing/decode/u32")->Apply(sizes);
BENCHMARK_CAPTURE(decode, varint, varint)->Name("framing/decode/varint")->Apply(sizes);
BENCHMARK_CAPTURE(decode, digits, digits)->Name("framing/decode/digits")->Apply(sizes);
BENCHMARK_CAPTURE(encode, lines, lines)->Name("framing/encode/lines")->Apply(sizes);
BENCHMARK_CAPTURE(encode, u32, u32)->Name("framing/encode/u32")->Apply(sizes);

}  // namespace

}  // namespace switchboard::bench
