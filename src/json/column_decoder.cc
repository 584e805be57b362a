#include "json/column_decoder.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "json/coerce.h"
#include "json/mapping.h"
#include "json/record_walker.h"
#include "json/shape_memory.h"

namespace weir::json {
namespace {

constexpr size_t kMaxReasonBytes = 200;
constexpr size_t kMaxShownValue = 64;

/// `text` as printable ASCII of at most `bytes` bytes.
std::string Shown(std::string_view text, size_t bytes) {
  std::string shown(text.substr(0, bytes));
  for (char& c : shown) {
    c = c >= 0x20 && c < 0x7F ? c : '?';
  }
  return shown;
}

std::string_view KindName(TokenKind kind) {
  switch (kind) {
    case TokenKind::kComposite:
      return "array or object";
    case TokenKind::kString:
      return "string";
    case TokenKind::kNumber:
      return "number";
    default:
      return "value";
  }
}

}  // namespace

struct ColumnDecoder::State {
  State(PathTree given_tree, std::vector<ColumnMapping> given_columns)
      : tree(std::move(given_tree)), columns(std::move(given_columns)), walker(tree) {}

  PathTree tree;
  std::vector<ColumnMapping> columns;
  RecordWalker walker;
  Coercion coercion;
  bool speculate = true;
  ShapeMemory shapes;
  uint64_t fast = 0;
  uint64_t general = 0;

  // The batch in work.
  model::ColumnBatch batch;
  size_t rows = 0;
  size_t capacity = 0;
  std::vector<uint32_t>* record_of_row = nullptr;

