// A kernel in memory that has only bad days: descriptors, stream sockets, listeners, pipes, a few
// files, a clock that moves when it is told to, and one seeded source of chance for all of it.
//
// sys.cc beside this file implements switchboard/sys on it, so that the reactor and its services
// run on it unchanged. Clients stand outside: they hold the far end of a Stream, and happen at
// virtual times. What the code under test may never do (use a descriptor that is closed, read one
// that was not reported ready, close one that is still watched) is noted as a violation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "switchboard/sys/clock.hpp"
#include "switchboard/sys/process.hpp"
#include "switchboard/sys/result.hpp"
#include "switchboard/sys/socket.hpp"

namespace switchboard::simulation {

using sys::Instant;
using sys::Nanoseconds;

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  // Says what chance will be for as long as these last: two bytes a decision. Not copied.
  void decide(std::span<const std::uint8_t> decisions) noexcept { decisions_ = decisions; }

  // 0 up to, not including, `end`.
  std::size_t below(std::size_t end) { return end == 0 ? 0 : next() % end; }
  std::size_t between(std::size_t low, std::size_t high) { return low + below(high - low + 1); }
  bool chance(double probability) {
    return probability > 0 && static_cast<double>(next() >> 11U) * 0x1p-53 < probability;
  }
  // Small ones more often than large ones, up to `high`.
  std::size_t skewed(std::size_t high) { return below(below(below(high + 1) + 1) + 1); }
  Nanoseconds duration(Nanoseconds longest) {
    return Nanoseconds{
        static_cast<Nanoseconds::rep>(below(static_cast<std::size_t>(longest.count()) + 1))};
  }

  // As std::shuffle wants it.
  using result_type = std::uint64_t;
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return UINT64_MAX; }
  result_type operator()() { return next(); }

 private:
  std::uint64_t next() {
    if (decisions_.size() < 2) return generate();
    const std::uint64_t word = decisions_[0] | std::uint64_t{decisions_[1]} << 8U;
    decisions_ = decisions_.subspan(2);
    return word | word << 16U | word << 32U | word << 48U;
  }

  // SplitMix64 (Steele, Lea, Flood 2014): no state to prepare, for worlds that last microseconds.
  std::uint64_t generate() noexcept {
    std::uint64_t mixed = state_ += 0x9E3779B97F4A7C15U;
    mixed = (mixed ^ mixed >> 30U) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ mixed >> 27U) * 0x94D049BB133111EBU;
    return mixed ^ mixed >> 31U;
  }

  std::uint64_t state_;
  std::span<const std::uint8_t> decisions_;
};

// The probability of each fault, a call.
struct Faults {
  double short_read = 0;
  double short_write = 0;
  double would_block = 0;     // although ready
  double spurious = 0;        // reported although not ready
  double unreported = 0;      // ready, and left for a later wait
  double interrupted = 0;     // a wait that ends at once with nothing
  double reset = 0;           // the connection breaks
  double no_buffers = 0;      // ENOBUFS when sending, ENOMEM when receiving
  double no_memory = 0;       // the poller refuses
  double no_descriptors = 0;  // EMFILE, ENFILE
  double aborted = 0;         // ECONNABORTED from accept
  double clog = 0;            // the link carries nothing for a while
  double clock_step = 0;      // the wall clock jumps by hours

  // Each absent in half of all seeds, else of any size: a swarm finds what no average would.
  static Faults draw(Random& random);
};

// One way of a connection. What is written is in `bytes` until it is read, whether it is still on
// its way or has arrived; a clogged link delivers none of it.
struct Direction {
  static constexpr std::size_t widest = 64 * 1024;

  std::deque<std::byte> bytes;
  std::size_t capacity = widest;
  bool ended = false;  // the writer has finished; a reader sees it behind the bytes
  bool end_was_read = false;
  Instant clogged_until{};

  std::size_t room() const noexcept { return capacity - std::min(capacity, bytes.size()); }
};

// A connection between the code under test (`ours`) and a client.
struct Stream {
  Direction inward;       // client to us
  Direction outward;      // us to client
  int fd = -1;            // ours, once it is accepted; for the trace
  int pending_error = 0;  // for our next call: ECONNRESET
  bool broken = false;    // by either side or the network
  bool closed_by_us = false;
  bool closed_by_client = false;
};

class Kernel {
 public:
  explicit Kernel(std::uint64_t seed);
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;
  ~Kernel();

  // The one that sys asks. There is one at a time.
  static Kernel& current();

  Random& random() noexcept { return random_; }
  const Faults& faults() const noexcept { return faults_; }
  void set_faults(const Faults& faults) noexcept { faults_ = faults; }
  // From now on no link holds less than it may.
  void widen_links() noexcept;

  // --- Time, and what happens at it.

  Instant now() const noexcept { return now_; }
  std::chrono::system_clock::time_point wall_now();
  void pass(Nanoseconds time) noexcept { now_ += time; }
  // Runs `what` once virtual time has come to `when`, in between two waits.
  void happen(Instant when, std::function<void()> what);
  void run_what_is_due();
  bool has_happenings() const noexcept { return !happenings_.empty(); }
  Instant next_happening() const noexcept { return happenings_.front().when; }
  // When the next clogged link clears; none at the end of time.
  Instant next_clearing() const noexcept;

