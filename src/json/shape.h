#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "json/mapping.h"
#include "json/record_walker.h"
#include "json/scanner.h"

namespace weir::json {

/// The layout of a record: its text between the values. A record that has exactly the same text
/// there has its values at the same places of the path tree, so they can be taken without parsing.
class Shape {
 public:
  /// The shape of a record that `walker` has read; nothing when it cannot be told from a shape
  /// where the columns' values are.
  static std::optional<Shape> Learn(std::string_view record, const RecordWalker& walker,
                                    const PathTree& tree);

  /// The shape of a record whose scalars are `trace`, each with the column that takes it, or -1, as
  /// its node. Nothing when two values are for one column or the shape would be too large.
  static std::optional<Shape> Of(std::string_view record, std::span<const TracedScalar> trace,
                                 size_t columns);

  /// Reads a record, whose stops are `stops`. For each value that columns need, calls take(column,
  /// token), which returns false to give up. True when the record has this shape and every value
  /// was taken; otherwise the record must be read in full, whatever was taken.
  template <typename Take>
  bool Read(std::string_view record, const StopIndex& stops, Take take) const {
    const char* at = record.data();
    const char* const end = at + record.size();
    for (const Part& part : parts_) {
      if (!StartsWith(at, end, part)) {
        return false;
      }
      at += part.text.size();
      Token token;
      if (part.is_string) {
        const char* const stop = stops.Next(at);
        if (stop == end || *stop != '"') {
          return false;
        }
        token = {TokenKind::kString, false, {at, static_cast<size_t>(stop - at)}};
        at = stop;
      } else {
        Scanner scanner({at, static_cast<size_t>(end - at)}, stops);
        if (at == end || !scanner.Scalar(token)) {
          return false;
        }
        at = scanner.at();
      }
      if (part.column >= 0 && !take(static_cast<size_t>(part.column), token)) {
        return false;
      }
    }
    if (std::string_view(at, static_cast<size_t>(end - at)) != tail_) {
      return false;
    }
    return stops.ascii() || IsUtf8(record);
  }

  /// Columns that records of this shape do not have.
  const std::vector<size_t>& missing() const { return missing_; }

 private:
  /// The fixed text before a value, and the value.
  struct Part {
    alignas(32) char block[32] = {};  ///< The text's first bytes.
    uint32_t mask = 0;                ///< Bits of the block's bytes that count.
    bool is_string = false;
    int column = -1;
    std::string text;
  };

  static bool StartsWith(const char* at, const char* end, const Part& part) {
    if (static_cast<size_t>(end - at) < part.text.size()) {
      return false;
    }
    if (end - at >= 32) [[likely]] {
      const __m256i found = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
      const __m256i wanted = _mm256_load_si256(reinterpret_cast<const __m256i*>(part.block));
      const auto equal =
          static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(found, wanted)));
      return (equal & part.mask) == part.mask &&
             (part.text.size() <= 32 || std::string_view(at, part.text.size()) == part.text);
    }
    return std::string_view(at, part.text.size()) == part.text;
  }

  static bool IsUtf8(std::string_view record);

  std::vector<Part> parts_;
  std::string tail_;
  std::vector<size_t> missing_;
};

}  // namespace weir::json
