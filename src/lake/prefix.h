#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/record.h"

namespace weir::lake {

/// What an object's prefix is made from.
struct PrefixInput {
  /// Of the oldest record in the object; expressions use its UTC time.
  model::Rowtime arrival;
  /// Names the object's content; random strings are derived from it, so that a repeated attempt
  /// gives the same key.
  std::string_view identity;
  /// "format-conversion-failed" or "processing-failed"; only for error prefixes.
  std::string_view error_type;
};

/// An evaluated prefix.
struct Prefix {
  std::string text;
  /// Values of its folders: `key=value` under the key in lower case; a folder that an expression
  /// made, without '=', under partition_0, partition_1, …. Other folders are no partition.
  std::map<std::string, std::string> partition;
};

/// A Firehose prefix: literal text with !{timestamp:pattern} (Java's DateTimeFormatter: y u M d D H
/// m s S, 'quoted' text, other characters as they are), !{firehose:random-string} and, in error
/// prefixes, !{firehose:error-output-type}.
///
/// As with Firehose, a prefix without a timestamp gets "!{timestamp:yyyy/MM/dd/HH/}" appended (no
/// slash between), and an error prefix with any expression must have the error type. An empty error
/// prefix is
/// "!{firehose:error-output-type}/" with that timestamp.
class PrefixExpression {
 public:
  enum class Use : uint8_t { kObjects, kErrors };

  static constexpr size_t kMaxExpressionBytes = 1024;
  static constexpr size_t kMaxPrefixBytes = 512;

  /// kInvalidArgument, naming the part, when the text is no such expression, is too long, or could
  /// make a key that no object may have.
  static base::Result<PrefixExpression> Parse(std::string_view text, Use use);

  Prefix Evaluate(const PrefixInput& input) const;

  /// Names of the partition values in the order of the folders.
  const std::vector<std::string>& partition_keys() const { return partition_keys_; }

 private:
  struct Part {
    enum class Kind : uint8_t { kLiteral, kField, kRandom, kErrorType };
    Kind kind = Kind::kLiteral;
    bool dynamic = false;  // made by an expression (its quoted text and separators too)
    std::string text;      // kLiteral
    char letter = 0;       // kField
    int width = 0;         // kField
  };

  // A folder of the evaluated prefix.
  struct Folder {
    std::string name;
    bool dynamic = false;
  };

  base::Result<void> ParseText(std::string_view text, Use use);
  base::Result<void> AddExpression(std::string_view expression, Use use);
  base::Result<void> AddPattern(std::string_view pattern);
  base::Result<void> AddField(std::string_view pattern, char letter, int width);
  void AddLiteral(std::string_view text, bool dynamic);
  base::Result<void> Check();
  std::vector<Folder> FoldersOf(const PrefixInput& input, std::string& text) const;
  bool Has(Part::Kind kind) const;

  std::vector<Part> parts_;
  std::vector<std::string> partition_keys_;
};

}  // namespace weir::lake
