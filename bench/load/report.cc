#include "load/report.hpp"

#include <algorithm>
#include <cstdio>
#include <string>

namespace switchboard::bench {

namespace {

double per_message(double total, std::uint64_t messages) {
  return total / static_cast<double>(std::max(messages, std::uint64_t{1}));
}

double microseconds(std::uint64_t nanoseconds) {
  return static_cast<double>(nanoseconds) / 1e3;
}

// The names are this program's own and strerror's, so nothing in them needs escaping.
void print_failures_json(const Failures& failures) {
  std::printf("\"failures\":{");
  const char* separator = "";
  for (const auto& [what, count] : failures) {
    std::printf("%s\"%s\":%llu", separator, what.c_str(), static_cast<unsigned long long>(count));
    separator = ",";
  }
  std::printf("}");
}

void print_failures_text(const Failures& failures) {
  for (const auto& [what, count] : failures) {
    std::printf("  FAILED %s: %llu connections\n", what.c_str(),
                static_cast<unsigned long long>(count));
  }
}

void print_expense_json(const char* who, const Expense& expense, std::uint64_t messages) {
  std::printf(
      "\"%s\":{\"cpu_ns_per_message\":%.1f,\"user_ticks\":%llu,\"system_ticks\":%llu,"
      "\"busy\":%.4f,\"intruded\":%.4f,\"core_busy\":%.4f,"
      "\"voluntary_switches\":%llu,\"involuntary_switches\":%llu},",
      who, per_message(expense.cpu_ns, messages),
      static_cast<unsigned long long>(expense.user_ticks),
      static_cast<unsigned long long>(expense.system_ticks), expense.busy, expense.intruded,
      expense.core_busy, static_cast<unsigned long long>(expense.voluntary_switches),
      static_cast<unsigned long long>(expense.involuntary_switches));
}

void print_expense_text(const char* who, const Expense& expense, std::uint64_t messages) {
  const double cpu_ns = per_message(expense.cpu_ns, messages);
  const auto ticks = static_cast<double>(expense.user_ticks + expense.system_ticks);
  const double user_ns = ticks > 0 ? cpu_ns * static_cast<double>(expense.user_ticks) / ticks : 0;
  std::printf(
      "  %s: %.0f ns of CPU a message (%.0f user, %.0f system), busy %.1f %%, kept waiting by "
      "others "
      "%.1f %%, its core busy %.1f %%, %llu voluntary and %llu involuntary switches\n",
      who, cpu_ns, user_ns, cpu_ns - user_ns, expense.busy * 100, expense.intruded * 100,
      expense.core_busy * 100, static_cast<unsigned long long>(expense.voluntary_switches),
      static_cast<unsigned long long>(expense.involuntary_switches));
}

}  // namespace

void print(const EchoReport& report, bool json) {
  const EchoSettings& settings = report.settings;
  const double rate = static_cast<double>(report.messages) / std::max(report.client.seconds, 1e-9);
  const double megabytes = rate * static_cast<double>(settings.message_size) / 1e6;
  const double p50 = microseconds(report.times.percentile_ns(0.5));
  const double p99 = microseconds(report.times.percentile_ns(0.99));
  const double highest = microseconds(report.times.highest_ns());
  if (json) {
    std::printf(
        "{\"mode\":\"echo\",\"connections\":%zu,\"size\":%zu,\"depth\":%zu,\"seconds\":%.6f,"
        "\"messages\":%llu,\"messages_per_second\":%.1f,\"megabytes_per_second\":%.3f,"
        "\"latency_us\":{\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f},",
        settings.connections, settings.message_size, settings.depth, report.client.seconds,
        static_cast<unsigned long long>(report.messages), rate, megabytes, p50, p99, highest);
    if (report.server) print_expense_json("server", *report.server, report.messages);
    print_expense_json("client", report.client, report.messages);
    print_failures_json(report.failures);
    std::printf("}\n");
  } else {
    std::printf("%zu connections, %zu B, %zu deep, %.2f s: %.0f messages/s, %.1f MB/s each way\n",
                settings.connections, settings.message_size, settings.depth, report.client.seconds,
                rate, megabytes);
    std::printf("  latency p50 %.1f us, p99 %.1f us, highest %.1f us\n", p50, p99, highest);
    if (report.server) print_expense_text("server", *report.server, report.messages);
    print_expense_text("client", report.client, report.messages);
    print_failures_text(report.failures);
  }
  std::fflush(stdout);
}

void print(const IdleReport& report, bool json) {
  const std::size_t connections = report.settings.connections;
  const double grown =
      static_cast<double>(report.anonymous_after) - static_cast<double>(report.anonymous_before);
  const double each = grown / static_cast<double>(connections);
  if (json) {
    std::printf(
        "{\"mode\":\"idle\",\"connections\":%zu,\"anonymous_before\":%llu,"
        "\"anonymous_after\":%llu,\"bytes_per_connection\":%.1f,\"idle_seconds\":%.3f,"
        "\"idle_cpu_ns\":%.0f,\"idle_switches\":%llu,",
        connections, static_cast<unsigned long long>(report.anonymous_before),
        static_cast<unsigned long long>(report.anonymous_after), each, report.server.seconds,
        report.server.cpu_ns,
        static_cast<unsigned long long>(report.server.voluntary_switches +
                                        report.server.involuntary_switches));
    print_failures_json(report.failures);
    std::printf("}\n");
  } else {
    std::printf("%zu idle connections: %.1f bytes of the server's memory each\n", connections,
                each);
    std::printf("  server, idle for %.1f s: %.0f us of CPU, %llu context switches\n",
                report.server.seconds, report.server.cpu_ns / 1e3,
                static_cast<unsigned long long>(report.server.voluntary_switches +
                                                report.server.involuntary_switches));
    print_failures_text(report.failures);
  }
  std::fflush(stdout);
}

}  // namespace switchboard::bench
