#include "server/conversation.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace switchboard::server {

namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span{text});
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

std::span<const std::byte> Outgoing::take(std::string_view input) {
  out_.clear();
  const bool by_message = options_.framing && !options_.framing->codec.is_until_close();
  if (!by_message && !options_.lines) {
    say(input);
    return out_;
  }
  for (;;) {
    const std::size_t newline = input.find('\n');
    if (newline == std::string_view::npos) break;
    held_ += input.substr(0, newline + 1);
    input.remove_prefix(newline + 1);
    say_line(std::exchange(held_, {}));
  }
  held_ += input;
  if (held_.size() <= options_.limit_bytes) return out_;
  if (by_message) {
    throw ConversationError(
        fmt::format("a line of standard input is longer than a message may be, "
                    "{} bytes; raise --frame-limit",
                    options_.limit_bytes));
  }
  say(std::exchange(held_, {}));  // as much as is held at a time
  return out_;
}

std::span<const std::byte> Outgoing::finish() {
  out_.clear();
  if (!held_.empty()) say_line(std::exchange(held_, {}));
  return out_;
}

// With its newline, unless it is the last and has none.
void Outgoing::say_line(std::string_view line) {
  if (!options_.framing) return say(line);
  if (line.ends_with('\n')) line.remove_suffix(1);
  const FrameStatus status = options_.framing->codec.encode(bytes_of(line), out_);
  if (status == FrameStatus::complete) return;
  throw ConversationError(fmt::format("a line of {} bytes on standard input is no message: {}",
                                      line.size(), to_string(status)));
}

void Outgoing::say(std::string_view text) {
  const auto bytes = bytes_of(text);
  if (!options_.crlf) {
    out_.insert(out_.end(), bytes.begin(), bytes.end());
    return;
  }
  for (const std::byte byte : bytes) {
    if (byte == std::byte{'\n'} && !behind_return_) out_.push_back(std::byte{'\r'});
    out_.push_back(byte);
    behind_return_ = byte == std::byte{'\r'};
  }
}

Incoming::Incoming(const ConversationOptions& options) : options_(options) {
  if (options.framing) codec_ = options.framing->codec;
}

std::size_t Incoming::take(std::span<const std::byte> input, std::string& out) {
  if (codec_) {
    const DecodedFrames decoded = decode_frames(
        *codec_, input, [&](std::span<const std::byte> message) { show_message(message, out); });
    if (decoded.status == FrameStatus::incomplete) return decoded.consumed_bytes;
    throw ConversationError(
        fmt::format("what the server sent is no message: {}", to_string(decoded.status)));
  }
  std::size_t whole_bytes = input.size();
  if (options_.lines) {
    const std::size_t newline = text_of(input).rfind('\n');
    if (newline != std::string_view::npos) whole_bytes = newline + 1;
    // One that is too long is shown as it comes.
    if (newline == std::string_view::npos && input.size() <= options_.limit_bytes) return 0;
  }
  show(input.first(whole_bytes), out);
  return whole_bytes;
}

void Incoming::finish(std::span<const std::byte> rest, std::string& out) {
  if (!codec_) return show(rest, out);
  const Frame last = codec_->at_end(rest);
  if (last.status == FrameStatus::complete) {
    // All of a stream is shown as it is, without a newline of ours.
    return show(last.payload, out);
  }
  if (last.status == FrameStatus::incomplete) return;
  throw ConversationError(fmt::format("the server's last message is no whole one: {}, {} bytes",
                                      to_string(last.status), rest.size()));
}

void Incoming::show(std::span<const std::byte> piece, std::string& out) {
  if (options_.hex) return dump(piece, out);
  out += text_of(piece);
}

void Incoming::show_message(std::span<const std::byte> message, std::string& out) {
  if (options_.hex) offset_ = 0;  // each is counted by itself
  show(message, out);
  if (!options_.hex || message.empty()) out += '\n';
}

// 00000010  68 65 6c 6c 6f 0a                                 hello.
void Incoming::dump(std::span<const std::byte> piece, std::string& out) {
  constexpr std::size_t row_bytes = 16;
  while (!piece.empty()) {
    const auto row = piece.first(std::min(row_bytes, piece.size()));
    std::string digits;
    std::string text;
    for (const std::byte byte : row) {
      const auto value = std::to_integer<unsigned>(byte);
      fmt::format_to(std::back_inserter(digits), " {:02x}", value);
      text += value >= 0x20 && value < 0x7F ? static_cast<char>(value) : '.';
    }
    fmt::format_to(std::back_inserter(out), "{:08x} {:<{}}  {}\n", offset_, digits, 3 * row_bytes,
                   text);
    offset_ += row.size();
    piece = piece.subspan(row.size());
  }
}

}  // namespace switchboard::server
