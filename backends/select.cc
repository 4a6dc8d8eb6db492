// select(2): one bit a descriptor number, copied both ways and searched with every wait.
//
// The bitmaps are our own, not fd_set: its macros end at FD_SETSIZE, and write past the end without a
// word beyond it, while Linux takes as many bits as it is told.
#include <algorithm>
#include <bit>
#include <cassert>
#include <climits>
#include <vector>

#include "pollers.hpp"
#include "switchboard/sys/waiting.hpp"

namespace switchboard {

namespace {

using sys::BitmapWord;
constexpr std::size_t word_bits = sizeof(BitmapWord) * CHAR_BIT;

constexpr BitmapWord bit_of(std::size_t number) noexcept {
  return BitmapWord{1} << (number % word_bits);
}

class SelectPoller final : public Poller {
 public:
  explicit SelectPoller(int capacity) : capacity_(capacity) {}

  std::error_code add(int fd, Token token, Interest interest) override {
    if (const auto error = sys::check_open(fd)) return error;
    if (fd >= capacity_) return sys::make_error(EMFILE);
    const auto number = static_cast<std::size_t>(fd);
    if (is_watched(number)) return sys::make_error(EEXIST);
    make_room_for(number);
    end_ = std::max(end_, number + 1);
    watch(number, token, interest);
    return {};
  }

  std::error_code modify(int fd, Token token, Interest interest) override {
    const auto number = static_cast<std::size_t>(fd);
    if (!is_watched(number)) return sys::make_error(ENOENT);
    watch(number, token, interest);
    return {};
  }

  void remove(int fd) override {
    const auto number = static_cast<std::size_t>(fd);
    if (!is_watched(number)) return;
    readable_[number / word_bits] &= ~bit_of(number);
    writable_[number / word_bits] &= ~bit_of(number);
    while (end_ > 0 && !is_watched(end_ - 1)) --end_;
  }

  std::span<const Event> wait(Timeout timeout) override {
    events_.clear();
    const std::size_t words = (end_ + word_bits - 1) / word_bits;
    ready_readable_.assign(readable_.begin(), readable_.begin() + static_cast<std::ptrdiff_t>(words));
    ready_writable_.assign(writable_.begin(), writable_.begin() + static_cast<std::ptrdiff_t>(words));
    const auto count = sys::select(static_cast<int>(end_), ready_readable_.data(),
                                   ready_writable_.data(), timeout);
    if (!count) return nothing_or_throw(count.errno_value(), "select");
    for (std::size_t word = 0; *count > 0 && word < words; ++word) collect(word);
    return events_;
  }

 private:
  bool is_watched(std::size_t number) const noexcept {  // a negative number becomes too large
    const std::size_t word = number / word_bits;
    return word < readable_.size() && ((readable_[word] | writable_[word]) & bit_of(number)) != 0;
  }

  void make_room_for(std::size_t number) {
    const std::size_t words = number / word_bits + 1;
    if (words <= readable_.size()) return;
    readable_.resize(words);
    writable_.resize(words);
    tokens_.resize(words * word_bits);
  }

  void watch(std::size_t number, Token token, Interest interest) noexcept {
    assert(interest.any());
    const BitmapWord bit = bit_of(number);
    BitmapWord& readable = readable_[number / word_bits];
    BitmapWord& writable = writable_[number / word_bits];
    readable = interest.readable ? readable | bit : readable & ~bit;
    writable = interest.writable ? writable | bit : writable & ~bit;
    tokens_[number] = token;
  }

  void collect(std::size_t word) {
    BitmapWord ready = ready_readable_[word] | ready_writable_[word];
    while (ready != 0) {
      const BitmapWord bit = ready & (~ready + 1);  // the lowest
      const std::size_t number = word * word_bits + static_cast<std::size_t>(std::countr_zero(ready));
      events_.push_back({tokens_[number],
                         {.readable = (ready_readable_[word] & bit) != 0,
                          .writable = (ready_writable_[word] & bit) != 0,
                          .hangup = false}});
      ready &= ~bit;
    }
  }

  const int capacity_;
  std::size_t end_ = 0;  // one above the highest watched descriptor
  std::vector<BitmapWord> readable_;
  std::vector<BitmapWord> writable_;
  std::vector<BitmapWord> ready_readable_;
  std::vector<BitmapWord> ready_writable_;
  std::vector<Token> tokens_;  // by descriptor
  std::vector<Event> events_;
};

}  // namespace

std::unique_ptr<Poller> make_select_poller(int capacity) {
  return std::make_unique<SelectPoller>(capacity);
}

}  // namespace switchboard
