#include "model/column_batch.h"

#include <algorithm>
#include <cstring>

namespace weir::model {
namespace {

constexpr size_t kBlockBytes = size_t{64} << 10;

}  // namespace

void Column::Resize(size_t size) {
  nulls.clear();
  switch (type.physical()) {
    case Physical::kInt64:
      ints.assign(size, 0);
      break;
    case Physical::kDouble:
      doubles.assign(size, 0);
      break;
    case Physical::kString:
      strings.assign(size, {});
      break;
  }
}

Value Column::At(size_t row) const {
  if (IsNull(row)) {
    return {};
  }
  switch (type.physical()) {
    case Physical::kInt64:
      return ints[row];
    case Physical::kDouble:
      return doubles[row];
    case Physical::kString:
      return std::string(strings[row]);
  }
  return {};
}

char* StringArena::Allocate(size_t size) {
  if (capacity_ - used_ < size) {
    capacity_ = std::max(size, kBlockBytes);
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(capacity_));
    used_ = 0;
  }
  char* const at = blocks_.empty() ? nullptr : blocks_.back().get() + used_;
  used_ += size;
  return at;
}

std::string_view StringArena::Add(std::string_view text) {
  if (text.empty()) {
    return {};
  }
  char* const copy = Allocate(text.size());
  std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

ColumnBatch EmptyBatch(const Schema& schema) {
  ColumnBatch batch;
  batch.columns.reserve(schema.size());
  for (const Field& field : schema) {
    batch.columns.push_back(Column{.type = field.type});
  }
  return batch;
}

}  // namespace weir::model
