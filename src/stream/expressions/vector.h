#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/column_batch.h"
#include "model/types.h"

namespace weir::stream {

// Rows of a batch that something is computed for: all of them, or an ascending list of positions.
class Selection {
 public:
  static Selection All(size_t count) { return Selection(nullptr, count); }

  static Selection Of(std::span<const uint32_t> rows) {
    return Selection(rows.data(), rows.size());
  }

  size_t size() const { return count_; }

  // Position in the batch of the k-th selected row.
  size_t operator[](size_t k) const { return rows_ == nullptr ? k : rows_[k]; }

  template <typename F>
  void ForEach(F&& f) const {
    if (rows_ == nullptr) {
      for (size_t i = 0; i < count_; ++i) {
        f(i);
      }
    } else {
      for (size_t k = 0; k < count_; ++k) {
        f(static_cast<size_t>(rows_[k]));
      }
    }
  }

 private:
  Selection(const uint32_t* rows, size_t count) : rows_(rows), count_(count) {}

  const uint32_t* rows_;
  size_t count_;
};

// The values of one expression, by position in the batch: one of the three pointers is set, as the
// physical type says. A constant has one value for all rows (mask 0). Views memory of the batch or
// of the expression that made it.
struct Vector {
  const int64_t* ints = nullptr;
  const double* doubles = nullptr;
  const std::string_view* strings = nullptr;
  const uint8_t* nulls = nullptr;
  size_t mask = ~size_t{0};

  bool constant() const { return mask == 0; }

  bool IsNull(size_t row) const { return nulls != nullptr && nulls[row & mask] != 0; }

  int64_t Int(size_t row) const { return ints[row & mask]; }

  double Double(size_t row) const { return doubles[row & mask]; }

  std::string_view String(size_t row) const { return strings[row & mask]; }
};

// Where an expression puts its values. Reused from batch to batch.
class ResultBuffer {
 public:
  // Makes room for `rows` values of undefined content, none of them NULL.
  void Reset(model::Physical physical, size_t rows);

  int64_t* ints() { return ints_.data(); }

  double* doubles() { return doubles_.data(); }

  std::string_view* strings() { return strings_.data(); }

  void SetNull(size_t row);

  // Copies one value of the buffer's physical type, or NULL.
  void CopyFrom(const Vector& from, size_t row);

  Vector View() const;

 private:
  model::Physical physical_ = model::Physical::kInt64;
  size_t rows_ = 0;
  bool any_null_ = false;
  std::vector<int64_t> ints_;
  std::vector<double> doubles_;
  std::vector<std::string_view> strings_;
  std::vector<uint8_t> nulls_;
};

// Rows of one batch that could not be computed, each with its first reason.
class RowErrors {
 public:
  struct Entry {
    size_t row = 0;
    std::string message;
  };

  // Forgets everything; the next batch has `rows` rows.
  void Reset(size_t rows);

  void Fail(size_t row, std::string message);

  bool empty() const { return entries_.empty(); }

  bool Failed(size_t row) const { return !failed_.empty() && failed_[row] != 0; }

  // In the order of the rows.
  std::vector<Entry> Take();

 private:
  size_t rows_ = 0;
  std::vector<uint8_t> failed_;
  std::vector<Entry> entries_;
};

// What an expression is evaluated against.
struct Evaluation {
  const model::ColumnBatch& batch;
  model::StringArena& arena;  // Strings that the expression makes.
  RowErrors& errors;
};

// The whole column as a vector.
Vector ViewOf(const model::Column& column);

// Appends the selected values to `out`, which has the type already.
void Gather(const Vector& from, const Selection& rows, model::Column& out);

}  // namespace weir::stream
