// Every test includes this in place of <doctest/doctest.h>. doctest has no tables of cases, no
// skipping at run time, and prints few types; this header adds the three, and testing.cc is the
// main() of every test program.
//
// Tables. CASES writes a case once and registers it once for each row of a table, so that each row
// is listed, filtered, counted and reported by a name of its own, "subject: what holds [row]":
//
//   CASES("endpoint: a malformed address is refused", malformed_addresses(), const Malformed& row)
//   { ... }
//
// The table is any range; the program makes it once, after main() has begun. A row is named by its
// name() or name, by itself if it is a text or an integer, and by its parts if it is a pair or a
// tuple.
//
// CASES_FIXTURE(Fixture, "subject: what holds") takes the rows from Fixture::rows() and constructs
// the fixture with a row before each case. TEST_CASE_FIXTURE is doctest's own: one case, a
// default-constructed fixture.
//
// Skipping. skip("this kernel has no netem") ends the case from wherever it is called on the test's
// thread, also from a fixture's constructor. The summary names the case and the reason.
//
// Output. A program prints TAP (testanything.org), one line a case, which `meson test` reads; what
// doctest says of a failure stands below it. A case fails if it asserts nothing, and a run if a
// filter leaves no case. Two cases of one name, an empty table and a name that is not "subject:
// what holds" end the program before the first case.
//
// Values in a failed assertion are printed by describe(): texts and bytes quoted and escaped,
// ranges, optionals, durations, error codes, and whatever has to_string() or an operator<<.
//
// Assertions: CHECK goes on after a failure; REQUIRE throws, so it must not stand in a noexcept
// function, in a thread of its own, or in a child process. CHECK_EQ and its kind compile in half
// the time of CHECK(a == b).
#pragma once

#include <string>

namespace doctest {
class String;
}

namespace switchboard::test {
template <typename T>
doctest::String describe(const T& value);
}

// doctest calls this for both sides of a failed assertion.
#define DOCTEST_STRINGIFY(...) ::switchboard::test::describe(__VA_ARGS__)
#define DOCTEST_CONFIG_SUPER_FAST_ASSERTS
#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <iterator>
#include <span>
#include <sstream>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace switchboard::test {

// Lines, or other texts, to compare a list with: CHECK_EQ(lines, Texts{"one", "two"}).
using Texts = std::vector<std::string>;

// Ends the case that is running and counts it as skipped. The reason is one line.
[[noreturn]] void skip(const std::string& reason);

// --- What failed assertions print

// With \r, \n, \x00 and the like, cut after 2,000 bytes.
std::string escaped(std::string_view text);
std::string quoted(std::string_view text);
std::string joined(const std::vector<std::string>& texts);
std::string described_error(const std::error_code& error);
std::string described_duration(std::chrono::nanoseconds duration);

template <typename T>
inline constexpr bool is_text =
    std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view> ||
    std::is_convertible_v<const T&, const char*>;
template <typename T>
inline constexpr bool is_duration = false;
template <typename Count, typename Period>
inline constexpr bool is_duration<std::chrono::duration<Count, Period>> = true;

