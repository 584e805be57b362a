#include "ingest/aws/account.h"

#include "base/format.h"

namespace weir::ingest::aws {

std::string StreamArn(std::string_view region, std::string_view name) {
  return fmt::format("arn:aws:kinesis:{}:{}:stream/{}", region, kAccount, name);
}

std::string DeliveryStreamArn(std::string_view region, std::string_view name) {
  return fmt::format("arn:aws:firehose:{}:{}:deliverystream/{}", region, kAccount, name);
}

}  // namespace weir::ingest::aws
