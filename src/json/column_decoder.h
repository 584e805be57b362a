#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/column_batch.h"
#include "model/record.h"
#include "model/types.h"

namespace weir::json {

/// One column and where its value stands in a row: "$.Event", "$.a.b", "$.tags[0]",
/// "$.OrderLines[0:].Price".
struct ColumnMapping {
  std::string name;
  std::string path;
  model::Type type;
};

/// A record that gave no row.
struct RejectedRecord {
  size_t record = 0;   ///< Position in the span given to Decode.
  std::string reason;  ///< Names column and value; at most 200 bytes.
};

/// Turns JSON records into rows by the rules of Kinesis Data Analytics' input mapping.
///
/// - The row path is "$", or names an array or object below it ("$.a.b[0:]": one row per element;
/// "$.a.b": one row).
/// - Columns may flatten one array ("$.lines[0:].f"): one row per element, scalar columns repeated;
/// an empty or missing
///   array gives one row with NULLs. All such columns must name the same array.
/// - null and missing are NULL. A value that does not fit its type (overflow, 123.4 into INTEGER,
/// text that is no
///   number) rejects the whole record. Text longer than VARCHAR(n) is cut to n bytes, at a
///   character's start.
/// - Objects, arrays and numbers go into VARCHAR as their source text. Booleans go into numbers as
/// 1 and 0; a number
///   is true when not 0; text is true when it is "true" in any case.
/// - TIMESTAMP reads ISO 8601 text or a number of milliseconds since 1970; DECIMAL is read exactly.
///
/// Learns the layout of the records that it sees and reads the like of them much faster; the result
/// is the same. Not thread-safe; movable.
class ColumnDecoder {
 public:
  using RejectedRecord = json::RejectedRecord;

  /// Columns of one mapping; as in Kinesis Data Analytics.
  static constexpr size_t kMaxColumns = 1000;
  /// Rows that one record may give; one that would give more is rejected.
  static constexpr size_t kMaxRowsPerRecord = 65'536;
  /// Rows × columns that one record may give; one that would give more is rejected.
  static constexpr size_t kMaxCellsPerRecord = size_t{1} << 20;

  /// kInvalidArgument when a path does not parse, two columns flatten different arrays, names
  /// repeat, or there are no columns or more than kMaxColumns.
  static base::Result<ColumnDecoder> Create(std::string_view row_path,
                                            std::vector<ColumnMapping> columns);

  ColumnDecoder(ColumnDecoder&&) noexcept;
  ColumnDecoder& operator=(ColumnDecoder&&) noexcept;
  ~ColumnDecoder();

  /// The rows of `records`, in order; rowtimes are the records' arrival times. Appends to
  /// `rejected` what gave no row; sets `record_of_row` to each row's position in `records`.
  ///
  /// Strings of the batch point into the records' data: they are valid as long as the memory of
  /// `records` is, which the caller adds to keep_alive. Data needs no padding and may be any bytes.
  model::ColumnBatch Decode(std::span<const model::Record> records,
                            std::vector<RejectedRecord>& rejected,
                            std::vector<uint32_t>& record_of_row);

  /// Same, and the batch keeps the buffers of `records` alive.
  model::ColumnBatch Decode(const model::RecordBatch& records,
                            std::vector<RejectedRecord>& rejected,
                            std::vector<uint32_t>& record_of_row);

  /// The columns as fields, all nullable.
  model::Schema schema() const;

  /// Records read by the learned layout, and records read in full, since creation.
  uint64_t fast_records() const;
  uint64_t general_records() const;

  /// Whether to use the learned layout; on by default. Tests and benchmarks turn it off.
  void set_speculation(bool on);

 private:
  struct State;
  explicit ColumnDecoder(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace weir::json
