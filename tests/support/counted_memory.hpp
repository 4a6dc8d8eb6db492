// Counts what new gave out and delete has not got back, in the whole program it is linked into.
//
// Exact, unlike mallinfo(3), which takes the blocks of the allocator's caches for used ones, and
// counts under the sanitizers too. What C libraries take by malloc(3) is not seen.
#pragma once

#include <cstddef>

namespace switchboard::test {

struct MemoryInUse {
  std::size_t blocks = 0;
  std::size_t bytes = 0;  // with what the allocator rounds up to
};
MemoryInUse memory_in_use() noexcept;

}  // namespace switchboard::test
