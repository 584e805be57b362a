#include "ingest/aws/error.h"

namespace weir::ingest::aws {

ApiError ValidationError(std::string_view failures, size_t count) {
  return MakeError("ValidationException", "{} validation error{} detected: {}", count,
                   count == 1 ? "" : "s", failures);
}

std::string ConstraintFailure(std::string_view value, std::string_view member,
                              std::string_view constraint) {
  return fmt::format("Value {} at '{}' failed to satisfy constraint: Member must {}", value, member,
                     constraint);
}

void Failures::Add(std::string_view value, std::string_view member, std::string_view constraint) {
  if (full()) {
    return;
  }
  ++count_;
  text_.append(text_.empty() ? "" : "; ").append(ConstraintFailure(value, member, constraint));
}

}  // namespace weir::ingest::aws
