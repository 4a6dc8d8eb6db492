#include "simulation/kernel.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace switchboard::simulation {

namespace {

Kernel* the_kernel = nullptr;

// More reports in a row than these that nobody attends to are a spin.
constexpr std::size_t most_ignored = 20;

}  // namespace

Faults Faults::draw(Random& random) {
  Faults faults;
  for (double Faults::*fault : {&Faults::short_read, &Faults::short_write, &Faults::would_block,
                                &Faults::spurious, &Faults::unreported, &Faults::interrupted,
                                &Faults::no_buffers, &Faults::clog, &Faults::clock_step}) {
    if (random.chance(0.5)) faults.*fault = static_cast<double>(random.below(500)) / 1000;
  }
  // These end a connection, so that too many of them would let nothing live.
  for (double Faults::*fault :
       {&Faults::reset, &Faults::no_memory, &Faults::no_descriptors, &Faults::aborted}) {
    if (random.chance(0.5)) faults.*fault = static_cast<double>(random.below(20)) / 1000;
  }
  return faults;
}

Kernel::Kernel(std::uint64_t seed) : random_(seed) {
  assert(the_kernel == nullptr);
  the_kernel = this;
}

Kernel::~Kernel() {
  the_kernel = nullptr;
}

Kernel& Kernel::current() {
  assert(the_kernel != nullptr);
  return *the_kernel;
}

void Kernel::violate(const std::string& what) {
  trace([&] { return "VIOLATION: " + what; });
  if (violation_.empty()) violation_ = what;
}

void Kernel::print(const std::string& line) const {
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(now_.time_since_epoch() -
                                                                           std::chrono::hours{1});
  std::fprintf(stderr, "%10lld us  %s\n", static_cast<long long>(since.count()), line.c_str());
}

// --- Time

std::chrono::system_clock::time_point Kernel::wall_now() {
  if (random_.chance(faults_.clock_step)) {
    wall_offset_ += random_.duration(std::chrono::hours{48}) - std::chrono::hours{24};
  }
  return std::chrono::system_clock::time_point{std::chrono::hours{24 * 365 * 50}} +
         std::chrono::duration_cast<std::chrono::system_clock::duration>(now_.time_since_epoch() +
                                                                         wall_offset_);
}

void Kernel::happen(Instant when, std::function<void()> what) {
  happenings_.push_back({when, sequence_++, std::move(what)});
  std::push_heap(happenings_.begin(), happenings_.end());
}

void Kernel::run_what_is_due() {
  while (!happenings_.empty() && happenings_.front().when <= now_) {
    std::pop_heap(happenings_.begin(), happenings_.end());
    const auto what = std::move(happenings_.back().what);
    happenings_.pop_back();
    what();
  }
}

Instant Kernel::next_clearing() const noexcept {
  Instant next = Instant::max();
  for (const Entry& entry : entries_) {
    if (entry.kind != Kind::connected) continue;
    for (const Direction* way : {&entry.stream->inward, &entry.stream->outward}) {
      if (is_clogged(*way)) next = std::min(next, way->clogged_until);
    }
  }
  return next;
}

// --- Faults

int Kernel::fault(double probability, int errno_value) {
  ++calls_;
  ++fallible_calls_;
  if (fallible_calls_ == failing_call_) return errno_value;
  return random_.chance(probability) ? errno_value : 0;
}

void Kernel::break_stream(Stream& stream) {
  stream.broken = true;
  stream.pending_error = ECONNRESET;
  stream.outward.bytes.clear();
}

void Kernel::widen_links() noexcept {
  narrowest_link_ = Direction::widest;
  const auto widen = [](Stream& stream) {
    stream.inward.capacity = Direction::widest;
    stream.outward.capacity = Direction::widest;
  };
  for (Entry& entry : entries_) {
    for (const auto& stream : entry.backlog) widen(*stream);
    if (entry.stream != nullptr) widen(*entry.stream);
  }
}

// --- Clients

std::shared_ptr<Stream> Kernel::connect(const std::string& address) {
  for (Entry& entry : entries_) {
    if (entry.kind != Kind::listener || entry.address != address) continue;
    auto stream = std::make_shared<Stream>();
    stream->inward.capacity = random_.between(narrowest_link_, Direction::widest);
    stream->outward.capacity = random_.between(narrowest_link_, Direction::widest);
    entry.backlog.push_back(stream);
    return stream;
  }
  return nullptr;
}

