#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::stack {

/// The name in an ARN of `service` and `kind`, whatever its region and account:
/// ("arn:aws:kinesis:local:0:stream/A", "kinesis", "stream/") -> "A". kInvalidArgument for anything
/// else.
base::Result<std::string> NameInArn(std::string_view arn, std::string_view service,
                                    std::string_view kind);

}  // namespace weir::stack
