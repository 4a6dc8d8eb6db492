// An echo that answers message by message: a frame comes back once all of it is there.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "switchboard/echo/echo_service.hpp"
#include "switchboard/framing/chosen_codec.hpp"

namespace switchboard {

// Like EchoService in all else: frames are handed back where they lie, without a copy. A client
// whose stream is not as the codec says, or ends within a frame, gets the answers to what was
// before that, and is closed (protocol_error).
class FramedEchoService final : private ConnectionHandler {
 public:
  using OpenedCallback = EchoService::OpenedCallback;
  using ClosedCallback = EchoService::ClosedCallback;

  // The reactor must outlive it. `limits` must let a frame be kept until it is whole: an
  // input_limit greater than the longest frame with its header or delimiter.
  FramedEchoService(Reactor& reactor, ChosenCodec codec, ConnectionLimits limits = {},
                    OpenedCallback on_opened = {}, ClosedCallback on_closed = {});

  // Give this to a Listener.
  ConnectionTable& connections() noexcept { return connections_; }
  const EchoCounts& counts() const noexcept { return counts_; }
  std::uint64_t messages() const noexcept { return messages_; }

 private:
  void on_open(Connection& connection) override;
  std::size_t on_data(Connection& connection, const Slice& input) override;
  void on_end(Connection& connection, std::span<const std::byte> unconsumed) override;
  void on_closed(Connection& connection, const Closed& closed) override;

  const ChosenCodec codec_;
  std::unordered_map<std::uint64_t, ChosenCodec> codecs_;  // of each connection, by its id
  EchoCounts counts_;
  std::uint64_t messages_ = 0;
  OpenedCallback opened_callback_;
  ClosedCallback closed_callback_;
  ConnectionTable connections_;  // last: its connections call back into what stands above
};

}  // namespace switchboard
