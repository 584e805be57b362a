#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/document.h"

namespace weir::json {

/// A place in a JSON document, in a part of RFC 9535: `$.a.b`, `$['a b']`, `$.list[0]` and
/// `$.list[?@.name=='x']`, the first element whose member `name` is that text. Thread-safe.
class ValuePath {
 public:
  static constexpr size_t kMaxBytes = 256;

  /// kInvalidArgument names the path and what is wrong.
  static base::Result<ValuePath> Parse(std::string_view text);

  /// The value there; nullptr when a step is missing. Views live as long as `root`.
  const Value* Find(const Value& root) const;

 private:
  struct Step {
    enum class Kind : uint8_t { kMember, kElement, kWhere };
    Kind kind = Kind::kMember;
    std::string key;
    size_t index = 0;
    std::string equals;  ///< kWhere: what the member `key` must be.
  };

  static std::optional<Step> TakeDotted(std::string_view& rest);
  static std::optional<Step> TakeBracketed(std::string_view& rest);

  std::vector<Step> steps_;
};

}  // namespace weir::json
