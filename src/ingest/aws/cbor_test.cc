#include "ingest/aws/cbor.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/format.h"
#include "ingest/aws/cbor_document.h"
#include "ingest/aws/writer.h"

namespace weir::ingest::aws::cbor {
namespace {

std::string Bytes(std::string_view hex) {
  return base::FromHex(hex).value();
}

// Examples of RFC 8949, appendix A, as far as they are taken.
TEST(CborTest, ReadsTheExamplesOfTheRfc) {
  const std::vector<std::pair<std::string_view, std::string_view>> examples = {
      {"00", "0"},
      {"17", "23"},
      {"1818", "24"},
      {"1903e8", "1000"},
      {"1a000f4240", "1000000"},
      {"1b000000e8d4a51000", "1000000000000"},
      {"1bffffffffffffffff", "18446744073709551615"},
      {"20", "-1"},
      {"3903e7", "-1000"},
      {"f93c00", "1.0"},
      {"fb3ff199999999999a", "1.1"},
      {"f93e00", "1.5"},
      {"f97bff", "65504.0"},
      {"fa47c35000", "100000.0"},
      {"f90001", "5.960464477539063e-8"},
      {"f90400", "0.00006103515625"},
      {"f9c400", "-4.0"},
      {"f4", "false"},
      {"f5", "true"},
      {"f6", "null"},
      {"c11a514b67b0", "1363896.24"},
      {"c1fb41d452d9ec200000", "1363896240.5"},
      {"40", R"("")"},
      {"4401020304", R"("AQIDBA==")"},
      {"60", R"("")"},
      {"6449455446", R"("IETF")"},
      {"62225c", R"("\"\\")"},
      {"62c3bc", R"("ü")"},
      {"80", "[]"},
      {"8301820203820405", "[1,[2,3],[4,5]]"},
      {"a0", "{}"},
      {"a26161016162820203", R"({"a":1,"b":[2,3]})"},
      {"5f42010243030405ff", R"("AQIDBAU=")"},
      {"7f657374726561646d696e67ff", R"("streaming")"},
      {"9fff", "[]"},
      {"9f018202039f0405ffff", "[1,[2,3],[4,5]]"},
      {"bf61610161629f0203ffff", R"({"a":1,"b":[2,3]})"},
      {"bf6346756ef563416d7421ff", R"({"Fun":true,"Amt":-2})"},
  };
  for (const auto& [hex, text] : examples) {
    const auto read = ReadDocument(Bytes(hex));
    ASSERT_TRUE(read) << hex << ": " << read.error().message;
    const auto expected = *json::Parse(text);
    if (expected.IsNumber()) {
      EXPECT_EQ(read->AsDouble(), expected.AsDouble()) << hex;
    } else {
      EXPECT_EQ(*read, expected) << hex << ": " << read->Serialize();
    }
  }
}

TEST(CborTest, RefusesWhatIsNoDocument) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases = {
      {"", "breaks off"},
      {"0000", "bytes follow"},
      {"18", "cut off or malformed"},
      {"1c", "cut off or malformed"},
      {"1f", "cut off or malformed"},
      {"df00", "cut off or malformed"},
      {"f818", "cut off or malformed"},
      {"f820", "no meaning"},
      {"f7", "no meaning"},
      {"ff", "a break without a beginning"},
      {"8201", "breaks off"},
      {"9f01", "breaks off"},
      {"a1616101ff", "bytes follow"},
      {"bf6161ff", "a break without a beginning"},
      {"a10101", "a key is no text"},
      {"a2616101616102", "key 'a' stands twice"},
      {"62ff41", "not UTF-8"},
      {"45010203", "longer than the document"},
      {"5bffffffffffffffff00", "longer than the document"},
      {"9bffffffffffffffff00", "breaks off"},
      {"5f6161ff", "a piece of a string is of another kind"},
      {"5f5f4101ffff", "a piece of a string is of another kind"},
      {"c000", "tag 0 is not understood"},
      {"d9d9f700", "tag 55799 is not understood"},
      {"c16161", "milliseconds since 1970"},
      {"c120", "milliseconds since 1970"},
      {"c1f5", "a time is no number"},
      {"f97e00", "not finite"},
      {"fb7ff0000000000000", "not finite"},
      {"3bffffffffffffffff", "below -2^63"},
  };
  for (const auto& [hex, reason] : cases) {
    const auto read = ReadDocument(Bytes(hex));
    ASSERT_FALSE(read) << hex;
    EXPECT_EQ(read.error().code, base::Code::kInvalidArgument);
    EXPECT_NE(read.error().message.find(reason), std::string::npos) << read.error().message;
  }
}

TEST(CborTest, HoldsItsLimits) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '\x81') + std::string(1, '\0');
  };
  EXPECT_TRUE(ReadDocument(nested(kMaxDepth)));
  EXPECT_EQ(ReadDocument(nested(kMaxDepth + 1)).error().code, base::Code::kLimitExceeded);
  const auto map = [](size_t keys) {
    std::string bytes;
    AppendHead(Major::kMap, keys, bytes);
    for (size_t i = 0; i < keys; ++i) {
      const std::string key = fmt::format("{}", i);
      AppendHead(Major::kText, key.size(), bytes);
      bytes += key + '\0';
    }
    return bytes;
  };
  EXPECT_TRUE(ReadDocument(map(kMaxKeys)));
  EXPECT_EQ(ReadDocument(map(kMaxKeys + 1)).error().code, base::Code::kLimitExceeded);
  std::string list = "\x9F" + std::string(kMaxItems, '\0') + "\xFF";
  EXPECT_EQ(ReadDocument(list).error().code, base::Code::kLimitExceeded);
}

void WriteEverything(Writer& writer) {
  writer.BeginMap();
  writer.Key("Text");
  writer.Text("a\"ü");
  writer.Key("List");
  writer.BeginList();
  writer.Integer(-5);
  writer.Integer(70'000);
  writer.Boolean(true);
  writer.BeginMap();
  writer.EndMap();
  writer.BeginList();
  writer.EndList();
  writer.EndList();
  writer.Key("Number");
  writer.Number(1.5);
  writer.Key("Time");
  writer.Time({1'600'000'000'042});
  writer.Key("Blob");
  writer.Blob(std::string_view("\0\xFF!", 3));
  writer.EndMap();
}

TEST(WriterTest, WritesTheSameDocumentInBothEncodings) {
  constexpr std::string_view kExpected =
      R"({"Text":"a\"ü","List":[-5,70000,true,{},[]],"Number":1.5,)"
      R"("Time":1600000000.042,"Blob":"AP8h"})";
  const auto json = Writer::Create(Encoding::kJson);
  WriteEverything(*json);
  EXPECT_EQ(json->Take(), kExpected);
  const auto cbor = Writer::Create(Encoding::kCbor);
  WriteEverything(*cbor);
  const auto read = ReadDocument(cbor->Take());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->Find("Time")->NumberText(), "1600000000.042");
  EXPECT_EQ(*read, *json::Parse(kExpected));
  json->BeginList();
  json->EndList();
  EXPECT_EQ(json->Take(), "[]");
}

TEST(WriterTest, WritesTimesAsTheSdksReadThem) {
  const auto cbor = Writer::Create(Encoding::kCbor);
  cbor->Time({1'600'000'000'042});
  EXPECT_EQ(base::ToHex(cbor->Take()), "c11b00000174876e802a");
}

}  // namespace
}  // namespace weir::ingest::aws::cbor