std::size_t Kernel::client_send(Stream& stream, std::span<const std::byte> bytes) {
  if (stream.closed_by_us) break_stream(stream);  // answered by a reset
  if (stream.broken) return bytes.size();         // nobody will ever know
  const std::size_t count = std::min(bytes.size(), stream.inward.room());
  stream.inward.bytes.insert(stream.inward.bytes.end(), bytes.begin(),
                             bytes.begin() + static_cast<std::ptrdiff_t>(count));
  if (count > 0 && !is_clogged(stream.inward) && random_.chance(faults_.clog)) {
    stream.inward.clogged_until = now_ + random_.duration(std::chrono::milliseconds{50});
  }
  return count;
}

std::size_t Kernel::client_receive(Stream& stream, std::span<std::byte> into) {
  Direction& way = stream.outward;
  if (is_clogged(way)) return 0;
  const std::size_t count = std::min(into.size(), way.bytes.size());
  const auto end = way.bytes.begin() + static_cast<std::ptrdiff_t>(count);
  std::copy(way.bytes.begin(), end, into.begin());
  way.bytes.erase(way.bytes.begin(), end);
  return count;
}

bool Kernel::client_sees_end(const Stream& stream) const noexcept {
  if (stream.broken) return true;
  return stream.outward.ended && stream.outward.bytes.empty() && !is_clogged(stream.outward);
}

void Kernel::client_reset(Stream& stream) {
  stream.closed_by_client = true;
  break_stream(stream);
}

void Kernel::client_close(Stream& stream) {
  if (!stream.outward.bytes.empty()) return client_reset(stream);  // unread: RFC 2525, 2.17
  stream.closed_by_client = true;
  stream.inward.ended = true;
}

// --- Descriptors

Kernel::Entry& Kernel::entry(int fd, const char* call) {
  ++calls_;
  if (!is_open(fd)) {
    violate(std::string{call} + " on a descriptor that is not open: " + std::to_string(fd));
    nobody_ = Entry{};
    return nobody_;
  }
  Entry& found = entries_[static_cast<std::size_t>(fd)];
  found.attended = true;
  return found;
}

bool Kernel::is_open(int fd) const noexcept {
  return fd >= 0 && static_cast<std::size_t>(fd) < entries_.size() &&
         entries_[static_cast<std::size_t>(fd)].kind != Kind::none;
}

// The lowest that is free, so that a number that was just closed is soon another's.
int Kernel::take_descriptor(Kind kind) {
  std::size_t fd = 0;
  while (fd < entries_.size() && entries_[fd].kind != Kind::none) ++fd;
  if (fd >= descriptor_limit_) return -EMFILE;
  if (fd == entries_.size()) entries_.emplace_back();
  entries_[fd] = Entry{};
  entries_[fd].kind = kind;
  return static_cast<int>(fd);
}

std::size_t Kernel::open_descriptors() const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(entries_, [](const Entry& e) { return e.kind != Kind::none; }));
}

int Kernel::open_socket() {
  if (const int error = fault(faults_.no_descriptors, EMFILE)) return -error;
  return take_descriptor(Kind::socket);
}

int Kernel::open_file() {
  if (const int error = fault(faults_.no_descriptors, ENFILE)) return -error;
  return take_descriptor(Kind::file);
}

int Kernel::open_pipe(std::array<int, 2>& ends) {
  if (const int error = fault(0, EMFILE)) return -error;
  ends[0] = take_descriptor(Kind::pipe_reader);
  if (ends[0] < 0) return ends[0];
  ends[1] = take_descriptor(Kind::pipe_writer);
  if (ends[1] < 0) {
    entries_[static_cast<std::size_t>(ends[0])] = Entry{};
    return ends[1];
  }
  entries_[static_cast<std::size_t>(ends[1])].other_end = ends[0];
  return 0;
}

