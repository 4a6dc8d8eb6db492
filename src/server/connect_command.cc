#include <fmt/core.h>
#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <optional>
#include <string>
#include <utility>

#include "switchboard/net/connection_table.hpp"
#include "switchboard/net/dialer.hpp"
#include "switchboard/net/resolver.hpp"
#include "switchboard/reactor/reactor.hpp"
#include "switchboard/sys/process.hpp"

#include "command_line/output.hpp"
#include "server/commands.hpp"
#include "server/conversation.hpp"
#include "server/logfmt.hpp"
#include "server/standard_streams.hpp"

namespace switchboard::server {

namespace {

// With so much waiting for standard output the server is not read from, and with so little again.
constexpr std::size_t output_high_water = 256 * 1024;
constexpr std::size_t output_low_water = 64 * 1024;

ConnectionLimits limits_of(const ClientOptions& options) {
  ConnectionLimits limits;
  limits.output_limit_bytes = SIZE_MAX;  // standard input is read no faster than it is sent
  limits.reads_above_high_water = true;
  limits.keeps_rest_while_paused = true;
  limits.input_limit_bytes = options.framing.limit_bytes + 1;
  if (const auto& framing = options.framing.framing) {
    limits.input_limit_bytes = framing->longest_frame_bytes + 1;
  }
  limits.idle_timeout = options.idle_timeout;
  return limits;
}

ConnectStatus status_of(std::error_code error) {
  if (error.category() == sys::resolver_category()) return found_no_way;
  switch (error.value()) {
    case ECONNREFUSED:
      return was_refused;
    case ETIMEDOUT:
      return ran_out_of_time;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENOENT:
      return found_no_way;
    case ECONNRESET:  // accepted, and broken off before we knew of the first
      return was_broken_off;
    default:
      return failed_otherwise;
  }
}

ConnectStatus status_of(CloseReason reason) {
  switch (reason) {
    case CloseReason::peer_closed:
    case CloseReason::local:
      return ended_well;
    case CloseReason::reset:
      return was_broken_off;
    case CloseReason::timed_out:
    case CloseReason::idle:
      return ran_out_of_time;
    case CloseReason::protocol_error:
      return made_no_sense;
    default:
      return failed_otherwise;
  }
}

// The file that binding to the path of a Unix socket makes, and that outlives the socket (unix(7)).
class SourceFile {
 public:
  explicit SourceFile(const std::optional<sys::SocketAddress>& source) {
    if (!source || source->family() != AF_UNIX) return;
    std::string path = Endpoint::from(*source).path();
    // What is there already is not ours.
    if (!sys::identify_file(path)) path_ = std::move(path);
  }
  SourceFile(const SourceFile&) = delete;
  SourceFile& operator=(const SourceFile&) = delete;
  ~SourceFile() {
    if (path_.empty()) return;
    const auto file = sys::identify_file(path_);
    // What cannot be removed stays behind, as it would without this.
    if (file && file->is_socket) (void)sys::remove_file(path_);
  }
  // Somebody else was faster.
  void disown() noexcept { path_.clear(); }

 private:
  std::string path_;
};

// Standard input to the server, and the server to standard output, each as fast as the slower end.
class Relay final : private ConnectionHandler {
 public:
  explicit Relay(const ClientOptions& options) : options_(options) {}

  // The exit status.
  int run() {
    DialOptions dial;
    dial.timeout = options_.timeout;
    dial.source = options_.source;
    Dialer dialer{table_, resolver_, *options_.server,
                  [this](Connection* connection, std::error_code error) {
                    if (connection == nullptr) fail_to_connect(error);
                  },
                  dial};
    reactor_.run();
    return status_;
  }
  const std::string& complaint() const noexcept { return complaint_; }

 private:
  // The first complaint stands; what comes of it is no news.
  void fail(ConnectStatus status, std::string complaint) {
    if (status_ != ended_well) return;
    status_ = status;
    complaint_ = std::move(complaint);
    if (Connection* connection = table_.find(connection_)) connection->close();
  }

  void fail_to_connect(std::error_code error) {
    if (error.value() == EADDRINUSE) source_file_.disown();
    fail(status_of(error),
         fmt::format("cannot connect to {}: {}", options_.server->to_string(), error.message()));
    reactor_.stop();
  }

  void on_open(Connection& connection) override {
    connection_ = connection.id();
    input_.ask();
  }

