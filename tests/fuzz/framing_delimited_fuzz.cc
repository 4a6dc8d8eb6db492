#include "framing.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  switchboard::test::fuzz_codec("delimited", data, size);
  return 0;
}
