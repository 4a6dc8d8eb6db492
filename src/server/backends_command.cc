#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string>
#include <system_error>
#include <vector>

#include "switchboard/backends.hpp"
#include "switchboard/sys/process.hpp"

#include "command_line/output.hpp"
#include "server/commands.hpp"

namespace switchboard::server {

namespace {

using Row = std::array<std::string, 4>;

Row row_of(const Backend& backend) {
  std::string state = "available";
  if (&backend == &default_backend()) state = "available, default";
  if (!backend.available()) state = fmt::format("no: {}", backend.unavailable_because);
  return {std::string{backend.name}, std::move(state), std::string{backend.descriptors},
          std::string{backend.cost_of_wait}};
}

// Every column as wide as its widest cell; the last is not padded.
std::string table_of(const std::vector<Row>& rows) {
  std::array<std::size_t, std::tuple_size_v<Row>> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    text += fmt::format("{:<{}}  {:<{}}  {:<{}}  {}\n", row[0], widths[0], row[1], widths[1],
                        row[2], widths[2], row[3]);
  }
  return text;
}

}  // namespace

int list_backends() {
  std::vector<Row> rows{{"NAME", "STATE", "DESCRIPTORS", "COST OF A WAIT"}};
  for (const Backend& backend : backends()) rows.push_back(row_of(backend));
  const std::uint64_t present = sys::descriptor_limit();
  const std::string text = table_of(rows) + fmt::format(
                                                "\nn descriptors are watched, k of them are ready. "
                                                "This process may open {} (ulimit -n); a server\n"
                                                "raises that to {} when it starts.\n",
                                                present, sys::raise_descriptor_limit());
  if (const auto error = command_line::write_all(sys::standard_output, text)) {
    throw std::system_error(error, "cannot print");
  }
  return 0;
}

}  // namespace switchboard::server
