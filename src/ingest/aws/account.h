#pragma once

#include <string>
#include <string_view>

namespace weir::ingest::aws {

/// The account that names and messages speak of.
inline constexpr std::string_view kAccount = "000000000000";
/// The region of ARNs.
inline constexpr std::string_view kRegion = "us-east-1";

/// "arn:aws:kinesis:us-east-1:000000000000:stream/<name>"
std::string StreamArn(std::string_view name);
/// "arn:aws:firehose:us-east-1:000000000000:deliverystream/<name>"
std::string DeliveryStreamArn(std::string_view name);

}  // namespace weir::ingest::aws
