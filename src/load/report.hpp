// What a measurement found, in JSON or for reading.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "load/histogram.hpp"
#include "load/opener.hpp"
#include "load/process_account.hpp"
#include "load/settings.hpp"

namespace switchboard::load {

// Of echo (messages), of churn (cycles).
struct RunReport {
  const Settings& settings;
  std::uint64_t messages;
  const Histogram& times;
  std::uint64_t bytes_sent;      // since the program began, warm-up and all
  std::uint64_t bytes_received;  //
  Expense client;
  std::optional<Expense> server;
  const Failures& failures;
};

struct IdleReport {
  const Settings& settings;
  std::uint64_t anonymous_before;  // bytes
  std::uint64_t anonymous_after;   //
  Expense server;                  // while nobody spoke
  const Failures& failures;
};

// One line of JSON, or a few lines of text.
std::string to_text(const RunReport& report);
std::string to_text(const IdleReport& report);

}  // namespace switchboard::load
