#include "stack/arn.h"

namespace weir::stack {

base::Result<std::string> NameInArn(std::string_view arn, std::string_view service,
                                    std::string_view kind) {
  std::string_view rest = arn;
  std::string_view parts[5];
  for (std::string_view& part : parts) {
    const size_t colon = rest.find(':');
    if (colon == std::string_view::npos) {
      return base::Fail(base::Code::kInvalidArgument, "'{}' is no ARN", arn);
    }
    part = rest.substr(0, colon);
    rest.remove_prefix(colon + 1);
  }
  if (parts[0] != "arn" || parts[2] != service || !rest.starts_with(kind) ||
      rest.size() == kind.size()) {
    return base::Fail(base::Code::kInvalidArgument, "'{}' is not the ARN of a {} {}", arn, service,
                      kind.empty() ? "resource" : kind.substr(0, kind.size() - 1));
  }
  return std::string(rest.substr(kind.size()));
}

}  // namespace weir::stack
