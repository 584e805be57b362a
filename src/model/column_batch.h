#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/types.h"
#include "model/value.h"

namespace weir::model {

/// One column of a batch: values of one type, in the one vector that its physical type names; the
/// others are empty. Strings point into memory that the batch keeps alive.
struct Column {
  Type type;
  std::vector<int64_t> ints;
  std::vector<double> doubles;
  std::vector<std::string_view> strings;
  /// 1 where the value is NULL; empty when none is. The value vector holds 0 or "" there.
  std::vector<uint8_t> nulls;

  bool IsNull(size_t row) const { return !nulls.empty() && nulls[row] != 0; }

  /// Marks `row` NULL; `size` is the batch's row count.
  void SetNull(size_t row, size_t size) {
    if (nulls.empty()) {
      nulls.resize(size, 0);
    }
    nulls[row] = 1;
  }

  /// Sizes the value vector of the physical type to `size` zeros; no NULLs.
  void Resize(size_t size);

  Value At(size_t row) const;
};

/// Keeps bytes alive for the string views of batches. Append-only; views stay valid for its
/// lifetime. Not thread-safe.
class StringArena {
 public:
  /// Copies `text` in and returns the stable copy.
  std::string_view Add(std::string_view text);

  /// `size` writable bytes that stay put.
  char* Allocate(size_t size);

 private:
  std::vector<std::unique_ptr<char[]>> blocks_;
  size_t used_ = 0;
  size_t capacity_ = 0;
};

/// Rows of one in-application stream, by column, in rowtime order.
struct ColumnBatch {
  std::vector<Column> columns;
  /// ROWTIME of each row, milliseconds since 1970; ascending, not strictly.
  std::vector<int64_t> rowtimes;
  /// What the string views point into: arenas and record buffers.
  std::vector<std::shared_ptr<const void>> keep_alive;

  size_t size() const { return rowtimes.size(); }
};

/// A batch whose columns have the types of `schema` and no rows.
ColumnBatch EmptyBatch(const Schema& schema);

}  // namespace weir::model
