// Service: how answers are written, and told from each other by labels.
#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "chat/text.hpp"
#include "irc/names.hpp"
#include "irc/service.hpp"

namespace switchboard::irc {

namespace {

constexpr std::size_t most_label_bytes = 64;  // ircv3.net/specs/extensions/labeled-response

// In front of the tags that a line has, or of the line.
std::string with_tag(std::string_view tag, std::string_view line) {
  const bool has_tags = line.starts_with('@');
  return fmt::format("@{}{}{}", tag, has_tags ? ";" : " ", line.substr(has_tags ? 1 : 0));
}

}  // namespace

void Service::reply(Session& session, const Numeric& numeric,
                    std::initializer_list<std::string_view> parameters, std::string_view text) {
  std::string line =
      fmt::format(":{} {:03} {}", settings_.server_name, numeric.code, session.name());
  if (text.empty()) text = numeric.text;
  const std::string_view* last = parameters.end();
  for (const std::string_view* parameter = parameters.begin(); parameter != last; ++parameter) {
    // What a client sent comes back, and may be what no parameter can be.
    const bool is_last = text.empty() && parameter + 1 == last;
    const bool is_odd = !is_word(*parameter);
    line += is_odd && is_last ? " :" : " ";
    if (is_odd && !is_last) {
      line += '*';
    } else {
      line += *parameter;
    }
  }
  if (!text.empty()) line.append(" :").append(text);
  send(session, line);
}

void Service::send_message(Session& session, std::string_view command,
                           std::initializer_list<std::string_view> parameters, Last last) {
  std::string line;
  append_message(line, settings_.server_name, command, {parameters.begin(), parameters.size()},
                 last);
  send(session, line);
}

void Service::fail(Session& session, std::string_view command, std::string_view code,
                   std::string_view text) {
  if (session.has(capability::standard_replies)) {
    return send_message(session, "FAIL", {command, code, text}, Last::text);
  }
  send_message(session, "NOTICE", {session.name(), text}, Last::text);
}

std::size_t Service::room_for_text(const Session& session,
                                   std::size_t parameter_bytes) const noexcept {
  constexpr std::size_t marks = 12;  // ": NNN  :", the blanks, and the line's end
  return most_message_bytes -
         std::min(most_message_bytes - 1,
                  marks + settings_.server_name.size() + session.name().size() + parameter_bytes);
}

void Service::send(Session& session, std::string_view line) {
  emit(session, fmt::format("{}\r\n", fitting(line, most_message_bytes - 2)));
}

void Service::deliver(Session& session, const Slice& bytes) {
  if (session.is_in_command && session.labelled != nullptr && session.unlabelled_deliveries == 0) {
    const auto view = bytes.bytes();
    return emit_lines(session, {reinterpret_cast<const char*>(view.data()), view.size()});
  }
  if (session.unlabelled_deliveries > 0) --session.unlabelled_deliveries;
  Connection* connection = connections_.find(session.id);
  if (connection != nullptr && has_room(session, *connection, bytes.size())) {
    connection->write(bytes);
  }
}

// False for who reads too slowly. They go a little later, as whoever delivers must not be called
// back; what comes until then would not be read either.
bool Service::has_room(Session& session, const Connection& connection, std::size_t bytes) {
  if (session.is_over_limit) return false;
  if (connection.queued_bytes() + bytes <= connections_.limits().output_limit_bytes) {
    session.written_bytes += bytes;
    return true;
  }
  // First: where there is no memory for it, nothing has changed.
  const TimerId end = reactor_.call_after(Nanoseconds::zero(), [this, id = session.id] {
    Connection* slow = connections_.find(id);
    if (slow == nullptr) return;
    constexpr std::string_view why = "Output limit exceeded";
    show_out(session_of(*slow), why, why, CloseReason::output_limit);
  });
  cancel_timers(session);
  session.timer = end;
  session.is_over_limit = true;
  return false;
}

// The message that may be half sent stays, and the reason can follow, instead of all that was not
// taken.
void Service::make_room_for_last_words(Session& session) {
  session.is_over_limit = false;
  session.labelled.reset();  // its answer is not whole any more
  if (Connection* connection = connections_.find(session.id)) {
    connection->drop_queued_behind(std::byte{'\n'});
  }
}

void Service::emit_lines(Session& session, std::string_view lines) {
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, std::min(lines.find('\n'), lines.size() - 1) + 1);
    emit(session, std::string{line});
    lines.remove_prefix(line.size());
  }
}

void Service::write(Session& session, std::string_view text) {
  Connection* connection = connections_.find(session.id);
  if (connection != nullptr && has_room(session, *connection, text.size())) connection->write(text);
}

// A labelled answer's first line waits for a second, as one line bears the label itself and several
// are a batch.
void Service::emit(Session& session, std::string line) {
  LabelledAnswer* labelled = session.is_in_command ? session.labelled.get() : nullptr;
  if (labelled == nullptr) return write(session, line);
  if (labelled->batch.empty() && labelled->first.empty()) {
    labelled->first = std::move(line);
    return;
  }
  if (labelled->batch.empty()) {
    labelled->batch = fmt::format("{:x}", ++last_batch_);
    write(session, fmt::format("@label={} :{} BATCH +{} labeled-response\r\n", labelled->label,
                               settings_.server_name, labelled->batch));
    write(session, with_tag("batch=" + labelled->batch, labelled->first));
    labelled->first.clear();
  }
  write(session, with_tag("batch=" + labelled->batch, line));
}

void Service::begin_answer(Session& session, const Message& message) {
  session.is_in_command = true;
  if (!session.has(capability::labeled_response) || !session.has(capability::batch)) return;
  const auto label = find_tag(message.tags, "label");
  if (!label || label->empty() || label->size() > most_label_bytes) return;
  if (!chat::is_utf8(*label)) return;
  session.labelled = std::make_unique<LabelledAnswer>(LabelledAnswer{.label = std::string{*label}});
}

void Service::end_answer(Session& session) {
  const auto labelled = std::move(session.labelled);
  if (labelled == nullptr) return;
  if (!labelled->batch.empty()) {
    return write(session, fmt::format(":{} BATCH -{}\r\n", settings_.server_name, labelled->batch));
  }
  const std::string line =
      labelled->first.empty() ? fmt::format(":{} ACK\r\n", settings_.server_name) : labelled->first;
  write(session, with_tag("label=" + labelled->label, line));
}

}  // namespace switchboard::irc