  // --- Clients.

  // Puts a connection into the backlog of who listens there; null where nobody does.
  std::shared_ptr<Stream> connect(const std::string& address);
  std::size_t client_send(Stream& stream, std::span<const std::byte> bytes);
  std::size_t client_receive(Stream& stream, std::span<std::byte> into);
  bool client_sees_end(const Stream& stream) const noexcept;
  void client_finish(Stream& stream) { stream.inward.ended = true; }
  void client_reset(Stream& stream);
  void client_close(Stream& stream);

  // --- The system calls, as sys has them. 0 or a count, or a negative errno value.

  int open_socket();
  int open_pipe(std::array<int, 2>& ends);
  int open_file();
  void close(int fd);
  int bind(int fd, const std::string& address, std::string& bound);
  int listen(int fd);
  int accept(int fd);
  long receive(int fd, std::span<std::byte> into);
  long send(int fd, std::span<const iovec> pieces);
  int shut_down_sending(int fd);
  int pending_error(int fd);
  int option(int fd);  // any setsockopt
  std::string local_address(int fd) const;
  void write_pipe(int fd);
  void drain_pipe(int fd);
  bool make_file(const std::string& path);
  bool remove_file(const std::string& path) { return files_.erase(path) > 0; }
  std::uint64_t file(const std::string& path) const;  // its number; 0: there is none

  // --- For the poller.

  bool is_open(int fd) const noexcept;
  bool is_readable(int fd) const;
  bool is_writable(int fd) const;
  void note_watched(int fd, bool watched);
  void note_wait();  // what was reported before may no longer be read
  void note_reported(int fd, bool really_ready);

  // --- What is counted and what went wrong.

  std::size_t open_descriptors() const noexcept;
  std::uint64_t calls() const noexcept { return calls_; }
  std::uint64_t moved_bytes() const noexcept { return moved_bytes_; }  // received, or sent
  // The errno value with which this call is to fail; 0: it goes on.
  int fault(double probability, int errno_value);
  // The Nth fallible call of all fails; 0: none.
  void fail_call(std::uint64_t number) noexcept { failing_call_ = number; }
  bool fails_a_call() const noexcept { return failing_call_ != 0; }
  std::uint64_t fallible_calls() const noexcept { return fallible_calls_; }
  void set_descriptor_limit(std::size_t limit) noexcept { descriptor_limit_ = limit; }
  std::size_t descriptor_limit() const noexcept { return descriptor_limit_; }

  void violate(const std::string& what);
  const std::string& violation() const noexcept { return violation_; }
  template <typename Line>
  void trace(const Line& line) {
    if (traces_) print(line());
  }
  void keep_trace(bool wanted) noexcept { traces_ = wanted; }

 private:
  enum class Kind : std::uint8_t {
    none,
    socket,
    listener,
    connected,
    pipe_reader,
    pipe_writer,
    file
  };
  struct Entry {
    Kind kind = Kind::none;
    bool watched = false;
    bool attended = false;          // some call was made on it since it was reported
    std::uint64_t reported_at = 0;  // the wait that reported it last
    std::size_t ignored = 0;        // how many reports in a row nobody attended to
    std::string address;            // of a socket that is bound
    std::vector<std::shared_ptr<Stream>> backlog;
    std::shared_ptr<Stream> stream;
    int other_end = -1;          // of a pipe
    std::size_t pipe_bytes = 0;  // of a reader
  };
  struct Happening {
    Instant when;
    std::uint64_t sequence;
    std::function<void()> what;
    bool operator<(const Happening& other) const noexcept {
      return when != other.when ? when > other.when : sequence > other.sequence;
    }
  };

  void print(const std::string& line) const;
  int take_descriptor(Kind kind);
  Entry& entry(int fd, const char* call);
  void break_stream(Stream& stream);
  bool is_clogged(const Direction& direction) const noexcept {
    return direction.clogged_until > now_;
  }

  Random random_;
  Faults faults_;
  std::size_t narrowest_link_ = 1;
  Instant now_{std::chrono::hours{1}};
  Nanoseconds wall_offset_{0};
  std::vector<Entry> entries_;
  Entry nobody_;
  std::vector<Happening> happenings_;  // a heap, the next one in front
  std::uint64_t sequence_ = 0;
  std::uint64_t waits_ = 1;
  std::size_t descriptor_limit_ = 10'000;
  std::uint64_t calls_ = 0;
  std::uint64_t moved_bytes_ = 0;
  std::uint64_t fallible_calls_ = 0;
  std::uint64_t failing_call_ = 0;
  std::uint16_t next_port_ = 40'000;
  std::map<std::string, std::uint64_t> files_;
  std::uint64_t next_file_ = 1;
  std::string violation_;
  bool traces_ = false;
};

}  // namespace switchboard::simulation
