#pragma once

#include <string_view>

namespace weir::stack {

/// The text of stacks/ad-to-order.yaml, which `weir serve` deploys when no stack is named.
std::string_view ShippedTemplate();

/// Its name, for messages.
inline constexpr std::string_view kShippedTemplateName = "stacks/ad-to-order.yaml";

}  // namespace weir::stack
