#include "stream/operators/batch_codec.h"

#include <bit>

namespace weir::stream {

namespace {

// A damaged length must not make us allocate: no checkpoint holds more rows than this in one place.
constexpr uint64_t kMaxRows = 1ull << 28;

size_t SizeOf(const model::Column& column) {
  switch (column.type.physical()) {
    case model::Physical::kInt64:
      return column.ints.size();
    case model::Physical::kDouble:
      return column.doubles.size();
    case model::Physical::kString:
      return column.strings.size();
  }
  return 0;
}

void MarkNotNull(model::Column& column) {
  if (!column.nulls.empty()) {
    column.nulls.push_back(0);
  }
}

void DecodeColumn(base::ByteReader& reader, size_t rows, model::StringArena& arena,
                  model::Column& column) {
  for (size_t row = 0; row < rows && reader.ok(); ++row) {
    if (reader.U8() != 0) {
      AppendNull(column);
      continue;
    }
    switch (column.type.physical()) {
      case model::Physical::kInt64:
        AppendInt(column, reader.I64());
        break;
      case model::Physical::kDouble:
        AppendDouble(column, std::bit_cast<double>(reader.U64()));
        break;
      case model::Physical::kString:
        AppendText(column, arena.Add(reader.String()));
        break;
    }
  }
}

template <typename T>
void AppendRange(const std::vector<T>& from, size_t begin, size_t end, std::vector<T>& to) {
  to.insert(to.end(), from.begin() + static_cast<ptrdiff_t>(begin),
            from.begin() + static_cast<ptrdiff_t>(end));
}

}  // namespace

void AppendInt(model::Column& column, int64_t value) {
  column.ints.push_back(value);
  MarkNotNull(column);
}

void AppendDouble(model::Column& column, double value) {
  column.doubles.push_back(value);
  MarkNotNull(column);
}

void AppendText(model::Column& column, std::string_view value) {
  column.strings.push_back(value);
  MarkNotNull(column);
}

void AppendNull(model::Column& column) {
  column.nulls.resize(SizeOf(column), 0);
  switch (column.type.physical()) {
    case model::Physical::kInt64:
      column.ints.push_back(0);
      break;
    case model::Physical::kDouble:
      column.doubles.push_back(0);
      break;
    case model::Physical::kString:
      column.strings.emplace_back();
      break;
  }
  column.nulls.push_back(1);
}

void EncodeRows(const model::ColumnBatch& batch, base::ByteWriter& writer) {
  writer.Varint(batch.size());
  for (const int64_t rowtime : batch.rowtimes) {
    writer.I64(rowtime);
  }
  for (const model::Column& column : batch.columns) {
    for (size_t row = 0; row < batch.size(); ++row) {
      writer.U8(column.IsNull(row) ? 1 : 0);
      if (column.IsNull(row)) {
        continue;
      }
      switch (column.type.physical()) {
        case model::Physical::kInt64:
          writer.I64(column.ints[row]);
          break;
        case model::Physical::kDouble:
          writer.U64(std::bit_cast<uint64_t>(column.doubles[row]));
          break;
        case model::Physical::kString:
          writer.String(column.strings[row]);
          break;
      }
    }
  }
}

base::Result<model::ColumnBatch> DecodeRows(const model::Schema& schema, base::ByteReader& reader) {
  model::ColumnBatch batch = model::EmptyBatch(schema);
  const uint64_t rows = reader.Varint();
  if (!reader.ok() || rows > kMaxRows || rows * 8 > reader.remaining()) {
    return base::Fail(base::Code::kDataLoss, "a checkpoint's rows are cut short");
  }
  for (uint64_t row = 0; row < rows; ++row) {
    batch.rowtimes.push_back(reader.I64());
  }
  auto arena = std::make_shared<model::StringArena>();
  for (model::Column& column : batch.columns) {
    DecodeColumn(reader, rows, *arena, column);
  }
  if (!reader.ok()) {
    return base::Fail(base::Code::kDataLoss, "a checkpoint's rows are cut short");
  }
  batch.keep_alive.push_back(std::move(arena));
  return batch;
}

void AppendRows(const model::ColumnBatch& from, size_t begin, size_t end, model::ColumnBatch& to) {
  if (begin == end) {
    return;
  }
  const size_t before = to.size();
  AppendRange(from.rowtimes, begin, end, to.rowtimes);
  for (size_t i = 0; i < to.columns.size(); ++i) {
    const model::Column& source = from.columns[i];
    model::Column& target = to.columns[i];
    switch (target.type.physical()) {
      case model::Physical::kInt64:
        AppendRange(source.ints, begin, end, target.ints);
        break;
      case model::Physical::kDouble:
        AppendRange(source.doubles, begin, end, target.doubles);
        break;
      case model::Physical::kString:
        AppendRange(source.strings, begin, end, target.strings);
        break;
    }
    if (!source.nulls.empty()) {
      target.nulls.resize(before, 0);
      AppendRange(source.nulls, begin, end, target.nulls);
    } else if (!target.nulls.empty()) {
      target.nulls.resize(before + end - begin, 0);
    }
  }
  for (const auto& memory : from.keep_alive) {
    if (to.keep_alive.empty() || to.keep_alive.back() != memory) {
      to.keep_alive.push_back(memory);
    }
  }
}

}  // namespace weir::stream
