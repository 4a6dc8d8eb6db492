#include "support/counted_memory.hpp"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> blocks{0};
std::atomic<std::size_t> bytes{0};

}  // namespace

// The forms for arrays and those that do not throw come here by way of the library's own.
void* operator new(std::size_t size) {
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

}  // namespace switchboard::test
