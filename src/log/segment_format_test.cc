#include "log/segment_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/file_system.h"
#include "base/random.h"
#include "base/test_seed.h"
#include "log/group.h"

namespace weir::log {
namespace {

constexpr uint64_t kId = 0x1122334455667788;
constexpr int64_t kTime = 1'600'000'000'000;
constexpr uint64_t kWriteOffset = 512;

/// The bytes of the page's hex dump: "offset  bytes" lines, where "*" stands for zeros up to the
/// next offset.
std::string PageExample() {
  const std::string here = __FILE__;
  const std::string root = here.substr(0, here.rfind("src/log/"));
  const auto page = base::ReadFile(base::SystemFileSystem(), root + "docs/formats/segment.md");
  if (!page.has_value()) {
    return {};
  }
  const size_t begin = page->find("```hex\n") + 7;
  std::string_view block = std::string_view(*page).substr(begin, page->find("```", begin) - begin);
  std::string bytes;
  while (!block.empty()) {
    const std::string_view line = block.substr(0, block.find('\n'));
    block.remove_prefix(line.size() + 1);
    if (line == "*") {
      continue;
    }
    bytes.resize(std::stoul(std::string(line.substr(0, 4)), nullptr, 16), '\0');
    std::string digits;
    for (const char c : line.substr(4)) {
      if (c != ' ') {
        digits += c;
      }
    }
    bytes += base::FromHex(digits).value();
  }
  return bytes;
}

std::string HexDump(std::string_view bytes) {
  std::string out;
  for (size_t at = 0; at < bytes.size(); at += 16) {
    const std::string_view row = bytes.substr(at, 16);
    if (row.find_first_not_of('\0') == std::string_view::npos && at + 16 < bytes.size()) {
      out += out.ends_with("*\n") ? "" : "*\n";
      continue;
    }
    out += fmt::format("{:04x} ", at);
    for (const char byte : row) {
      out += fmt::format(" {:02x}", static_cast<uint8_t>(byte));
    }
    out += '\n';
  }
  return out;
}

SegmentHeader ExampleHeader() {
  SegmentHeader header;
  header.segment_id = kId;
  header.first_sequence = {7};
  header.created = {kTime};
  header.bound = {kTime};
  header.last_hash = model::kMaxHashKey;
  header.previous_checksum = 0xabcdef01;
  header.stream = "clicks";
  header.producers["app.out"] = 5;
  return header;
}

std::string ExampleFile() {
  std::string file = EncodeSegmentHeader(ExampleHeader());
  Group group;
  group.Reserve(1000);
  group.AddRecord({7}, {kTime + 100}, "k1", std::nullopt, "{\"a\":1}");
  group.AddRecord({8}, {kTime + 103}, "k2", model::HashKey{258}, "{}");
  group.AddStatement({9}, {kTime + 200});
  group.Close();
  WritePlace place{
      .segment_id = kId, .offset = kWriteOffset, .chain = DecodeSegmentHeader(file)->checksum};
  file += group.Seal(0, 2, place);
  return file;
}

TEST(SegmentFormatTest, PageExampleIsWhatTheCodeWrites) {
  EXPECT_EQ(HexDump(ExampleFile()), HexDump(PageExample()));
}

TEST(SegmentFormatTest, PageExampleDecodes) {
  const std::string file = PageExample();
  const auto decoded = DecodeSegmentHeader(file);
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  const SegmentHeader& header = decoded->header;
  EXPECT_EQ(header.segment_id, kId);
  EXPECT_EQ(header.first_sequence.value, 7U);
  EXPECT_EQ(header.created.millis, kTime);
  EXPECT_EQ(header.bound.millis, kTime);
  EXPECT_EQ(header.last_hash, model::kMaxHashKey);
  EXPECT_EQ(header.previous_checksum, 0xabcdef01U);
  EXPECT_EQ(header.stream, "clicks");
  EXPECT_EQ(header.producers, (ProducerTable{{"app.out", 5}}));
  EXPECT_EQ(decoded->padded_bytes, kWriteOffset);

  std::string_view rest = std::string_view(file).substr(kWriteOffset);
  const auto batch = DecodeBatchHeader(rest, kId);
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(batch->previous_checksum, decoded->checksum);
  EXPECT_EQ(batch->count, 2U);
  EXPECT_FALSE(batch->ends_write());
  const std::string_view payload = rest.substr(kBatchHeaderBytes, batch->payload_bytes);
  EXPECT_EQ(base::Crc32c(payload, ChecksumSeed(kId)), batch->payload_checksum);
  PayloadReader reader(*batch, payload);
  model::Record record;
  ASSERT_TRUE(reader.Next(record));
  EXPECT_EQ(record.sequence.value, 7U);
  EXPECT_EQ(record.arrival.millis, kTime + 100);
  EXPECT_EQ(record.partition_key, "k1");
  EXPECT_EQ(record.data, "{\"a\":1}");
  ASSERT_TRUE(reader.Next(record));
  EXPECT_EQ(record.explicit_hash_key, model::HashKey{258});
  EXPECT_EQ(record.arrival.millis, kTime + 103);
  EXPECT_FALSE(reader.Next(record));
  EXPECT_TRUE(reader.Complete());

  const uint64_t next = batch->NextOffset(kWriteOffset);
  const auto statement = DecodeBatchHeader(std::string_view(file).substr(next), kId);
  ASSERT_TRUE(statement.has_value());
  EXPECT_TRUE(statement->is_statement());
  EXPECT_TRUE(statement->ends_write());
  EXPECT_EQ(statement->arrival_base.millis, kTime + 200);
  EXPECT_EQ(statement->previous_checksum, batch->checksum);
  EXPECT_EQ(statement->write_offset, kWriteOffset);
}

TEST(SegmentFormatTest, EveryFlippedBitOfAHeaderIsSeen) {
  const std::string file = ExampleFile();
  const size_t stated = StatedHeaderBytes(file);
  for (size_t bit = 0; bit < stated * 8; ++bit) {
    std::string damaged = file;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(DecodeSegmentHeader(damaged).has_value()) << "bit " << bit;
  }
  for (size_t bit = 0; bit < kBatchHeaderBytes * 8; ++bit) {
    std::string damaged = file.substr(kWriteOffset, kBatchHeaderBytes);
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(DecodeBatchHeader(damaged, kId).has_value()) << "bit " << bit;
  }
}

TEST(SegmentFormatTest, BytesOfAnotherSegmentAreNoBatch) {
  const std::string batch = ExampleFile().substr(kWriteOffset);
  EXPECT_TRUE(DecodeBatchHeader(batch, kId).has_value());
  EXPECT_FALSE(DecodeBatchHeader(batch, kId + 1).has_value());
  EXPECT_FALSE(DecodeBatchHeader(std::string_view(batch).substr(0, 63), kId).has_value());
}

TEST(SegmentFormatTest, NewerFormatAsksForAnUpgrade) {
  std::string file = ExampleFile();
  const size_t stated = StatedHeaderBytes(file);
  file[8] = 2;
  const uint32_t checksum =
      base::Crc32c(std::string_view(file).substr(0, stated - 4), ChecksumSeed(kId));
  std::memcpy(file.data() + stated - 4, &checksum, sizeof checksum);
  EXPECT_EQ(DecodeSegmentHeader(file).error().code, base::Code::kFailedPrecondition);
}

TEST(SegmentFormatTest, MalformedPayloadsEndWithoutARecordTooMany) {
  const uint64_t seed = base::TestSeed(base::SystemSeed());
  SCOPED_TRACE(base::SeedTrace(seed));
  base::Random random(seed);
  for (int round = 0; round < 2000; ++round) {
    std::string payload(random.Below(60), '\0');
    for (char& byte : payload) {
      byte = static_cast<char>(random.Below(random.Chance(0.5) ? 8 : 256));
    }
    BatchHeader header;
    header.count = static_cast<uint32_t>(random.Below(5));
    header.flags = random.Chance(0.3) ? kBatchHasProducer : 0;
    header.payload_bytes = static_cast<uint32_t>(payload.size());
    PayloadReader reader(header, payload);
    model::Record record;
    uint32_t records = 0;
    while (reader.Next(record)) {
      ++records;
      ASSERT_LE(record.data.size() + record.partition_key.size(), payload.size());
    }
    EXPECT_LE(records, header.count);
    EXPECT_TRUE(!reader.Complete() || records == header.count);
  }
}

TEST(SegmentFormatTest, FileNames) {
  EXPECT_EQ(SegmentFileName({7}), "00000000000000000007.segment");
  EXPECT_EQ(ParseSegmentFileName("00000000000000000007.segment"), model::Sequence{7});
  EXPECT_EQ(ParseSegmentFileName("18446744073709551615.segment"), model::Sequence{UINT64_MAX});
  for (const char* name :
       {"7.segment", "18446744073709551616.segment", "0000000000000000000x.segment",
        "00000000000000000007.segment.new", ""}) {
    EXPECT_FALSE(ParseSegmentFileName(name).has_value()) << name;
  }
}

}  // namespace
}  // namespace weir::log
