#include "load/report.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace switchboard::load {

namespace {

using Json = nlohmann::ordered_json;

struct Quantile {
  const char* name;
  double fraction;
};
constexpr std::array<Quantile, 5> quantiles{
    {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}}};

// What is counted, and among whom.
struct Words {
  const char* mode;
  const char* people;
  const char* unit;
  const char* units;
};
Words words_of(Mode mode) {
  switch (mode) {
    case Mode::churn:
      return {"churn", "connections at once", "connection", "connections"};
    case Mode::fanout:
      return {"fanout", "members", "delivery", "deliveries"};
    case Mode::idle:
    case Mode::crowd:
    case Mode::echo:
      break;
  }
  return {"echo", "connections", "message", "messages"};
}

double per_message(double total, std::uint64_t messages) {
  return total / static_cast<double>(std::max(messages, std::uint64_t{1}));
}

double microseconds(std::uint64_t nanoseconds) {
  return static_cast<double>(nanoseconds) / 1e3;
}

double megabytes(std::uint64_t bytes) {
  return static_cast<double>(bytes) / 1e6;
}

// The kernel samples who has the core at each tick; the sum is exact.
double user_share(const Expense& expense) {
  const auto user = static_cast<double>(expense.user_ticks);
  const auto system = static_cast<double>(expense.system_ticks);
  return user + system > 0 ? user / (user + system) : 0;
}

Json to_json(const Expense& expense, std::uint64_t messages) {
  const double cpu_ns = per_message(expense.cpu_ns, messages);
  return {{"cpu_ns_per_message", cpu_ns},
          {"user_ns_per_message", cpu_ns * user_share(expense)},
          {"system_ns_per_message", cpu_ns * (1 - user_share(expense))},
          {"user_ticks", expense.user_ticks},
          {"system_ticks", expense.system_ticks},
          {"busy", expense.busy},
          {"intruded", expense.intruded},
          {"core_busy", expense.core_busy},
          {"voluntary_switches", expense.voluntary_switches},
          {"involuntary_switches", expense.involuntary_switches}};
}

std::string to_text(const char* who, const Expense& expense, std::uint64_t messages,
                    const char* unit) {
  const double cpu_ns = per_message(expense.cpu_ns, messages);
  const std::string core = expense.core_busy > 0
                               ? fmt::format("its core busy {:.1f} %, ", expense.core_busy * 100)
                               : std::string{};
  return fmt::format(
      "  {}: {:.0f} ns of CPU a {} ({:.0f} user, {:.0f} system), busy {:.1f} %, {}kept waiting "
      "{:.1f} "
      "%, {} voluntary and {} involuntary switches\n",
      who, cpu_ns, unit, cpu_ns * user_share(expense), cpu_ns * (1 - user_share(expense)),
      expense.busy * 100, core, expense.intruded * 100, expense.voluntary_switches,
      expense.involuntary_switches);
}

Json to_json(const Histogram& times) {
  Json latency;
  for (const Quantile& quantile : quantiles) {
    latency[quantile.name] = microseconds(times.percentile_ns(quantile.fraction));
  }
  latency["max"] = microseconds(times.highest_ns());
  return latency;
}

std::string to_text(const Histogram& times) {
  std::string text = "  latency";
  for (const Quantile& quantile : quantiles) {
    text += fmt::format(" {} {:.1f} us,", quantile.name,
                        microseconds(times.percentile_ns(quantile.fraction)));
  }
  return text + fmt::format(" highest {:.1f} us\n", microseconds(times.highest_ns()));
}

std::string to_text(const Failures& failures) {
  std::string text;
  for (const auto& [what, times] : failures) text += fmt::format("  FAILED {} x {}\n", times, what);
  return text;
}

double rate_of(const RunReport& report) {
  return static_cast<double>(report.messages) / std::max(report.client.seconds, 1e-9);
}

std::string to_json_line(const RunReport& report) {
  const Settings& settings = report.settings;
  Json json{{"mode", words_of(settings.mode).mode}, {"connections", settings.connections}};
  if (settings.mode == Mode::fanout) {
    json["publishers"] = settings.publishers;
    json["rooms"] = settings.rooms;
    json["dialect"] = settings.dialect->name;
    json["stopped"] = settings.stopped;
  }
  const Json figures{{"size", settings.message_bytes},
                     {"depth", settings.depth},
                     {"rate", settings.rate},
                     {"seconds", report.client.seconds},
                     {"messages", report.messages},
                     {"messages_per_second", rate_of(report)},
                     {"bytes_sent", report.bytes_sent},
                     {"bytes_received", report.bytes_received},
                     {"latency_us", to_json(report.times)}};
  json.update(figures);
  if (report.server) json["server"] = to_json(*report.server, report.messages);
  if (report.server_memory) {
    json["server"]["anonymous_before"] = report.server_memory->before;
    json["server"]["anonymous_most"] = report.server_memory->most;
  }
  json["client"] = to_json(report.client, report.messages);
  json["failures"] = Json(report.failures);
  return json.dump() + "\n";
}

