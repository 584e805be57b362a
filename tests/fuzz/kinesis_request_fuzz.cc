// Requests of the Kinesis API, "<operation>\n<document>": what passes the shapes can be read by the
// operations; what does not is refused in one of two ways, with a message of bounded length.
// Tokens and ARNs out of foreign texts are read or refused.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "ingest/aws/call.h"
#include "ingest/kinesis/arn.h"
#include "ingest/kinesis/page_token.h"
#include "ingest/kinesis/request.h"
#include "ingest/kinesis/request_shapes.h"
#include "ingest/kinesis/shard_iterator.h"

namespace {

namespace aws = weir::ingest::aws;
namespace kinesis = weir::ingest::kinesis;

constexpr size_t kMaxMessage = 64 << 10;

void CheckDocument(const aws::Shape& shape, aws::Encoding encoding, std::string_view body) {
  const auto document = aws::ReadDocument(encoding, body);
  if (!document) {
    return;
  }
  const auto checked = aws::CheckRequest(shape, *document);
  if (!checked) {
    const aws::ApiError& error = checked.error();
    CHECK(error.type == "SerializationException" || error.type == "ValidationException");
    CHECK(error.message.size() <= kMaxMessage);
    return;
  }
  for (const aws::ShapeMember& member : shape.members) {
    const weir::json::Value* const value = document->Find(member.name);
    const bool given = value != nullptr && !value->IsNull();
    CHECK(given || !member.required);
    if (given && member.shape->kind == aws::Shape::Kind::kInteger) {
      const int64_t number = *kinesis::IntegerOf(*document, member.name);
      CHECK(number >= member.shape->min && number <= member.shape->max);
    }
    if (given && member.shape->kind == aws::Shape::Kind::kTimestamp) {
      CHECK(kinesis::TimeOf(*document, member.name).has_value());
    }
  }
  (void)kinesis::StreamNameOf(*document);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line = text.find('\n');
  const std::string_view body = line == text.npos ? "" : text.substr(line + 1);
  if (const aws::Shape* const shape = kinesis::RequestShape(text.substr(0, line))) {
    CheckDocument(*shape, aws::Encoding::kJson, body);
    CheckDocument(*shape, aws::Encoding::kCbor, body);
  }
  if (const auto consumer = kinesis::ParseConsumerArn(text)) {
    CHECK(kinesis::IsConsumerArn(text) && kinesis::IsResourceArn(text));
  }
  if (kinesis::IsStreamArn(text)) {
    CHECK(!kinesis::StreamOfArn(text).empty());
  }
  const weir::model::Rowtime now{1'600'000'000'000};
  (void)kinesis::OpenIterator(text, now);
  const std::string sealed = kinesis::SealToken('s', now, text);
  const auto token = kinesis::OpenToken('s', sealed);
  CHECK(token && token->payload == text);
  CHECK(!kinesis::OpenToken('l', sealed));
  return 0;
}
