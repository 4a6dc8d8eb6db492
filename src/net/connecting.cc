#include "connecting.hpp"

namespace switchboard {

namespace {

int rank(std::error_code error) noexcept {
  if (!error) return 0;
  switch (error.value()) {
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
      return 1;
    case ETIMEDOUT:
      return 3;
    case ECONNREFUSED:
      return 4;
    default:
      return 2;
  }
}

}  // namespace

std::error_code more_telling(std::error_code one, std::error_code other) noexcept {
  return rank(other) > rank(one) ? other : one;
}

}  // namespace switchboard
