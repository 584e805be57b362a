#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "stream/application.h"

namespace weir::sql_test {

// A record of the input, or (data empty) the statement that none arrives earlier from now on.
struct InputLine {
  int64_t arrival = 0;
  std::string data;
};

// One tests/sql/cases/*.test, see README.md.
struct TestFile {
  std::string name;
  std::string row_path = "$";
  std::vector<stream::InputColumn> columns;
  std::string program;
  std::vector<InputLine> rows;
  std::map<std::string, std::vector<std::string>> expected;  // Lines by stream.
  std::vector<std::string> expected_error;
  size_t max_keys = 1'000'000;
  size_t max_distinct = 10'000'000;
  bool one_shard = false;
};

base::Result<TestFile> ParseTestFile(std::string_view name, std::string_view text);

// "@hh:mm:ss.fff" of 2020-01-01, with the date when it is another, as in the files.
std::string ShowTime(int64_t millis);

}  // namespace weir::sql_test
