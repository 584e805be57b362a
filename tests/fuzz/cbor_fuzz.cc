// What the CBOR reader takes is a document that JSON can write, and that a writer of CBOR gives
// back.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "ingest/aws/cbor_document.h"
#include "ingest/aws/writer.h"
#include "json/document.h"

namespace {

using weir::ingest::aws::Writer;
using weir::json::Value;

void Write(const Value& value, Writer& writer) {
  if (value.IsObject()) {
    writer.BeginMap();
    for (const weir::json::Member& member : value.Members()) {
      writer.Key(member.name);
      Write(member.value, writer);
    }
    writer.EndMap();
  } else if (value.IsArray()) {
    writer.BeginList();
    for (const Value& item : value.Items()) {
      Write(item, writer);
    }
    writer.EndList();
  } else if (value.IsString()) {
    writer.Text(*value.AsString());
  } else {
    writer.Boolean(value.AsBool().value_or(false));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr weir::json::Limits kLimits{
      .max_bytes = size_t{1} << 30, .max_depth = 64, .max_keys = 1'000};
  namespace aws = weir::ingest::aws;
  const auto read =
      aws::cbor::ReadDocument(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!read.has_value()) {
    return 0;
  }
  CHECK(weir::json::Parse(read->Serialize(), kLimits).has_value());
  for (const auto encoding : {aws::Encoding::kJson, aws::Encoding::kCbor}) {
    const auto writer = Writer::Create(encoding);
    Write(*read, *writer);
    const std::string text = writer->Take();
    CHECK(encoding == aws::Encoding::kJson ? weir::json::Parse(text, kLimits).has_value()
                                           : aws::cbor::ReadDocument(text).has_value());
  }
  return 0;
}
