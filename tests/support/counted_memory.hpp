// Counts what new gave out and delete has not got back, in the whole program it is linked into.
//
// Exact, unlike mallinfo(3), which takes the blocks of the allocator's caches for used ones, and
// counts under the sanitizers too. What C libraries take by malloc(3) is not seen.
//
// Makes one of them fail, too: std::bad_alloc, as if memory had run out just there.
#pragma once

#include <cstddef>
#include <cstdint>

namespace switchboard::test {

struct MemoryInUse {
  std::size_t blocks = 0;
  std::size_t bytes = 0;  // with what the allocator rounds up to
};
MemoryInUse memory_in_use() noexcept;

// Starts to count this thread's allocations anew; the Nth of them fails, once. 0: none does.
void fail_allocation(std::uint64_t number) noexcept;
// How many there were since.
std::uint64_t allocations() noexcept;

// While one lives, this thread's allocations are not counted and do not fail: what the test itself
// needs.
class Unfailing {
 public:
  Unfailing() noexcept;
  Unfailing(const Unfailing&) = delete;
  Unfailing& operator=(const Unfailing&) = delete;
  ~Unfailing();
};

}  // namespace switchboard::test
