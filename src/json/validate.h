#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "base/result.h"

namespace weir::json {

/// What a JSON text may be at most. Beyond it the text is refused with kLimitExceeded.
struct Limits {
  size_t max_bytes = size_t{64} << 10;
  /// Nested arrays and objects; at most kMaxDepth.
  size_t max_depth = 32;
  /// Members of one object.
  size_t max_keys = 256;
};

/// No limit may ask for deeper nesting than this.
inline constexpr size_t kMaxDepth = 256;

/// Checks JSON texts. Keeps its buffers between texts; not thread-safe. Texts need no padding.
class Validator {
 public:
  explicit Validator(const Limits& limits = {});
  Validator(Validator&&) noexcept;
  Validator& operator=(Validator&&) noexcept;
  ~Validator();

  /// Fine when `text` is exactly one well-formed JSON value in UTF-8 within the limits, in which no
  /// object has the same key twice. kLimitExceeded for a limit, else kInvalidArgument; the message
  /// names the reason and, where known, the byte offset.
  base::Result<void> Validate(std::string_view text);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Checks one text, as Validator does.
base::Result<void> Validate(std::string_view text, const Limits& limits = {});

}  // namespace weir::json
