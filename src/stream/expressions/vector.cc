#include "stream/expressions/vector.h"

#include <algorithm>
#include <utility>

namespace weir::stream {

namespace {

template <typename T>
void EnsureSize(std::vector<T>& values, size_t size) {
  if (values.size() < size) {
    values.resize(size);
  }
}

template <typename T>
void GatherValues(const T* from, size_t mask, const Selection& rows, std::vector<T>& out) {
  const size_t start = out.size();
  out.resize(start + rows.size());
  T* into = out.data() + start;
  size_t k = 0;
  rows.ForEach([&](size_t row) { into[k++] = from[row & mask]; });
}

}  // namespace

void ResultBuffer::Reset(model::Physical physical, size_t rows) {
  physical_ = physical;
  rows_ = rows;
  any_null_ = false;
  switch (physical) {
    case model::Physical::kInt64:
      EnsureSize(ints_, rows);
      break;
    case model::Physical::kDouble:
      EnsureSize(doubles_, rows);
      break;
    case model::Physical::kString:
      EnsureSize(strings_, rows);
      break;
  }
}

void ResultBuffer::SetNull(size_t row) {
  if (!any_null_) {
    any_null_ = true;
    nulls_.assign(rows_, 0);
  }
  nulls_[row] = 1;
  switch (physical_) {
    case model::Physical::kInt64:
      ints_[row] = 0;
      break;
    case model::Physical::kDouble:
      doubles_[row] = 0;
      break;
    case model::Physical::kString:
      strings_[row] = {};
      break;
  }
}

void ResultBuffer::CopyFrom(const Vector& from, size_t row) {
  if (from.IsNull(row)) {
    SetNull(row);
    return;
  }
  switch (physical_) {
    case model::Physical::kInt64:
      ints_[row] = from.Int(row);
      break;
    case model::Physical::kDouble:
      doubles_[row] = from.Double(row);
      break;
    case model::Physical::kString:
      strings_[row] = from.String(row);
      break;
  }
}

Vector ResultBuffer::View() const {
  Vector view;
  switch (physical_) {
    case model::Physical::kInt64:
      view.ints = ints_.data();
      break;
    case model::Physical::kDouble:
      view.doubles = doubles_.data();
      break;
    case model::Physical::kString:
      view.strings = strings_.data();
      break;
  }
  view.nulls = any_null_ ? nulls_.data() : nullptr;
  return view;
}

void RowErrors::Reset(size_t rows) {
  rows_ = rows;
  failed_.clear();
  entries_.clear();
}

void RowErrors::Fail(size_t row, std::string message) {
  if (failed_.empty()) {
    failed_.assign(rows_, 0);
  }
  if (failed_[row] != 0) {
    return;
  }
  failed_[row] = 1;
  entries_.push_back({row, std::move(message)});
}

std::vector<RowErrors::Entry> RowErrors::Take() {
  std::ranges::stable_sort(entries_, {}, &Entry::row);
  failed_.clear();
  return std::exchange(entries_, {});
}

Vector ViewOf(const model::Column& column) {
  Vector view;
  switch (column.type.physical()) {
    case model::Physical::kInt64:
      view.ints = column.ints.data();
      break;
    case model::Physical::kDouble:
      view.doubles = column.doubles.data();
      break;
    case model::Physical::kString:
      view.strings = column.strings.data();
      break;
  }
  view.nulls = column.nulls.empty() ? nullptr : column.nulls.data();
  return view;
}

void Gather(const Vector& from, const Selection& rows, model::Column& out) {
  size_t before = 0;
  switch (out.type.physical()) {
    case model::Physical::kInt64:
      before = out.ints.size();
      GatherValues(from.ints, from.mask, rows, out.ints);
      break;
    case model::Physical::kDouble:
      before = out.doubles.size();
      GatherValues(from.doubles, from.mask, rows, out.doubles);
      break;
    case model::Physical::kString:
      before = out.strings.size();
      GatherValues(from.strings, from.mask, rows, out.strings);
      break;
  }
  if (from.nulls != nullptr) {
    out.nulls.resize(before, 0);
    GatherValues(from.nulls, from.mask, rows, out.nulls);
  } else if (!out.nulls.empty()) {
    out.nulls.resize(before + rows.size(), 0);
  }
}

}  // namespace weir::stream