// The same as a std::string: what describe() gives doctest.
template <typename T>
std::string text_for(const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_same_v<T, std::nullptr_t>) {
    return "nullptr";
  } else if constexpr (std::is_same_v<T, char>) {
    return test::quoted({&value, 1});
  } else if constexpr (std::is_same_v<T, std::byte>) {
    return std::to_string(std::to_integer<int>(value));
  } else if constexpr (std::is_array_v<T> && std::is_convertible_v<const T&, std::string_view>) {
    return test::escaped(value);  // a literal, which INFO joins with others
  } else if constexpr (is_text<T>) {
    return test::quoted(value);
  } else if constexpr (std::is_same_v<T, std::error_code>) {
    return described_error(value);
  } else if constexpr (is_duration<T>) {
    return described_duration(value);
  } else if constexpr (requires { std::string_view{to_string(value)}; }) {
    return std::string{to_string(value)};
  } else if constexpr (requires { std::string_view{value.to_string()}; }) {
    return value.to_string();
  } else if constexpr (requires(std::ostream & out) { out << value; } && !std::is_pointer_v<T>) {
    std::ostringstream out;
    out << value;
    return out.str();
  } else if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::is_pointer_v<T>) {
    return value == nullptr ? "nullptr" : "a pointer";
  } else if constexpr (std::is_convertible_v<const T&, std::span<const std::byte>>) {
    const std::span<const std::byte> bytes{value};
    return std::to_string(bytes.size()) + " bytes " +
           test::quoted({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  } else if constexpr (requires { std::begin(value) != std::end(value); }) {
    std::vector<std::string> texts;
    for (const auto& item : value) texts.push_back(text_for(item));
    return test::joined(texts);
  } else if constexpr (requires {
                         value.has_value();
                         *value;
                       }) {
    return value.has_value() ? text_for(*value) : "nothing";
  } else if constexpr (requires { std::tuple_size<T>::value; }) {
    return std::apply([](const auto&... parts) { return test::joined({text_for(parts)...}); },
                      value);
  } else {
    return "a value that has no text";
  }
}

template <typename T>
doctest::String describe(const T& value) {
  return text_for(value).c_str();
}

// Says how two texts stand to each other if an assertion on it fails: CHECK(contains(line,
// "refused")).
struct TextVerdict {
  bool holds;
  std::string said;

  explicit operator bool() const noexcept { return holds; }
  TextVerdict operator!() const { return {!holds, said}; }
  const std::string& to_string() const noexcept { return said; }
};

TextVerdict contains(std::string_view text, std::string_view part);
TextVerdict begins_with(std::string_view text, std::string_view beginning);
TextVerdict ends_with(std::string_view text, std::string_view end);
// The whole of the text, by a regular expression of ECMAScript.
TextVerdict matches(std::string_view text, const std::string& expression);

// --- Tables of cases

// A row's name in the brackets.
template <typename Row>
std::string name_of_row(const Row& row) {
  if constexpr (requires { std::string{row.name()}; }) {
    return std::string{row.name()};
  } else if constexpr (requires { std::string{row.name}; }) {
    return std::string{row.name};
  } else if constexpr (std::is_convertible_v<const Row&, std::string_view>) {
    return std::string{std::string_view{row}};
  } else if constexpr (std::is_integral_v<Row>) {
    return std::to_string(row);
  } else {
    return std::apply(
        [](const auto&... parts) {
          std::string name;
          ((name += (name.empty() ? "" : ", ") + name_of_row(parts)), ...);
          return name;
        },
        row);
  }
}

// Each of the one with each of the other: a table for CASES.
template <typename One, typename Other>
std::vector<std::pair<One, Other>> pairs_of(const std::vector<One>& ones,
                                            const std::vector<Other>& others) {
  std::vector<std::pair<One, Other>> pairs;
  for (const One& one : ones) {
    for (const Other& other : others) pairs.emplace_back(one, other);
  }
  return pairs;
}

namespace detail {

// One use of CASES. main() registers its rows.
struct CaseTable {
  void (*run_row)();
  std::vector<std::string> (*row_names)();
  const char* file;
  unsigned line;
  const char* name;
};
int add_table(const CaseTable& table);
std::size_t row_of_current_case();

template <auto make_table, auto body>
struct Rows {
  static const auto& all() {
    static const auto rows = [] {
      auto range = make_table();
      using Row = std::decay_t<decltype(*std::begin(range))>;
      return std::vector<Row>(std::begin(range), std::end(range));
    }();
    return rows;
  }
  static std::vector<std::string> names() {
    std::vector<std::string> names;
    for (const auto& row : all()) names.push_back(name_of_row(row));
    return names;
  }
  static void run() { body(all()[row_of_current_case()]); }
  static int add(const char* file, unsigned line, const char* name) {
    return add_table({run, names, file, line, name});
  }
};

}  // namespace detail
}  // namespace switchboard::test

#define SWITCHBOARD_CASES(id, name, table, ...)                                                \
  static auto DOCTEST_CAT(id, _table)() {                                                      \
    return table;                                                                              \
  }                                                                                            \
  static void DOCTEST_CAT(id, _body)(__VA_ARGS__);                                             \
  [[maybe_unused]] static const int DOCTEST_CAT(id, _added) =                                  \
      ::switchboard::test::detail::Rows<DOCTEST_CAT(id, _table), DOCTEST_CAT(id, _body)>::add( \
          __FILE__, __LINE__, name);                                                           \
  static void DOCTEST_CAT(id, _body)(__VA_ARGS__)

// Its names must hide none of the fixture's.
#define SWITCHBOARD_CASES_FIXTURE(id, Fixture, name)                                        \
  namespace {                                                                               \
  struct id : Fixture {                                                                     \
    using Fixture::Fixture;                                                                 \
    void DOCTEST_CAT(id, _body)();                                                          \
    static auto DOCTEST_CAT(id, _rows)() { return Fixture::rows(); }                        \
    static void DOCTEST_CAT(id, _run)(                                                      \
        const std::decay_t<decltype(*std::begin(Fixture::rows()))>& row) {                  \
      id{row}.DOCTEST_CAT(id, _body)();                                                     \
    }                                                                                       \
    static int DOCTEST_CAT(id, _add)() {                                                    \
      using Rows =                                                                          \
          ::switchboard::test::detail::Rows<DOCTEST_CAT(id, _rows), DOCTEST_CAT(id, _run)>; \
      return Rows::add(__FILE__, __LINE__, name);                                           \
    }                                                                                       \
  };                                                                                        \
  [[maybe_unused]] const int DOCTEST_CAT(id, _added) = id::DOCTEST_CAT(id, _add)();         \
  }                                                                                         \
  void id::DOCTEST_CAT(id, _body)()

#define CASES(name, table, ...) \
  SWITCHBOARD_CASES(DOCTEST_ANONYMOUS(cases_), name, table, __VA_ARGS__)
#define CASES_FIXTURE(Fixture, name) \
  SWITCHBOARD_CASES_FIXTURE(DOCTEST_ANONYMOUS(Cases_), Fixture, name)
