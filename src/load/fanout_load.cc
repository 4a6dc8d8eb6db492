#include "load/fanout_load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>
#include <utility>

#include "load/echo_load.hpp"

namespace switchboard::load {

namespace {

constexpr std::uint64_t no_limit = UINT64_MAX;
constexpr std::string_view marker = "[load ";
constexpr std::string_view probe = "[load ?]";
constexpr Nanoseconds probe_interval = std::chrono::milliseconds{20};
constexpr std::size_t letters = 26;

// abc...zabc..., a little longer than any message.
std::string alphabet(std::size_t size) {
  std::string text(size + letters, ' ');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % letters);
  return text;
}

// Reads a number and the character behind it.
bool take_number(std::string_view& text, std::uint64_t& number, char behind) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end == text.data() + text.size() || *end != behind) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return true;
}

}  // namespace

FanoutLoad::FanoutLoad(Reactor& reactor, const Settings& settings, Progress& progress)
    : reactor_(reactor),
      settings_(settings),
      progress_(progress),
      padding_(alphabet(settings.message_bytes)),
      table_(reactor, *this, limits_of_a_load(settings.message_bytes)),
      opener_(table_, settings.server, Opener::Stay::yes,
              [this](Connection* connection, std::error_code error, Instant) {
                if (connection != nullptr) return greet(*connection);
                ++failures_["connect: " + error.message()];
              }) {}

// --- Joining

void FanoutLoad::open() {
  connect_everybody();
  if (failures_.empty()) await_members();
}

void FanoutLoad::connect_everybody() {
  for (std::size_t begun = 0; begun < people() || opener_.under_way() > 0;) {
    while (begun < people() && opener_.under_way() < opening_at_once) {
      opener_.begin();
      ++begun;
    }
    reactor_.turn();
    progress_.tell([&] { return "connections open: " + std::to_string(table_.size()); });
  }
}

void FanoutLoad::greet(Connection& connection) {
  const ConnectionId id = connection.id();
  if (id.slot >= member_of_slot_.size()) member_of_slot_.resize(id.slot + 1UL, no_member);
  if (publishers_.size() < settings_.publishers) {
    connection.write(fmt::format("load-p{}\n", publishers_.size()));
    publishers_.push_back({.id = id, .missing = std::vector<std::uint32_t>(1)});
  } else {
    member_of_slot_[id.slot] = members_.size();
    connection.write(fmt::format("load-m{}\n", members_.size()));
    members_.push_back({.id = id, .next_number = std::vector<std::uint64_t>(settings_.publishers)});
  }
}

void FanoutLoad::await_members() {
  bool in_vain = false;
  const TimerId deadline = reactor_.call_after(patience, [&] { in_vain = true; });
  const TimerId probing = reactor_.call_every(probe_interval, [&] {
    Connection* first = table_.find(publishers_.front().id);
    if (first != nullptr) first->write(fmt::format("{}\n", probe));
  });
  while (ready_ < members_.size() && !in_vain && failures_.empty()) {
    reactor_.turn();
    progress_.tell([&] { return "members in the room: " + std::to_string(ready_); });
  }
  reactor_.cancel(deadline);
  reactor_.cancel(probing);
  if (in_vain) failures_["never in the room"] += members_.size() - ready_;
}

// --- Publishing

void FanoutLoad::run_for(Nanoseconds duration) {
  if (is_open_loop()) {
    const double seconds = std::chrono::duration<double>(duration).count();
    return run_count(static_cast<std::uint64_t>(seconds * static_cast<double>(settings_.rate)));
  }
  bool over = false;
  const TimerId timer = reactor_.call_after(duration, [&] { over = true; });
  begin_sending(no_limit);
  while (!over && failures_.empty()) turn();
  reactor_.cancel(timer);
  budget_ = 0;
}

void FanoutLoad::run_count(std::uint64_t messages) {
  begin_sending(messages);
  while (budget_ > 0 && failures_.empty()) turn();
}

void FanoutLoad::begin_sending(std::uint64_t budget) {
  budget_ = failures_.empty() ? budget : 0;
  if (is_open_loop()) return schedule_.begin(settings_.rate);
  for (Publisher& publisher : publishers_) fill_up(publisher);
}

void FanoutLoad::fill_up(Publisher& publisher) {
  const auto index = static_cast<std::size_t>(&publisher - publishers_.data());
  while (budget_ > 0 && publisher.next_number - publisher.oldest_number < settings_.depth) {
    if (!publish(index, since_epoch(sys::monotonic_now()))) return;
  }
}

bool FanoutLoad::publish(std::size_t index, std::uint64_t moment_ns) {
  Publisher& publisher = publishers_[index];
  Connection* connection = table_.find(publisher.id);
  if (connection == nullptr) return false;  // on_closed() has told, or will
  if (budget_ != no_limit) --budget_;
  const std::uint64_t number = publisher.next_number++;
  const std::uint64_t under_way = publisher.next_number - publisher.oldest_number;
  if (under_way > publisher.missing.size()) {
    std::rotate(publisher.missing.begin(),
                publisher.missing.begin() + static_cast<std::ptrdiff_t>(publisher.oldest),
                publisher.missing.end());
    publisher.oldest = 0;
    publisher.missing.resize(2 * publisher.missing.size());
  }
  publisher.missing[(publisher.oldest + under_way - 1) % publisher.missing.size()] =
      static_cast<std::uint32_t>(members_.size());
  const std::string& line = compose(index, number, moment_ns);
  ++published_;
  published_bytes_ += line.size() - 1;
  connection->write(line);
  return true;
}

