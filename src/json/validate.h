#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir::json {

/// What a JSON text may be at most. Beyond it the text is refused with kLimitExceeded.
struct Limits {
  size_t max_bytes = size_t{1} << 20;
  /// Nested arrays and objects; at most kMaxDepth.
  size_t max_depth = 32;
  /// Members of one object.
  size_t max_keys = 256;
};

/// No limit may ask for deeper nesting than this.
inline constexpr size_t kMaxDepth = 256;

/// Checks JSON texts. Keeps its buffers between texts; not thread-safe. Texts need no padding.
/// Learns the layout of the texts that it sees and checks the like of them much faster; the result
/// is the same.
class Validator {
 public:
  /// Also finds `members` of each text's outermost object, whose names must differ.
  explicit Validator(const Limits& limits = {}, std::vector<std::string> members = {});
  Validator(Validator&&) noexcept;
  Validator& operator=(Validator&&) noexcept;
  ~Validator();

  /// Fine when `text` is exactly one well-formed JSON value in UTF-8 within the limits, in which no
  /// object has the same key twice. kLimitExceeded for a limit, else kInvalidArgument; the message
  /// names the reason and, where known, the byte offset.
  base::Result<void> Validate(std::string_view text);

  /// After a text was fine: the value of member `i` of those to find, as it stands in the text;
  /// nothing when the text is no object or has no member of that name. A name that the text writes
  /// with escapes is not found.
  std::optional<std::string_view> Member(size_t i) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Checks one text, as Validator does.
base::Result<void> Validate(std::string_view text, const Limits& limits = {});

/// Whether `text` is well-formed UTF-8.
bool IsValidUtf8(std::string_view text);

}  // namespace weir::json
