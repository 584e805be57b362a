#include "query/json_rows.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <memory>
#include <utility>

#include "base/time_format.h"
#include "json/column_decoder.h"
#include "model/column_batch.h"

namespace weir::query {
namespace {

constexpr model::Type kPartitionType{.kind = model::TypeKind::kVarchar, .precision = 1024};
/// Rows that are decoded and appended at a time.
constexpr size_t kRowsAtOnce = 8192;

/// Position behind the string that starts at the quote at `at`.
size_t SkipString(std::string_view text, size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') {
      ++at;
    }
  }
  return at + 1;
}

/// Which decoded columns make each stored column: one for each spelling of its key.
struct Mapping {
  std::vector<json::ColumnMapping> decoded;
  std::vector<size_t> first_of_column;  ///< And one past the last at the end.
};

Mapping MapColumns(const TableShape& shape, const KeySpellings& spellings) {
  Mapping mapping;
  for (const model::Field& field : shape.columns) {
    mapping.first_of_column.push_back(mapping.decoded.size());
    for (const std::string& spelling : spellings.Of(field.name)) {
      mapping.decoded.push_back({.name = fmt::format("{}", mapping.decoded.size()),
                                 .path = "$." + spelling,
                                 .type = field.type});
    }
  }
  mapping.first_of_column.push_back(mapping.decoded.size());
  return mapping;
}

/// Fills the NULLs of `into` from `from`.
void FillNulls(model::Column& into, const model::Column& from, size_t rows) {
  for (size_t row = 0; row < rows && !into.nulls.empty(); ++row) {
    if (into.nulls[row] == 0 || from.IsNull(row)) {
      continue;
    }
    into.nulls[row] = 0;
    switch (into.type.physical()) {
      case model::Physical::kInt64:
        into.ints[row] = from.ints[row];
        break;
      case model::Physical::kDouble:
        into.doubles[row] = from.doubles[row];
        break;
      case model::Physical::kString:
        into.strings[row] = from.strings[row];
        break;
    }
  }
}

/// The part of a time that a partition key of this name holds; "" when it holds none.
std::string PartOfTime(std::string_view key, int64_t millis) {
  const base::CivilTime time = base::ToCivil(millis);
  if (key == "year") {
    return fmt::format("{:04}", time.year);
  }
  if (key == "month") {
    return fmt::format("{:02}", time.month);
  }
  if (key == "day") {
    return fmt::format("{:02}", time.day);
  }
  if (key == "hour") {
    return fmt::format("{:02}", time.hour);
  }
  return {};
}

model::Column PartitionColumn(const std::string& key, const std::string* value,
                              std::span<const int64_t> arrivals, model::StringArena& arena) {
  model::Column column;
  column.type = kPartitionType;
  column.Resize(arrivals.size());
  for (size_t row = 0; row < arrivals.size(); ++row) {
    const std::string text = value != nullptr ? *value : PartOfTime(key, arrivals[row]);
    if (text.empty()) {
      column.SetNull(row, arrivals.size());
    } else {
      column.strings[row] = arena.Add(text);
    }
  }
  return column;
}

model::ColumnBatch Assemble(const TableShape& shape, const Mapping& mapping,
                            model::ColumnBatch decoded, const std::vector<std::string>& partition) {
  model::ColumnBatch batch;
  batch.rowtimes = std::move(decoded.rowtimes);
  batch.keep_alive = std::move(decoded.keep_alive);
  for (size_t i = 0; i < shape.columns.size(); ++i) {
    model::Column column = std::move(decoded.columns[mapping.first_of_column[i]]);
    for (size_t other = mapping.first_of_column[i] + 1; other < mapping.first_of_column[i + 1];
         ++other) {
      FillNulls(column, decoded.columns[other], batch.size());
    }
    batch.columns.push_back(std::move(column));
  }
  auto arena = std::make_shared<model::StringArena>();
  for (size_t i = 0; i < shape.partition_keys.size(); ++i) {
    const std::string& key = shape.partition_keys[i];
    if (model::FindField(shape.columns, key) < 0) {
      batch.columns.push_back(PartitionColumn(key, i < partition.size() ? &partition[i] : nullptr,
                                              batch.rowtimes, *arena));
    }
  }
  batch.keep_alive.push_back(std::move(arena));
  return batch;
}

}  // namespace

void KeySpellings::Note(std::string_view object) {
  size_t at = object.find('{');
  int depth = 0;
  bool key_follows = false;
  while (at < object.size()) {
    const char c = object[at];
    if (c == '"') {
      const size_t end = SkipString(object, at);
      if (depth == 1 && key_follows && end <= object.size()) {
        key_.assign(object.substr(at + 1, end - at - 2));
        lower_.resize(key_.size());
        std::ranges::transform(key_, lower_.begin(), [](unsigned char letter) {
          return static_cast<char>(std::tolower(letter));
        });
        spellings_[lower_].try_emplace(key_, true);
        key_follows = false;
      }
      at = end;
      continue;
    }
    if (c == '{' || c == '[') {
      ++depth;
      key_follows = depth == 1;
    } else if (c == '}' || c == ']') {
      --depth;
    } else if (c == ',' && depth == 1) {
      key_follows = true;
    }
    ++at;
  }
}

std::vector<std::string> KeySpellings::Of(std::string_view column) const {
  const auto found = spellings_.find(column);
  if (found == spellings_.end()) {
    return {std::string(column)};
  }
  std::vector<std::string> names;
  for (const auto& [name, seen] : found->second) {
    names.push_back(name);
  }
  return names;
}

model::Schema StoredColumns(const TableShape& shape) {
  model::Schema schema = shape.columns;
  for (const std::string& key : shape.partition_keys) {
    if (model::FindField(shape.columns, key) < 0) {
      schema.push_back({.name = key, .type = kPartitionType});
    }
  }
  return schema;
}

base::Result<void> AppendJsonRows(duckdb::Connection& connection, const std::string& table,
                                  const TableShape& shape, std::span<const RowInput> rows,
                                  const std::vector<std::string>& partition) {
  if (rows.empty() || shape.columns.empty()) {
    return {};
  }
  KeySpellings spellings;
  for (const RowInput& row : rows) {
    spellings.Note(row.json);
  }
  const Mapping mapping = MapColumns(shape, spellings);
  ASSIGN_OR_RETURN(json::ColumnDecoder decoder, json::ColumnDecoder::Create("$", mapping.decoded));
  const model::Schema stored = StoredColumns(shape);
  std::vector<model::Record> records;
  std::vector<json::RejectedRecord> rejected;
  std::vector<uint32_t> record_of_row;
  while (!rows.empty()) {
    const size_t count = std::min(rows.size(), kRowsAtOnce);
    records.clear();
    for (const RowInput& row : rows.first(count)) {
      records.push_back({.arrival = row.arrival, .data = row.json});
    }
    model::ColumnBatch decoded = decoder.Decode(records, rejected, record_of_row);
    RETURN_IF_ERROR(
        connection.Append(table, stored, Assemble(shape, mapping, std::move(decoded), partition)));
    rows = rows.subspan(count);
  }
  return {};
}

}  // namespace weir::query
