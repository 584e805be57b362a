#include "test_file.h"

#include <charconv>
#include <optional>

#include "base/time_format.h"
#include "model/types.h"

namespace weir::sql_test {

namespace {

constexpr std::string_view kDay = "2020-01-01";
constexpr int64_t kDayMillis = 86'400'000;

std::string_view TakeWord(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  return word;
}

std::optional<int64_t> ParseTime(std::string_view word) {
  if (!word.starts_with('@')) {
    return std::nullopt;
  }
  word.remove_prefix(1);
  return base::ParseTimestamp(word.contains('T') ? std::string(word)
                                                 : fmt::format("{}T{}", kDay, word));
}

base::Result<void> ParseInputLine(std::string_view line, TestFile& file) {
  const std::string_view name = TakeWord(line);
  if (name == "row_path") {
    file.row_path = line;
    return {};
  }
  const size_t path = line.rfind(' ');
  if (path == std::string_view::npos) {
    return base::Fail(base::Code::kInvalidArgument, "input line needs name, type and path: {}",
                      name);
  }
  ASSIGN_OR_RETURN(const model::Type type, model::ParseType(line.substr(0, path)));
  file.columns.push_back(
      {.name = std::string(name), .mapping = std::string(line.substr(path + 1)), .type = type});
  return {};
}

base::Result<void> ParseLimit(std::string_view line, TestFile& file) {
  const std::string_view name = TakeWord(line);
  size_t value = 0;
  std::from_chars(line.data(), line.data() + line.size(), value);
  if (name == "max_keys") {
    file.max_keys = value;
  } else if (name == "max_distinct") {
    file.max_distinct = value;
  } else if (name == "shards" && value == 1) {
    file.one_shard = true;
  } else {
    return base::Fail(base::Code::kInvalidArgument, "unknown limit '{}'", name);
  }
  return {};
}

base::Result<void> ParseRow(std::string_view line, TestFile& file) {
  const std::optional<int64_t> time = ParseTime(TakeWord(line));
  if (!time) {
    return base::Fail(base::Code::kInvalidArgument, "a row begins with @TIME: {}", line);
  }
  file.rows.push_back(
      {.arrival = *time, .data = line == "bound" ? std::string() : std::string(line)});
  return {};
}

base::Result<void> ParseLine(std::string_view section, std::string_view line, TestFile& file) {
  if (section == "program") {
    file.program += line;
    file.program += '\n';
    return {};
  }
  if (line.empty() || section == "oracle" || section.empty()) {
    return {};
  }
  if (section == "input") {
    return ParseInputLine(line, file);
  }
  if (section == "limits") {
    return ParseLimit(line, file);
  }
  if (section == "rows") {
    return ParseRow(line, file);
  }
  if (section == "expect error") {
    file.expected_error.emplace_back(line);
    return {};
  }
  const std::optional<int64_t> time = ParseTime(TakeWord(line));
  if (!section.starts_with("expect ") || !time) {
    return base::Fail(base::Code::kInvalidArgument,
                      "section '{}' has a line that cannot be read: {}", section, line);
  }
  file.expected[std::string(section.substr(7))].push_back(
      fmt::format("{} {}", ShowTime(*time), line));
  return {};
}

}  // namespace

std::string ShowTime(int64_t millis) {
  const std::string text = base::FormatTimestamp(millis);
  return text.starts_with(kDay) ? fmt::format("@{}", text.substr(11))
                                : fmt::format("@{}T{}", text.substr(0, 10), text.substr(11));
}

base::Result<TestFile> ParseTestFile(std::string_view name, std::string_view text) {
  TestFile file;
  file.name = name;
  std::string section;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with("=== ")) {
      section = line.substr(4);
      if (section.starts_with("expect ") && section != "expect error") {
        file.expected[section.substr(7)];
      }
    } else if (base::Result<void> parsed = ParseLine(section, line, file); !parsed) {
      return std::unexpected(base::Within(name, parsed.error()));
    }
  }
  if (!file.rows.empty() && !file.rows.back().data.empty()) {
    file.rows.push_back({.arrival = file.rows.back().arrival + kDayMillis, .data = {}});
  }
  return file;
}

}  // namespace weir::sql_test
