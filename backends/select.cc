// select(2). Two bitmaps, one bit a descriptor: what is watched, which stays here, and what is
// ready, which is a copy that the kernel writes over. A third, for exceptional conditions, as long
// as somebody asks for them.
//
// The C library's fd_set ends at FD_SETSIZE (1,024), and FD_SET beyond it writes past its end.
// Linux itself takes bitmaps of any length, so these are our own and grow; elsewhere, and wherever
// a caller says so, add() refuses what lies beyond the capacity.
#include <bit>
#include <cassert>
#include <limits>
#include <vector>

#include "switchboard/sys/waiting.hpp"

#include "pollers.hpp"

namespace switchboard {

namespace {

using sys::BitmapWord;

constexpr std::size_t bits_per_word = std::numeric_limits<BitmapWord>::digits;

std::size_t word_of(int fd) noexcept {
  return static_cast<std::size_t>(fd) / bits_per_word;
}

BitmapWord bit_of(int fd) noexcept {
  return BitmapWord{1} << (static_cast<std::size_t>(fd) % bits_per_word);
}

struct Bitmaps {
  std::vector<BitmapWord> readable;
  std::vector<BitmapWord> writable;
  std::vector<BitmapWord> priority;  // as long as the others, or empty where nobody asks
  std::size_t priority_count = 0;    // of those who ask

  void reach(int fd) {
    if (word_of(fd) < readable.size()) return;
    readable.resize(word_of(fd) + 1);
    writable.resize(word_of(fd) + 1);
    if (!priority.empty()) priority.resize(readable.size());
  }

  // Drops the words behind the highest descriptor watched: a wait costs by the word.
  void trim() noexcept {
    while (!readable.empty() && any_of(readable.size() - 1) == 0) {
      readable.pop_back();
      writable.pop_back();
      if (!priority.empty()) priority.pop_back();
    }
  }

  // One more than the highest descriptor that there is a bit for.
  int end() const noexcept { return static_cast<int>(readable.size() * bits_per_word); }

  bool contains(int fd) const noexcept {
    return fd >= 0 && word_of(fd) < readable.size() && (any_of(word_of(fd)) & bit_of(fd)) != 0;
  }

  BitmapWord any_of(std::size_t word) const noexcept {
    return readable[word] | writable[word] | (priority.empty() ? 0 : priority[word]);
  }

  bool has_priority(int fd) const noexcept {
    return !priority.empty() && (priority[word_of(fd)] & bit_of(fd)) != 0;
  }

  void set(int fd, Interest interest) {
    set_priority(fd, interest.priority);  // first: it alone may throw
    set_bit(readable[word_of(fd)], bit_of(fd), interest.readable);
    set_bit(writable[word_of(fd)], bit_of(fd), interest.writable);
  }

 private:
  void set_priority(int fd, bool wanted) {
    if (wanted == has_priority(fd)) return;
    if (wanted) {
      priority.resize(readable.size());
      ++priority_count;
    } else {
      --priority_count;
    }
    set_bit(priority[word_of(fd)], bit_of(fd), wanted);
    if (priority_count == 0) priority.clear();
  }

  static void set_bit(BitmapWord& word, BitmapWord bit, bool wanted) noexcept {
    word = wanted ? word | bit : word & ~bit;
  }
};

class SelectPoller final : public Poller {
 public:
  explicit SelectPoller(int capacity) : capacity_(capacity) {}

  std::error_code add(int fd, Token token, Interest interest) override {
    assert(interest.any());
    if (const auto error = sys::check_open(fd)) return error;
    if (fd >= capacity_) return sys::make_error(EMFILE);
    if (watched_.contains(fd)) return sys::make_error(EEXIST);
    watched_.reach(fd);
    tokens_.reach(fd) = token;
    watched_.set(fd, interest);
    return {};
  }

  std::error_code modify(int fd, Token token, Interest interest) override {
    assert(interest.any());
    if (!watched_.contains(fd)) return sys::make_error(ENOENT);
    *tokens_.find(fd) = token;
    watched_.set(fd, interest);
    return {};
  }

  void remove(int fd) noexcept override {
    if (!watched_.contains(fd)) return;
    watched_.set(fd, {});
    watched_.trim();
  }

  std::span<const Event> wait(Timeout timeout) override {
    events_.clear();
    ready_ = watched_;
    const auto count =
        sys::select(ready_.end(), ready_.readable.data(), ready_.writable.data(),
                    ready_.priority.empty() ? nullptr : ready_.priority.data(), timeout);
    if (!count) return nothing_or_throw(count.errno_value(), "select");
    // A descriptor that is ready in several ways counts as often.
    int left = *count;
    for (std::size_t word = 0; left > 0; ++word) {
      for (BitmapWord bits = ready_.any_of(word); bits != 0; bits &= bits - 1) {
        const auto bit = static_cast<std::size_t>(std::countr_zero(bits));
        left -= report(static_cast<int>(word * bits_per_word + bit));
      }
    }
    return events_;
  }

 private:
  int report(int fd) {
    const bool readable = (ready_.readable[word_of(fd)] & bit_of(fd)) != 0;
    const bool writable = (ready_.writable[word_of(fd)] & bit_of(fd)) != 0;
    const bool priority = ready_.has_priority(fd);
    events_.push_back(
        {*tokens_.find(fd), {.readable = readable, .writable = writable, .priority = priority}});
    return (readable ? 1 : 0) + (writable ? 1 : 0) + (priority ? 1 : 0);
  }

  int capacity_;
  Bitmaps watched_;
  Bitmaps ready_;
  DescriptorTable<Token> tokens_;
  std::vector<Event> events_;
};

}  // namespace

std::unique_ptr<Poller> make_select_poller(int capacity) {
  return std::make_unique<SelectPoller>(capacity);
}

}  // namespace switchboard
