#include "support/counted_memory.hpp"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> blocks{0};
std::atomic<std::size_t> bytes{0};

thread_local std::uint64_t counted = 0;
thread_local std::uint64_t failing = 0;
thread_local unsigned unfailing = 0;

}  // namespace

// The forms for arrays and those that do not throw come here by way of the library's own.
void* operator new(std::size_t size) {
  if (unfailing == 0 && ++counted == failing) throw std::bad_alloc{};
  void* block = std::malloc(size == 0 ? 1 : size);
  if (block == nullptr) throw std::bad_alloc{};
  ++blocks;
  bytes += ::malloc_usable_size(block);
  return block;
}

void operator delete(void* block) noexcept {
  if (block == nullptr) return;
  --blocks;
  bytes -= ::malloc_usable_size(block);
  std::free(block);
}

void operator delete(void* block, std::size_t) noexcept {
  operator delete(block);
}

namespace switchboard::test {

MemoryInUse memory_in_use() noexcept {
  return {blocks.load(), bytes.load()};
}

void fail_allocation(std::uint64_t number) noexcept {
  counted = 0;
  failing = number;
}

std::uint64_t allocations() noexcept {
  return counted;
}

Unfailing::Unfailing() noexcept {
  ++unfailing;
}

Unfailing::~Unfailing() {
  --unfailing;
}

}  // namespace switchboard::test