// A message and its line end; good until the next.
const std::string& FanoutLoad::compose(std::size_t publisher, std::uint64_t number,
                                       std::uint64_t moment_ns) {
  line_.clear();
  fmt::format_to(std::back_inserter(line_), "{}{} {} {}] ", marker, publisher, number, moment_ns);
  const std::size_t left =
      settings_.message_bytes - std::min(settings_.message_bytes, line_.size());
  line_.append(padding_, number % letters, left);
  line_.push_back('\n');
  return line_;
}

void FanoutLoad::turn() {
  if (is_open_loop()) {
    schedule_.turn(
        reactor_, [this] { return budget_ > 0 && failures_.empty(); },
        [this](std::uint64_t number, Instant due) {
          publish(number % publishers_.size(), since_epoch(due));
        });
  } else {
    reactor_.turn();
  }
  progress_.tell([&] { return "deliveries: " + std::to_string(delivered_); });
}

// --- Receiving

std::size_t FanoutLoad::on_data(Connection& connection, const Slice& input) {
  const std::size_t index = member_of_slot_[connection.id().slot];
  if (index == no_member) return input.size();  // what a publisher is told is of no interest
  const auto bytes = input.bytes();
  std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  while (!connection.is_closed()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) break;
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    take_line(connection, members_[index], line);
    text.remove_prefix(end + 1);
  }
  return bytes.size() - text.size();
}

void FanoutLoad::take_line(Connection& connection, Member& member, std::string_view line) {
  const std::size_t begin = line.find(marker);
  if (begin == std::string_view::npos) return;  // a greeting, somebody's coming
  line.remove_prefix(begin);
  if (line == probe) {
    if (!member.is_ready) ++ready_;
    member.is_ready = true;
    return;
  }
  Message message;
  if (parse(line, message)) return take_message(connection, member, message);
  fail(connection, "a mangled line");
}

bool FanoutLoad::parse(std::string_view line, Message& message) {
  message.size_bytes = line.size();
  line.remove_prefix(marker.size());
  if (!take_number(line, message.publisher, ' ') || !take_number(line, message.number, ' ') ||
      !take_number(line, message.moment_ns, ']') || !line.starts_with(' ')) {
    return false;
  }
  message.padding = line.substr(1);
  return true;
}

void FanoutLoad::take_message(Connection& connection, Member& member, const Message& message) {
  if (message.publisher >= publishers_.size()) return fail(connection, "a mangled line");
  std::uint64_t& expected = member.next_number[message.publisher];
  if (message.number < expected) return fail(connection, "a message came twice");
  if (message.number >= publishers_[message.publisher].next_number) {
    return fail(connection, "a message that nobody sent");
  }
  if (message.number > expected) return fail(connection, "a message was lost");
  if (!is_whole(message)) return fail(connection, "wrong byte");
  ++expected;
  ++delivered_;
  delivered_bytes_ += message.size_bytes;
  if (counting_ && message.moment_ns >= counted_from_ns_) {
    times_.add(since_epoch(sys::monotonic_now()) - message.moment_ns);
  }
  note_delivery(message.publisher, message.number);
}

bool FanoutLoad::is_whole(const Message& message) const noexcept {
  const std::size_t size = message.padding.size();
  // The numbers alone may be longer than a message was to be.
  return message.size_bytes == std::max(settings_.message_bytes, message.size_bytes - size) &&
         std::memcmp(message.padding.data(), padding_.data() + message.number % letters, size) == 0;
}

void FanoutLoad::note_delivery(std::uint64_t index, std::uint64_t number) {
  Publisher& publisher = publishers_[index];
  const std::size_t size = publisher.missing.size();
  --publisher.missing[(publisher.oldest + (number - publisher.oldest_number)) % size];
  while (publisher.oldest_number < publisher.next_number &&
         publisher.missing[publisher.oldest] == 0) {
    publisher.oldest = (publisher.oldest + 1) % size;
    ++publisher.oldest_number;
  }
  if (!is_open_loop()) fill_up(publisher);
}

void FanoutLoad::start_counting() {
  times_.clear();
  counting_ = true;
  counted_from_ns_ = is_open_loop() ? since_epoch(sys::monotonic_now()) : 0;
}

// --- Ending

void FanoutLoad::drain() {
  budget_ = 0;
  const auto is_done = [&] { return delivered_ == published_ * members_.size(); };
  const auto moved = [this] { return std::pair{delivered_, failures_.size()}; };
  while (!is_done() && failures_.empty() && turn_until_moved(reactor_, moved)) {
  }
  if (is_done() || !failures_.empty()) return;
  for (const Member& member : members_) {
    bool complete = true;
    for (std::size_t i = 0; i < publishers_.size(); ++i) {
      complete &= member.next_number[i] == publishers_[i].next_number;
    }
    if (!complete) ++failures_["never delivered"];
  }
}

void FanoutLoad::on_end(Connection& connection, std::span<const std::byte>) {
  fail(connection, "closed by the server");
}

void FanoutLoad::fail(Connection& connection, const std::string& what) {
  ++failures_[what];
  connection.close(CloseReason::local);
}

void FanoutLoad::on_closed(Connection&, const Closed& closed) {
  if (closed.reason != CloseReason::local) ++failures_[describe(closed)];
}

}  // namespace switchboard::load