  void send(std::span<const std::byte> bytes) {
    Connection* connection = table_.find(connection_);
    if (connection == nullptr) return;
    // Refused where sending has failed: then nothing more is read, and what still comes is shown.
    if (!bytes.empty() && !connection->write(bytes)) return;
    if (!input_ended_ && connection->queued_bytes() < table_.limits().high_water_bytes) {
      input_.ask();
    }
  }

  void on_drained(Connection&) override {
    if (!input_ended_) input_.ask();
  }

  void on_input(std::string_view piece) {
    making_sense([&] { send(outgoing_.take(piece)); });
  }

  void on_input_end(std::error_code error) {
    input_ended_ = true;
    if (error) {
      return fail(failed_otherwise, fmt::format("cannot read standard input: {}", error.message()));
    }
    making_sense([&] { send(outgoing_.finish()); });
    if (Connection* connection = table_.find(connection_)) connection->finish_sending();
  }

  template <typename Step>
  void making_sense(Step step) {
    try {
      step();
    } catch (const ConversationError& error) {
      fail(made_no_sense, error.what());
    }
  }

  std::size_t on_data(Connection& connection, const Slice& input) override {
    std::string text;
    std::size_t consumed = input.size();
    making_sense([&] { consumed = incoming_.take(input.bytes(), text); });
    show(connection, text);
    return consumed;
  }

  void on_end(Connection& connection, std::span<const std::byte> unconsumed) override {
    std::string text;
    making_sense([&] { incoming_.finish(unconsumed, text); });
    show(connection, text);
    // Nobody types on when there is nobody to answer; a file or a pipe ends by itself.
    if (sys::is_terminal(sys::standard_input)) connection.drain(CloseReason::peer_closed);
  }

  void show(Connection& connection, std::string_view text) {
    if (!text.empty()) output_.write(text);
    if (output_.queued_bytes() < output_high_water || paused_) return;
    connection.pause_reading();
    paused_ = true;
  }

  void on_written() {
    if (paused_ && output_.queued_bytes() <= output_low_water) {
      paused_ = false;
      if (Connection* connection = table_.find(connection_)) connection->resume_reading();
    }
    stop_once_all_is_shown();
  }

  void on_output_error(std::error_code error) {
    fail(failed_otherwise, fmt::format("cannot print: {}", error.message()));
    reactor_.stop();
  }

  void on_closed(Connection&, const Closed& closed) override {
    const ConnectStatus status = status_of(closed.reason);
    if (status != ended_well) {
      fail(status, fmt::format("the connection to {} ended: {}{}", options_.server->to_string(),
                               to_string(closed.reason),
                               closed.error ? ", " + closed.error.message() : ""));
    }
    closed_ = true;
    stop_once_all_is_shown();
  }

  void stop_once_all_is_shown() {
    if (closed_ && output_.queued_bytes() == 0) reactor_.stop();
  }

  const ClientOptions& options_;
  SourceFile source_file_{options_.source};
  Reactor reactor_{options_.backend->make()};
  Resolver resolver_{reactor_};
  Outgoing outgoing_{options_.conversation};
  Incoming incoming_{options_.conversation};
  ConnectStatus status_ = ended_well;
  std::string complaint_;
  ConnectionId connection_;
  bool input_ended_ = false;
  bool paused_ = false;
  bool closed_ = false;
  InputStream input_{reactor_,
                     sys::standard_input,
                     {.on_input = [this](std::string_view piece) { on_input(piece); },
                      .on_end = [this](std::error_code error) { on_input_end(error); }}};
  OutputStream output_{reactor_,
                       sys::standard_output,
                       {.on_written = [this] { on_written(); },
                        .on_error = [this](std::error_code error) { on_output_error(error); }}};
  ConnectionTable table_{reactor_, *this, limits_of(options_)};
};

}  // namespace

int run_connect(const ClientOptions& options) {
  if (const auto error = sys::ignore_signal(SIGPIPE)) throw std::system_error(error, "SIGPIPE");
  Relay relay{options};
  const int status = relay.run();
  if (!relay.complaint().empty()) {
    // Where not even that can be written, the exit status has to do.
    (void)command_line::write_all(sys::standard_error,
                                  fmt::format("switchboard: {}\n", printable(relay.complaint())));
  }
  return status;
}

}  // namespace switchboard::server
