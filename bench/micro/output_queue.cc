// OutputQueue: what a connection that is slower than its messages pays for keeping them, in slices
// of 64 bytes.
//
//   merge    one block's slices, one behind the other, are appended, and all bytes then consumed
//   apart    the same with slices of different blocks, each of which stays a slice of its own
//   partial  as apart, but consumed 48 bytes at a time, so that most steps end inside a slice
//   gather   the slices of different blocks become an iovec for sendmsg(2), and stay
//
// Not measured: making the blocks (they are made once), and sending.
#include "switchboard/net/output_queue.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "benchmarks.hpp"

namespace switchboard::bench {

namespace {

constexpr std::size_t slice_bytes = 64;
constexpr std::array<std::byte, slice_bytes> message{};

std::size_t slice_count(const benchmark::State& state) {
  return static_cast<std::size_t>(state.range(0));
}

std::vector<Slice> slices_of_one_block(std::size_t count) {
  const std::vector<std::byte> bytes(count * slice_bytes);
  const Slice whole = Slice::copy_of(bytes);
  std::vector<Slice> slices;
  for (std::size_t i = 0; i < count; ++i) {
    slices.push_back(whole.without_first(i * slice_bytes).first(slice_bytes));
  }
  return slices;
}

std::vector<Slice> slices_of_different_blocks(std::size_t count) {
  std::vector<Slice> slices;
  for (std::size_t i = 0; i < count; ++i) slices.push_back(Slice::copy_of(message));
  return slices;
}

void append_all(OutputQueue& queue, const std::vector<Slice>& slices) {
  for (const Slice& slice : slices) queue.append(slice);
}

void consume_by(OutputQueue& queue, std::size_t bytes_a_step) {
  while (!queue.empty()) queue.consume(std::min(bytes_a_step, queue.size_bytes()));
}

void report_time_per_slice(benchmark::State& state) {
  report_time_per("per_slice", state,
                  static_cast<std::size_t>(state.iterations()) * slice_count(state));
}

void fill_and_empty(benchmark::State& state, const std::vector<Slice>& slices,
                    std::size_t bytes_a_step) {
  OutputQueue queue;
  for (auto _ : state) {
    append_all(queue, slices);
    benchmark::DoNotOptimize(queue);
    consume_by(queue, bytes_a_step);
  }
  report_time_per_slice(state);
}

void merge(benchmark::State& state) {
  fill_and_empty(state, slices_of_one_block(slice_count(state)), SIZE_MAX);
}

void apart(benchmark::State& state) {
  fill_and_empty(state, slices_of_different_blocks(slice_count(state)), SIZE_MAX);
}

void partial(benchmark::State& state) {
  fill_and_empty(state, slices_of_different_blocks(slice_count(state)), 48);
}

void gather(benchmark::State& state) {
  OutputQueue queue;
  append_all(queue, slices_of_different_blocks(slice_count(state)));
  std::vector<iovec> pieces(slice_count(state));
  for (auto _ : state) {
    benchmark::DoNotOptimize(queue.gather(pieces, SIZE_MAX));
    benchmark::ClobberMemory();
  }
  report_time_per_slice(state);
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("slices")->Arg(1)->Arg(2)->Arg(16)->Arg(256);
}

BENCHMARK(merge)->Name("output_queue/merge")->Apply(sizes);
BENCHMARK(apart)->Name("output_queue/apart")->Apply(sizes);
BENCHMARK(partial)->Name("output_queue/partial")->Apply(sizes);
BENCHMARK(gather)->Name("output_queue/gather")->Apply(sizes);

}  // namespace

}  // namespace switchboard::bench