  model::ColumnBatch Run(std::span<const model::Record> records,
                         std::vector<RejectedRecord>& rejected, std::vector<uint32_t>& rows_of);
  bool FastAs(const Shape& shape, std::string_view record, const StopIndex& stops);
  void General(const model::Record& record, const StopIndex& stops, size_t index,
               std::vector<RejectedRecord>& rejected);
  std::optional<std::string> PutRows();
  void AddRow(const model::Record& record, size_t index);
  void Reserve(size_t wanted);
  void ResetRows(size_t first, size_t count);
  void Trim();
};

void ColumnDecoder::State::Reserve(size_t wanted) {
  if (wanted <= capacity) {
    return;
  }
  capacity = std::max(wanted, capacity * 2);
  for (model::Column& column : batch.columns) {
    switch (column.type.physical()) {
      case model::Physical::kInt64:
        column.ints.resize(capacity);
        break;
      case model::Physical::kDouble:
        column.doubles.resize(capacity);
        break;
      case model::Physical::kString:
        column.strings.resize(capacity);
        break;
    }
    if (!column.nulls.empty()) {
      column.nulls.resize(capacity);
    }
  }
}

/// Makes rows that were partly set zero again.
void ColumnDecoder::State::ResetRows(size_t first, size_t count) {
  for (model::Column& column : batch.columns) {
    for (size_t row = first; row < first + count; ++row) {
      switch (column.type.physical()) {
        case model::Physical::kInt64:
          column.ints[row] = 0;
          break;
        case model::Physical::kDouble:
          column.doubles[row] = 0;
          break;
        case model::Physical::kString:
          column.strings[row] = {};
          break;
      }
      if (!column.nulls.empty()) {
        column.nulls[row] = 0;
      }
    }
  }
}

/// Cuts the columns to the rows that were set.
void ColumnDecoder::State::Trim() {
  for (model::Column& column : batch.columns) {
    switch (column.type.physical()) {
      case model::Physical::kInt64:
        column.ints.resize(rows);
        break;
      case model::Physical::kDouble:
        column.doubles.resize(rows);
        break;
      case model::Physical::kString:
        column.strings.resize(rows);
        break;
    }
    if (!column.nulls.empty()) {
      column.nulls.resize(rows);
      if (std::ranges::find(column.nulls, 1) == column.nulls.end()) {
        column.nulls.clear();
      }
    }
  }
}

void ColumnDecoder::State::AddRow(const model::Record& record, size_t index) {
  batch.rowtimes.push_back(record.arrival.millis);
  record_of_row->push_back(static_cast<uint32_t>(index));
  ++rows;
}

bool ColumnDecoder::State::FastAs(const Shape& shape, std::string_view record,
                                  const StopIndex& stops) {
  bool touched = false;
  const auto take = [&](size_t column, const Token& token) {
    touched = true;
    return coercion.Put(token, rows, capacity, batch.columns[column]);
  };
  if (!shape.Read(record, stops, take)) {
    if (touched) {
      ResetRows(rows, 1);
    }
    return false;
  }
  for (const size_t column : shape.missing()) {
    batch.columns[column].SetNull(rows, capacity);
  }
  return true;
}

/// Sets the rows of the record that the walker has read; the reason when a value does not fit.
std::optional<std::string> ColumnDecoder::State::PutRows() {
  const size_t count = walker.rows();
  for (size_t row = 0; row < count; ++row) {
    for (size_t i = 0; i < columns.size(); ++i) {
      const Token& token = walker.At(i, row);
      if (!coercion.Put(token, rows + row, capacity, batch.columns[i])) {
        ResetRows(rows, row + 1);
        return fmt::format("column '{}' {}: the {} {} does not fit", Shown(columns[i].name, 64),
                           columns[i].type.ToString(), KindName(token.kind),
                           Shown(token.text, kMaxShownValue));
      }
    }
  }
  return std::nullopt;
}

void ColumnDecoder::State::General(const model::Record& record, const StopIndex& stops,
                                   size_t index, std::vector<RejectedRecord>& rejected) {
  ++general;
  const bool learn = speculate && !tree.has_each && shapes.Miss();
  if (!walker.Walk(record.data, stops, learn)) {
    rejected.push_back({index, walker.reason().substr(0, kMaxReasonBytes)});
    return;
  }
  Reserve(rows + walker.rows());
  if (const std::optional<std::string> reason = PutRows()) {
    rejected.push_back({index, reason->substr(0, kMaxReasonBytes)});
    return;
  }
  for (size_t count = walker.rows(); count > 0; --count) {
    AddRow(record, index);
  }
  if (learn) {
    shapes.Learn(Shape::Learn(record.data, walker, tree));
  }
}

model::ColumnBatch ColumnDecoder::State::Run(std::span<const model::Record> records,
                                             std::vector<RejectedRecord>& rejected,
                                             std::vector<uint32_t>& rows_of) {
  batch = {};
  for (const ColumnMapping& column : columns) {
    batch.columns.push_back({.type = column.type});
  }
  rows = 0;
  capacity = 0;
  Reserve(records.size());
  batch.rowtimes.reserve(records.size());
  rows_of.clear();
  rows_of.reserve(records.size());
  record_of_row = &rows_of;
  const auto arena = std::make_shared<model::StringArena>();
  coercion.set_arena(arena.get());
  for (size_t i = 0; i < records.size(); ++i) {
    Reserve(rows + 1);
    const StopIndex stops(records[i].data);
    const auto fits = [&](const Shape& shape) { return FastAs(shape, records[i].data, stops); };
    if (speculate && shapes.Find(fits)) {
      ++fast;
      AddRow(records[i], i);
    } else {
      General(records[i], stops, i, rejected);
    }
  }
  coercion.set_arena(nullptr);
  Trim();
  batch.keep_alive.push_back(arena);
  return std::exchange(batch, {});
}

base::Result<ColumnDecoder> ColumnDecoder::Create(std::string_view row_path,
                                                  std::vector<ColumnMapping> columns) {
  ASSIGN_OR_RETURN(PathTree tree, BuildPathTree(row_path, columns));
  return ColumnDecoder(std::make_unique<State>(std::move(tree), std::move(columns)));
}

ColumnDecoder::ColumnDecoder(std::unique_ptr<State> state) : state_(std::move(state)) {}

ColumnDecoder::ColumnDecoder(ColumnDecoder&&) noexcept = default;
ColumnDecoder& ColumnDecoder::operator=(ColumnDecoder&&) noexcept = default;
ColumnDecoder::~ColumnDecoder() = default;

model::ColumnBatch ColumnDecoder::Decode(std::span<const model::Record> records,
                                         std::vector<RejectedRecord>& rejected,
                                         std::vector<uint32_t>& record_of_row) {
  return state_->Run(records, rejected, record_of_row);
}

model::ColumnBatch ColumnDecoder::Decode(const model::RecordBatch& records,
                                         std::vector<RejectedRecord>& rejected,
                                         std::vector<uint32_t>& record_of_row) {
  model::ColumnBatch batch = state_->Run(records.records, rejected, record_of_row);
  batch.keep_alive.insert(batch.keep_alive.end(), records.buffers.begin(), records.buffers.end());
  return batch;
}

model::Schema ColumnDecoder::schema() const {
  model::Schema schema;
  for (const ColumnMapping& column : state_->columns) {
    schema.push_back({column.name, column.type, true});
  }
  return schema;
}

uint64_t ColumnDecoder::fast_records() const {
  return state_->fast;
}

uint64_t ColumnDecoder::general_records() const {
  return state_->general;
}

void ColumnDecoder::set_speculation(bool on) {
  state_->speculate = on;
}

}  // namespace weir::json
