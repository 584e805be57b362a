#include "json/row_encoder.h"

#include <simdjson.h>

#include <charconv>
#include <cmath>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/format.h"
#include "json/stop_index.h"
#include "model/value.h"

namespace weir::json {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

void AppendEscape(char c, std::string& out) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
  }
}

/// `text` with escapes, without quotes.
void AppendEscaped(std::string_view text, std::string& out) {
  const char* const end = text.data() + text.size();
  for (const char* at = text.data(); at < end;) {
    const char* const stop = StopIndex::Find(at, end);
    out.append(at, stop);
    if (stop == end) {
      return;
    }
    AppendEscape(*stop, out);
    at = stop + 1;
  }
}

bool IsUtf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

bool IsAscii(std::string_view text) {
  uint8_t high = 0;
  for (const char c : text) {
    high |= static_cast<uint8_t>(c);
  }
  return high < 0x80;
}

/// Length of the well-formed character at the front of `text`; 0 when there is none.
size_t CharacterLength(std::string_view text) {
  for (size_t length = 1; length <= 4 && length <= text.size(); ++length) {
    if (IsUtf8(text.substr(0, length))) {
      return length;
    }
  }
  return 0;
}

std::string Repaired(std::string_view text) {
  std::string repaired;
  while (!text.empty()) {
    const size_t length = CharacterLength(text);
    repaired += length == 0 ? kReplacement : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return repaired;
}

template <typename T>
void AppendNumber(T number, std::string& out) {
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, number);
  CHECK(error == std::errc());
  out.append(buffer, end);
}

void AppendFloating(double number, const model::Type& type, std::string& out) {
  if (!std::isfinite(number)) {
    out += "null";
  } else if (type.kind == model::TypeKind::kReal) {
    AppendNumber(static_cast<float>(number), out);
  } else {
    AppendNumber(number, out);
  }
}

void AppendInt(int64_t number, const model::Type& type, std::string& out) {
  switch (type.kind) {
    case model::TypeKind::kBoolean:
      out += number != 0 ? "true" : "false";
      return;
    case model::TypeKind::kDecimal:
      out += model::FormatDecimal(number, type.scale);
      return;
    case model::TypeKind::kTimestamp:
    case model::TypeKind::kDate:
    case model::TypeKind::kTime:
      out += '"';
      out += model::FormatValue(number, type);
      out += '"';
      return;
    default:
      AppendNumber(number, out);
  }
}

}  // namespace

void AppendQuoted(std::string_view text, std::string& out) {
  out += '"';
  if (IsAscii(text) || IsUtf8(text)) {
    AppendEscaped(text, out);
  } else {
    AppendEscaped(Repaired(text), out);
  }
  out += '"';
}

RowEncoder::RowEncoder(model::Schema schema) : schema_(std::move(schema)) {
  for (const model::Field& field : schema_) {
    std::string prefix(1, prefixes_.empty() ? '{' : ',');
    AppendQuoted(field.name, prefix);
    prefixes_.push_back(prefix + ':');
  }
}

void RowEncoder::Append(const model::ColumnBatch& batch, size_t row, std::string& out) const {
  CHECK(batch.columns.size() >= schema_.size());
  if (schema_.empty()) {
    out += '{';
  }
  for (size_t i = 0; i < schema_.size(); ++i) {
    const model::Column& column = batch.columns[i];
    const model::Type& type = schema_[i].type;
    out += prefixes_[i];
    if (column.IsNull(row)) {
      out += "null";
      continue;
    }
    switch (type.physical()) {
      case model::Physical::kInt64:
        AppendInt(column.ints[row], type, out);
        break;
      case model::Physical::kDouble:
        AppendFloating(column.doubles[row], type, out);
        break;
      case model::Physical::kString:
        if (type.kind == model::TypeKind::kVarbinary) {
          AppendQuoted(base::ToHex(column.strings[row]), out);
        } else {
          AppendQuoted(column.strings[row], out);
        }
        break;
    }
  }
  out += '}';
}

}  // namespace weir::json
