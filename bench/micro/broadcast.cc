// Broadcast in memory: one message of 64 bytes is queued for every member of a group and then taken
// off every queue, as if each socket had taken it all.
//
//   slices   the message is written once, into an arena, and every OutputQueue refers to it
//   strings  the naive way: each member has a queue of strings, and gets a copy of its own
//   buffers  the same with one string a member that copies are appended to, and that keeps its
//            memory for ever: quick for so short a message, at the price of that memory
//
// An item is a member. Not measured: sending, and members that fall behind.
#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include "switchboard/net/output_queue.hpp"

#include "benchmarks.hpp"

namespace switchboard::bench {

namespace {

constexpr std::array<char, 64> message{};

std::size_t member_count(const benchmark::State& state) {
  return static_cast<std::size_t>(state.range(0));
}

void report_members(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void slices(benchmark::State& state) {
  Arena arena;
  std::vector<OutputQueue> members(member_count(state));
  for (auto _ : state) {
    const auto bytes = std::as_bytes(std::span{message});
    std::copy(bytes.begin(), bytes.end(), arena.reserve(bytes.size()).begin());
    const Slice shared = arena.commit(bytes.size());
    for (OutputQueue& member : members) member.append(shared);
    benchmark::ClobberMemory();
    for (OutputQueue& member : members) member.consume(member.size_bytes());
  }
  report_members(state);
}

void strings(benchmark::State& state) {
  std::vector<std::vector<std::string>> members(member_count(state));
  for (auto _ : state) {
    for (auto& member : members) member.emplace_back(message.data(), message.size());
    benchmark::ClobberMemory();
    for (auto& member : members) member.clear();
  }
  report_members(state);
}

void buffers(benchmark::State& state) {
  std::vector<std::string> members(member_count(state));
  for (auto _ : state) {
    for (std::string& member : members) member.append(message.data(), message.size());
    benchmark::ClobberMemory();
    for (std::string& member : members) member.clear();
  }
  report_members(state);
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("members")->Arg(100)->Arg(1000);
}

BENCHMARK(slices)->Name("broadcast/slices")->Apply(sizes);
BENCHMARK(strings)->Name("broadcast/strings")->Apply(sizes);
BENCHMARK(buffers)->Name("broadcast/buffers")->Apply(sizes);

}  // namespace

}  // namespace switchboard::bench
