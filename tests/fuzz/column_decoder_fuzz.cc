// Each line is a record: the learned layout and the full parser give the same rows and refusals.

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "json/column_decoder.h"

namespace {

weir::json::ColumnDecoder Decoder() {
  using weir::model::TypeKind;
  auto decoder = weir::json::ColumnDecoder::Create(
      "$", {{"UserId", "$.UserId", {TypeKind::kVarchar, 8, 0}},
            {"Event", "$.Event", {TypeKind::kVarchar, 128, 0}},
            {"Timestamp", "$.Timestamp", {TypeKind::kTimestamp, 0, 0}},
            {"Price", "$.Price", {TypeKind::kDecimal, 18, 4}},
            {"Count", "$.Count", {TypeKind::kInteger, 0, 0}}});
  CHECK(decoder.has_value());
  return std::move(*decoder);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<weir::model::Record> records;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    weir::model::Record record;
    record.data = text.substr(0, end);
    records.push_back(record);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  weir::json::ColumnDecoder fast = Decoder();
  weir::json::ColumnDecoder full = Decoder();
  full.set_speculation(false);
  std::vector<weir::json::RejectedRecord> fast_rejected;
  std::vector<weir::json::RejectedRecord> full_rejected;
  std::vector<uint32_t> fast_rows;
  std::vector<uint32_t> full_rows;
  const auto a = fast.Decode(records, fast_rejected, fast_rows);
  const auto b = full.Decode(records, full_rejected, full_rows);
  CHECK(fast_rows == full_rows);
  CHECK(fast_rejected.size() == full_rejected.size());
  for (size_t column = 0; column < a.columns.size(); ++column) {
    for (size_t row = 0; row < a.size(); ++row) {
      CHECK(a.columns[column].At(row) == b.columns[column].At(row));
    }
  }
  return 0;
}
