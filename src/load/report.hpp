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
  std::optional<MemoryUse> server_memory;
  const Failures& failures;
};

struct IdleReport {
  const Settings& settings;
  std::uint64_t anonymous_before;  // bytes
  std::uint64_t anonymous_after;   //
  Expense server;                  // while nobody spoke
  const Failures& failures;
};

struct CrowdReport {
  const Settings& settings;
  std::uint64_t anonymous_before;  // bytes; 0 where nobody looked
  std::uint64_t anonymous_after;   // when everybody was in
  const Accounting& joining;       // from the first connection until all were in
  const Accounting& leaving;       // from the first close until all had been told
  std::uint64_t told;              // how often somebody was told of somebody
  const Failures& failures;
};

// One line of JSON, or a few lines of text.
std::string to_text(const RunReport& report);
std::string to_text(const IdleReport& report);
std::string to_text(const CrowdReport& report);

}  // namespace switchboard::load
