#pragma once

#include <string>
#include <string_view>

namespace weir::ingest::aws {

/// The account that names and messages speak of.
inline constexpr std::string_view kAccount = "000000000000";

/// "arn:aws:kinesis:<region>:000000000000:stream/<name>"
std::string StreamArn(std::string_view region, std::string_view name);
/// "arn:aws:firehose:<region>:000000000000:deliverystream/<name>"
std::string DeliveryStreamArn(std::string_view region, std::string_view name);

}  // namespace weir::ingest::aws