void Kernel::close(int fd) {
  Entry& closing = entry(fd, "close");
  trace([&] { return "close " + std::to_string(fd); });
  if (closing.watched) violate("closed while it is watched: " + std::to_string(fd));
  if (closing.kind == Kind::connected) {
    Stream& stream = *closing.stream;
    stream.closed_by_us = true;
    if (!stream.inward.bytes.empty()) {
      break_stream(stream);  // unread: the client gets a reset, and loses what is on its way
    }
    stream.outward.ended = true;
  }
  for (const auto& waiting : closing.backlog) break_stream(*waiting);
  closing = Entry{};
}

// --- Sockets

int Kernel::bind(int fd, const std::string& address, std::string& bound) {
  Entry& socket = entry(fd, "bind");
  if (const int error = fault(0, EADDRINUSE)) return -error;
  bound = address;
  if (address.ends_with(":0")) {
    bound.replace(bound.size() - 1, 1, std::to_string(next_port_++));
  }
  for (const Entry& other : entries_) {
    if (other.kind == Kind::listener && other.address == bound) return -EADDRINUSE;
  }
  socket.address = bound;
  return 0;
}

int Kernel::listen(int fd) {
  Entry& socket = entry(fd, "listen");
  if (const int error = fault(0, EADDRINUSE)) return -error;
  socket.kind = Kind::listener;
  return 0;
}

int Kernel::accept(int fd) {
  entry(fd, "accept");
  if (const int error = fault(faults_.no_descriptors, random_.chance(0.5) ? EMFILE : ENFILE)) {
    trace([&] { return "accept fails: " + std::to_string(error); });
    return -error;
  }
  if (random_.chance(faults_.aborted)) return -ECONNABORTED;
  if (random_.chance(faults_.would_block)) return -EAGAIN;
  // As Linux does it: the descriptor first, and only then a look at the backlog.
  const int accepted = take_descriptor(Kind::connected);
  if (accepted < 0) return accepted;
  Entry& listener = entries_[static_cast<std::size_t>(fd)];
  if (listener.backlog.empty()) {
    entries_[static_cast<std::size_t>(accepted)] = Entry{};
    return -EAGAIN;
  }
  entries_[static_cast<std::size_t>(accepted)].stream = std::move(listener.backlog.front());
  listener.backlog.erase(listener.backlog.begin());
  entries_[static_cast<std::size_t>(accepted)].stream->fd = accepted;
  trace([&] { return "accept " + std::to_string(accepted); });
  return accepted;
}

long Kernel::receive(int fd, std::span<std::byte> into) {
  Entry& socket = entry(fd, "recv");
  if (socket.kind != Kind::connected) return -ENOTCONN;
  if (into.empty()) violate("recv into nothing");
  if (socket.reported_at != waits_) {
    violate("recv from a descriptor that was not reported ready: " + std::to_string(fd));
  }
  Stream& stream = *socket.stream;
  if (const int error = fault(faults_.no_buffers, ENOMEM)) return -error;
  if (random_.chance(faults_.reset)) break_stream(stream);
  if (random_.chance(faults_.would_block)) return -EAGAIN;
  Direction& way = stream.inward;
  if (is_clogged(way)) return -EAGAIN;
  std::size_t count = std::min(into.size(), way.bytes.size());
  if (count > 1 && random_.chance(faults_.short_read)) count = random_.between(1, count);
  if (count == 0) {
    if (stream.pending_error != 0) return -std::exchange(stream.pending_error, 0);
    way.end_was_read = way.ended;
    return way.ended || stream.broken ? 0 : -EAGAIN;
  }
  const auto end = way.bytes.begin() + static_cast<std::ptrdiff_t>(count);
  std::copy(way.bytes.begin(), end, into.begin());
  way.bytes.erase(way.bytes.begin(), end);
  moved_bytes_ += count;
  trace([&] { return "recv " + std::to_string(fd) + ": " + std::to_string(count); });
  return static_cast<long>(count);
}

