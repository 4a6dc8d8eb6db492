// What a measurement found, in JSON or for reading.
#pragma once

#include <cstdint>
#include <optional>

#include "load/echo_client.hpp"
#include "support/histogram.hpp"
#include "support/process_account.hpp"

namespace switchboard::bench {

struct EchoReport {
  const EchoSettings& settings;
  std::uint64_t messages;
  const Histogram& times;
  Expense client;
  std::optional<Expense> server;
  const Failures& failures;
};

struct IdleReport {
  const EchoSettings& settings;
  std::uint64_t anonymous_before;  // bytes
  std::uint64_t anonymous_after;   //
  Expense server;                  // while nobody spoke
  const Failures& failures;
};

// One line of JSON, or a few lines of text, on standard output, flushed.
void print(const EchoReport& report, bool json);
void print(const IdleReport& report, bool json);

}  // namespace switchboard::bench
