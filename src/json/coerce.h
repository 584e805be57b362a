#pragma once

#include <cstdint>
#include <string_view>

#include "json/scanner.h"
#include "json/timestamp_reader.h"
#include "model/column_batch.h"
#include "model/types.h"

namespace weir::json {

/// Puts JSON values into columns by the rules of the mapping.
class Coercion {
 public:
  /// Texts that do not stand in the record go to `arena`; it must outlive the use of Put.
  void set_arena(model::StringArena* arena) { arena_ = arena; }

  /// Sets row `row` of `column`, whose vectors have `size` rows and hold zero there; NULL for null
  /// and missing. False when the value does not fit the type; the row is then unchanged.
  bool Put(const Token& token, size_t row, size_t size, model::Column& column) {
    if (token.kind == TokenKind::kString && !token.escaped) [[likely]] {
      if (column.type.IsString()) {
        column.strings[row] = Cut(token.text, static_cast<size_t>(column.type.precision));
        return true;
      }
      if (column.type.kind == model::TypeKind::kTimestamp) {
        return timestamps_.Read(token.text, column.ints[row]);
      }
    }
    return PutOther(token, row, size, column);
  }

 private:
  /// At most `bytes` of `text`, cut where a character starts.
  static std::string_view Cut(std::string_view text, size_t bytes) {
    if (text.size() <= bytes) [[likely]] {
      return text;
    }
    while (bytes > 0 && (static_cast<uint8_t>(text[bytes]) & 0xC0) == 0x80) {
      --bytes;
    }
    return text.substr(0, bytes);
  }

  bool PutOther(const Token& token, size_t row, size_t size, model::Column& column);
  bool PutText(const Token& token, std::string_view text, size_t row, model::Column& column);
  bool PutInt(const Token& token, std::string_view text, const model::Type& type, int64_t& value);

  model::StringArena* arena_ = nullptr;
  TimestampReader timestamps_;
};

}  // namespace weir::json