long Kernel::send(int fd, std::span<const iovec> pieces) {
  Entry& socket = entry(fd, "send");
  if (socket.kind != Kind::connected) return -ENOTCONN;
  Stream& stream = *socket.stream;
  if (const int error = fault(faults_.no_buffers, ENOBUFS)) return -error;
  if (random_.chance(faults_.reset)) break_stream(stream);
  if (stream.outward.ended) violate("send after the end: " + std::to_string(fd));
  if (stream.pending_error != 0) return -std::exchange(stream.pending_error, 0);
  if (stream.broken) return -EPIPE;
  if (random_.chance(faults_.would_block)) return -EAGAIN;
  std::size_t room = stream.outward.room();
  if (stream.closed_by_client) {
    break_stream(stream);  // answered by a reset; this send is taken all the same
    room = SIZE_MAX;
  }
  if (room > 1 && random_.chance(faults_.short_write)) room = random_.between(1, room);
  std::size_t total = 0;
  for (const iovec& piece : pieces) {
    const auto* bytes = static_cast<const std::byte*>(piece.iov_base);
    const std::size_t count = std::min(piece.iov_len, room - total);
    if (!stream.broken)
      stream.outward.bytes.insert(stream.outward.bytes.end(), bytes, bytes + count);
    total += count;
    if (total == room) break;
  }
  if (total > 0 && !is_clogged(stream.outward) && random_.chance(faults_.clog)) {
    stream.outward.clogged_until = now_ + random_.duration(std::chrono::milliseconds{50});
  }
  moved_bytes_ += total;
  trace([&] { return "send " + std::to_string(fd) + ": " + std::to_string(total); });
  return total == 0 ? -EAGAIN : static_cast<long>(total);
}

int Kernel::shut_down_sending(int fd) {
  Entry& socket = entry(fd, "shutdown");
  if (socket.kind != Kind::connected) return -ENOTCONN;
  if (socket.stream->broken) return -ENOTCONN;
  if (const int error = fault(0, ENOTCONN)) return -error;
  trace([&] { return "shutdown " + std::to_string(fd); });
  socket.stream->outward.ended = true;
  return 0;
}

int Kernel::pending_error(int fd) {
  Entry& socket = entry(fd, "SO_ERROR");
  return socket.stream ? std::exchange(socket.stream->pending_error, 0) : 0;
}

int Kernel::option(int fd) {
  entry(fd, "setsockopt");
  return -fault(0, ENOBUFS);
}

std::string Kernel::local_address(int fd) const {
  return is_open(fd) ? entries_[static_cast<std::size_t>(fd)].address : std::string{};
}

// --- Pipes and files

void Kernel::write_pipe(int fd) {
  const int reader = entry(fd, "write").other_end;
  if (is_open(reader)) entries_[static_cast<std::size_t>(reader)].pipe_bytes = 1;
}

void Kernel::drain_pipe(int fd) {
  entry(fd, "read").pipe_bytes = 0;
}

bool Kernel::make_file(const std::string& path) {
  return files_.emplace(path, next_file_++).second;
}

std::uint64_t Kernel::file(const std::string& path) const {
  const auto found = files_.find(path);
  return found == files_.end() ? 0 : found->second;
}

// --- Readiness

bool Kernel::is_readable(int fd) const {
  const Entry& entry = entries_[static_cast<std::size_t>(fd)];
  switch (entry.kind) {
    case Kind::listener:
      return !entry.backlog.empty();
    case Kind::connected: {
      const Stream& stream = *entry.stream;
      if (stream.broken) return true;
      if (is_clogged(stream.inward)) return false;
      return !stream.inward.bytes.empty() || stream.inward.ended;
    }
    case Kind::pipe_reader:
      return entry.pipe_bytes > 0;
    default:
      return false;
  }
}

bool Kernel::is_writable(int fd) const {
  const Entry& entry = entries_[static_cast<std::size_t>(fd)];
  if (entry.kind != Kind::connected) return false;
  const Stream& stream = *entry.stream;
  return stream.broken || stream.closed_by_client ||
         stream.outward.room() * 3 >= stream.outward.capacity;
}

void Kernel::note_watched(int fd, bool watched) {
  if (is_open(fd)) entries_[static_cast<std::size_t>(fd)].watched = watched;
}

void Kernel::note_wait() {
  for (Entry& entry : entries_) {
    if (entry.kind == Kind::none || entry.reported_at != waits_) continue;
    entry.ignored = entry.attended ? 0 : entry.ignored + 1;
    if (entry.ignored > most_ignored) violate("spins on what it does not attend to");
  }
  ++waits_;
}

void Kernel::note_reported(int fd, bool really_ready) {
  Entry& entry = entries_[static_cast<std::size_t>(fd)];
  entry.reported_at = waits_;
  entry.attended = !really_ready;  // nobody need attend to what is not so
}

}  // namespace switchboard::simulation
