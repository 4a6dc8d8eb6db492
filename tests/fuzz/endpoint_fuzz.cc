// Endpoint::parse() on arbitrary text: it gives an endpoint whose text parses to the same again, or
// throws std::invalid_argument; nothing else.
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "switchboard/net/endpoint.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using switchboard::Endpoint;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  try {
    const Endpoint endpoint = Endpoint::parse(text);
    if (!(Endpoint::parse(endpoint.to_string()) == endpoint)) std::abort();
  } catch (const std::invalid_argument& refusal) {
    if (*refusal.what() == '\0') std::abort();
  }
  return 0;
}