std::string cpu_of(const std::optional<Expense>& server) {
  return server ? fmt::format(" (server's CPU: {:.2f} s)", server->cpu_ns / 1e9) : std::string{};
}

std::string to_json_line(const CrowdReport& report, double bytes_each) {
  const Settings& settings = report.settings;
  Json json{{"mode", "crowd"},
            {"connections", settings.connections},
            {"rooms", settings.rooms},
            {"rooms_each", settings.rooms_each},
            {"dialect", settings.dialect->name},
            {"joined_seconds", report.joining.client().seconds},
            {"left", settings.leavers},
            {"told", report.told},
            {"left_seconds", report.leaving.client().seconds}};
  if (settings.server_pid != 0) {
    json["bytes_per_person"] = bytes_each;
    json["joined_server_cpu_ns"] = report.joining.server()->cpu_ns;
    json["left_server_cpu_ns"] = report.leaving.server()->cpu_ns;
  }
  json["failures"] = Json(report.failures);
  return json.dump() + "\n";
}

}  // namespace

std::string to_text(const RunReport& report) {
  const Settings& settings = report.settings;
  if (settings.json) return to_json_line(report);
  const Words words = words_of(settings.mode);
  const std::string how = settings.mode == Mode::churn ? "one message each"
                          : settings.rate > 0 ? fmt::format("{} messages/s due", settings.rate)
                                              : fmt::format("{} deep", settings.depth);
  std::string text =
      fmt::format("{} {}, {} bytes a message, {}, {:.2f} s: {} {}, {:.0f} a second, {:.1f} MB/s\n",
                  settings.connections, words.people, settings.message_bytes, how,
                  report.client.seconds, report.messages, words.units, rate_of(report),
                  rate_of(report) * static_cast<double>(settings.message_bytes) / 1e6);
  text += to_text(report.times);
  if (report.server) text += to_text("server", *report.server, report.messages, words.unit);
  if (report.server_memory) {
    text +=
        fmt::format("  server's memory: {:.2f} MB, then {:.2f} MB at most\n",
                    megabytes(report.server_memory->before), megabytes(report.server_memory->most));
  }
  text += to_text("client", report.client, report.messages, words.unit);
  return text + to_text(report.failures);
}

std::string to_text(const IdleReport& report) {
  const std::size_t connections = report.settings.connections;
  const double grown =
      static_cast<double>(report.anonymous_after) - static_cast<double>(report.anonymous_before);
  const double each = grown / static_cast<double>(connections);
  const std::uint64_t switches =
      report.server.voluntary_switches + report.server.involuntary_switches;
  if (report.settings.json) {
    const Json json{{"mode", "idle"},
                    {"connections", connections},
                    {"anonymous_before", report.anonymous_before},
                    {"anonymous_after", report.anonymous_after},
                    {"bytes_per_connection", each},
                    {"idle_seconds", report.server.seconds},
                    {"idle_cpu_ns", report.server.cpu_ns},
                    {"idle_switches", switches},
                    {"failures", report.failures}};
    return json.dump() + "\n";
  }
  return fmt::format(
             "{} idle connections: {:.1f} bytes of the server's memory each\n"
             "  server, idle for {:.1f} s: {:.0f} us of CPU, {} context switches\n",
             connections, each, report.server.seconds, report.server.cpu_ns / 1e3, switches) +
         to_text(report.failures);
}

std::string to_text(const CrowdReport& report) {
  const Settings& settings = report.settings;
  const double each =
      (static_cast<double>(report.anonymous_after) - static_cast<double>(report.anonymous_before)) /
      static_cast<double>(settings.connections);
  if (settings.json) return to_json_line(report, each);
  std::string text = fmt::format("{} people in {} rooms, {} each, all in after {:.2f} s{}\n",
                                 settings.connections, settings.rooms, settings.rooms_each,
                                 report.joining.client().seconds, cpu_of(report.joining.server()));
  if (settings.server_pid != 0)
    text += fmt::format("  {:.0f} bytes of the server's memory each\n", each);
  if (settings.leavers > 0) {
    text +=
        fmt::format("  {} go at once: {} tellings, the last after {:.2f} s{}\n", settings.leavers,
                    report.told, report.leaving.client().seconds, cpu_of(report.leaving.server()));
  }
  return text + to_text(report.failures);
}

}  // namespace switchboard::load
