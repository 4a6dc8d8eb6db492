// Connected sockets for pollers to watch, made once and shared by all contenders.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "switchboard/sys/descriptor.hpp"

namespace switchboard::bench {

// Unix stream sockets; the two ends of a pair are neighbours, and both may be watched. One is
// readable because a byte is left unread in it, and so stays readable. Failures throw.
class Sockets {
 public:
  // The first `count` sockets, of which none is readable and all are writable. Makes what is
  // missing.
  std::span<const int> quiet(std::size_t count);
  // As above, but `ready` of them, evenly spread, are readable.
  std::span<const int> partly_readable(std::size_t count, std::size_t ready);
  // The first end of each of `pairs` pairs, neither readable nor writable.
  std::vector<int> full(std::size_t pairs);

 private:
  void make_pair();
  void calm();
  void send_to(std::size_t index);

  std::vector<sys::Descriptor> owners_;
  std::vector<int> sockets_;
  std::vector<std::size_t> readable_;  // indices
};

}  // namespace switchboard::bench
