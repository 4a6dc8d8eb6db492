#include "switchboard/echo/framed_echo_service.hpp"

#include <utility>

namespace switchboard {

FramedEchoService::FramedEchoService(Reactor& reactor, ChosenCodec codec, ConnectionLimits limits,
                                     OpenedCallback on_opened, ClosedCallback on_closed)
    : codec_(std::move(codec)),
      opened_callback_(std::move(on_opened)),
      closed_callback_(std::move(on_closed)),
      connections_(reactor, *this, limits) {}

void FramedEchoService::on_open(Connection& connection) {
  codecs_.emplace(connection.id().packed(), codec_);
  ++counts_.opened;
  if (opened_callback_) opened_callback_(connection);
}

std::size_t FramedEchoService::on_data(Connection& connection, const Slice& input) {
  ChosenCodec& codec = codecs_.at(connection.id().packed());
  std::size_t whole_bytes = 0;
  Frame frame;
  for (;;) {
    frame = codec.next(input.bytes().subspan(whole_bytes));
    if (frame.status != FrameStatus::complete) break;
    whole_bytes += frame.size_bytes;
    ++messages_;
  }
  counts_.bytes += whole_bytes;
  if (whole_bytes > 0) connection.write(input.first(whole_bytes));
  if (frame.status == FrameStatus::incomplete) return whole_bytes;
  connection.drain(CloseReason::protocol_error);
  return input.size();
}

void FramedEchoService::on_end(Connection& connection, std::span<const std::byte> unconsumed) {
  const Frame frame = codecs_.at(connection.id().packed()).at_end(unconsumed);
  if (frame.status == FrameStatus::complete) {
    ++messages_;
    counts_.bytes += frame.size_bytes;
    connection.write(unconsumed.first(frame.size_bytes));
  }
  const bool well =
      frame.status == FrameStatus::complete || frame.status == FrameStatus::incomplete;
  connection.drain(well ? CloseReason::peer_closed : CloseReason::protocol_error);
}

void FramedEchoService::on_closed(Connection& connection, const Closed& closed) {
  codecs_.erase(connection.id().packed());
  ++counts_.closed;
  if (closed_callback_) closed_callback_(connection, closed);
}

}  // namespace switchboard
