#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir::ingest {

// Turns the rows of a CSV file into JSON objects.
class CsvRows {
 public:
  static constexpr size_t kMaxColumns = 256;

  // kInvalidArgument for a header with empty or repeated names, or more than kMaxColumns.
  static base::Result<CsvRows> Create(std::string_view header);

  // Appends the row as a JSON object. kInvalidArgument when it has another number of fields or a
  // stray quote.
  base::Result<void> Append(std::string_view row, std::string& out) const;

 private:
  std::vector<std::string> prefixes_;  // `{"name":` or `,"name":`
};

}  // namespace weir::ingest
