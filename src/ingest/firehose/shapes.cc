#include "ingest/firehose/shapes.h"

#include <algorithm>
#include <array>

namespace weir::ingest::firehose {
namespace {

using aws::Shape;
using aws::ShapeMember;
using Kind = aws::Shape::Kind;

constexpr Shape kName = {.min = 1, .max = 64, .pattern = &aws::kNamePattern};
constexpr Shape kData = {.kind = Kind::kBlob, .min = 0, .max = kMaxRecordBytes};

constexpr std::array<ShapeMember, 1> kRecordMembers = {
    ShapeMember{.name = "Data", .shape = &kData, .required = true}};
constexpr Shape kRecord = {.kind = Kind::kStructure, .members = kRecordMembers};
constexpr Shape kRecords = {.kind = Kind::kList,
                            .min = 1,
                            .max = kMaxRecordsPerRequest,
                            .element = &kRecord,
                            .printed = "com.amazonaws.firehose.v20150804.Record@c965e310"};

constexpr std::array<ShapeMember, 2> kPutRecordMembers = {
    ShapeMember{.name = "DeliveryStreamName", .shape = &kName, .required = true},
    ShapeMember{.name = "Record", .shape = &kRecord, .required = true}};
constexpr Shape kPutRecord = {.kind = Kind::kStructure, .members = kPutRecordMembers};

constexpr std::array<ShapeMember, 2> kPutRecordBatchMembers = {
    ShapeMember{.name = "DeliveryStreamName", .shape = &kName, .required = true},
    ShapeMember{.name = "Records", .shape = &kRecords, .required = true}};
constexpr Shape kPutRecordBatch = {.kind = Kind::kStructure, .members = kPutRecordBatchMembers};

constexpr Shape kDestinations = {.kind = Kind::kInteger, .min = 1, .max = 10'000};
constexpr Shape kDestinationId = {.min = 1, .max = 100};
constexpr std::array<ShapeMember, 3> kDescribeMembers = {
    ShapeMember{.name = "DeliveryStreamName", .shape = &kName, .required = true},
    ShapeMember{.name = "Limit", .shape = &kDestinations},
    ShapeMember{.name = "ExclusiveStartDestinationId", .shape = &kDestinationId}};
constexpr Shape kDescribe = {.kind = Kind::kStructure, .members = kDescribeMembers};

constexpr Shape kPage = {.kind = Kind::kInteger, .min = 1, .max = 10'000};
constexpr std::array<std::string_view, 4> kTypes = {"DirectPut", "KinesisStreamAsSource",
                                                    "MSKAsSource", "DatabaseAsSource"};
constexpr Shape kType = {.allowed = kTypes};
constexpr std::array<ShapeMember, 3> kListMembers = {
    ShapeMember{.name = "Limit", .shape = &kPage},
    ShapeMember{.name = "DeliveryStreamType", .shape = &kType},
    ShapeMember{.name = "ExclusiveStartDeliveryStreamName", .shape = &kName}};
constexpr Shape kList = {.kind = Kind::kStructure, .members = kListMembers};

struct Named {
  std::string_view operation;
  const Shape* shape = nullptr;
};

constexpr std::array<Named, 4> kOperations = {
    Named{"PutRecord", &kPutRecord}, Named{"PutRecordBatch", &kPutRecordBatch},
    Named{"DescribeDeliveryStream", &kDescribe}, Named{"ListDeliveryStreams", &kList}};

}  // namespace

const Shape* RequestShape(std::string_view operation) {
  const auto* const found = std::ranges::find(kOperations, operation, &Named::operation);
  return found == kOperations.end() ? nullptr : found->shape;
}

}  // namespace weir::ingest::firehose
