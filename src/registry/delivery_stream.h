#pragma once

/// How delivery streams that clients put records into are named in the catalog and in the log.

#include <string>
#include <string_view>

namespace weir::registry {

inline constexpr std::string_view kDeliveryStreamType = "AWS::KinesisFirehose::DeliveryStream";

/// What the names of their streams begin with. The API makes no other stream of such a name; a
/// stack may have one when no delivery stream needs the name.
inline constexpr std::string_view kDirectPutPrefix = "firehose.";

/// The stream of the log that holds what clients put into the delivery stream itself.
inline std::string DirectPutStream(std::string_view delivery_stream) {
  return std::string(kDirectPutPrefix) + std::string(delivery_stream);
}

}  // namespace weir::registry
