#include "delivery/delivery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/time_format.h"
#include "delivery/delivery_fixture.h"
#include "delivery/verify.h"
#include "json/document.h"
#include "lake/object_writer.h"

namespace weir::delivery {
namespace {

using base::Code;
using base::SimulatedFileSystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string Click(int number) {
  return fmt::format(R"({{"Id":"click-{}","Price":{}.25}})", number, number);
}

class DeliveryTest : public testing::Test {
 protected:
  void SetUp() override { Open(1); }

  void Open(uint32_t shards) {
    delivery_.reset();
    engine_.reset();
    auto engine = Engine::Open(files_, clock_, shards);
    ASSERT_TRUE(engine.has_value()) << engine.error().message;
    engine_ = std::move(*engine);
  }

  void Deliver(const DeliveryDefinition& definition) {
    delivery_.reset();
    auto delivery = engine_->Deliver(definition);
    ASSERT_TRUE(delivery.has_value()) << delivery.error().message;
    delivery_ = std::move(*delivery);
  }

  bool Step(bool flush = false) {
    const auto stepped = delivery_->Step(flush);
    EXPECT_TRUE(stepped.has_value()) << stepped.error().message;
    return stepped.value_or(false);
  }

  std::vector<catalog::Object> Objects() { return *engine_->catalog().Objects(); }

  std::string Contents(const catalog::Object& object) {
    return *engine_->store().Get(object.bucket, object.key);
  }

  void ExpectVerified() {
    const auto report = VerifyObjects(engine_->catalog(), engine_->store());
    ASSERT_TRUE(report.has_value()) << report.error().message;
    EXPECT_THAT(report->problems, IsEmpty());
    EXPECT_THAT(report->orphans, IsEmpty());
  }

  SimulatedFileSystem files_;
  base::ManualClock clock_{*base::ParseTimestamp("2026-11-22T07:59:59Z")};
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Delivery> delivery_;
};

TEST_F(DeliveryTest, CutsBySizeThenByTime) {
  Deliver(JsonDefinition());
  EXPECT_FALSE(Step());
  std::vector<std::string> clicks;
  for (int i = 0; i < 30; ++i) {  // 29 or 31 bytes each, 13 or 14 to an object
    clicks.push_back(Click(i));
  }
  ASSERT_TRUE(engine_->Append(clicks));
  EXPECT_TRUE(Step());
  ASSERT_THAT(Objects(), SizeIs(2));
  EXPECT_EQ(delivery_->Status().pending_records, 30 - Objects()[0].rows - Objects()[1].rows);
  clock_.AdvanceMillis(59'999);
  EXPECT_FALSE(Step());
  clock_.AdvanceMillis(1);
  EXPECT_TRUE(Step());
  const auto objects = Objects();
  ASSERT_THAT(objects, SizeIs(3));
  EXPECT_EQ(objects[0].key, "year=2026/hour=07/clicks-0-0-13.json");
  EXPECT_EQ(objects[0].partition,
            (std::map<std::string, std::string>{{"year", "2026"}, {"hour", "07"}}));
  std::string all;
  for (const catalog::Object& object : objects) {
    all += Contents(object);
  }
  std::string expected;
  for (const std::string& click : clicks) {
    expected += click + "\n";
  }
  EXPECT_EQ(all, expected);
  EXPECT_EQ(delivery_->SafePositions()[0].value, 30u);
  EXPECT_EQ(delivery_->Status().records_delivered, 30u);
  ExpectVerified();
}

TEST_F(DeliveryTest, AnObjectKnowsItsOldestAndNewestArrival) {
  Deliver(JsonDefinition());
  const int64_t first = clock_.WallMillis();
  ASSERT_TRUE(engine_->Append({Click(1)}));
  clock_.AdvanceMillis(1'500);
  ASSERT_TRUE(engine_->Append({Click(2)}));
  Step();
  clock_.AdvanceMillis(60'000);
  ASSERT_TRUE(Step());
  ASSERT_THAT(Objects(), SizeIs(1));
  EXPECT_EQ(Objects()[0].oldest_arrival.millis, first);
  EXPECT_EQ(Objects()[0].newest_arrival.millis, first + 1'500);
}

TEST_F(DeliveryTest, RegistersTheTableBeforeTheFirstObject) {
  Deliver(JsonDefinition());
  const auto tables = *engine_->catalog().Tables();
  ASSERT_THAT(tables, SizeIs(1));
  EXPECT_EQ(tables[0].name, "click_stream");
  EXPECT_EQ(tables[0].database, "db");
  EXPECT_EQ(tables[0].format, "json");
  EXPECT_EQ(tables[0].columns[0].name, "id");
  EXPECT_THAT(tables[0].partition_keys, ElementsAre("year", "hour"));
  EXPECT_EQ(tables[0].source_stream, "Clicks");
}

TEST_F(DeliveryTest, WhatWaitedBeforeTheStartIsDueByItsArrival) {
  ASSERT_TRUE(engine_->Append({Click(1)}));
  clock_.AdvanceMillis(60'000);
  Deliver(JsonDefinition());
  EXPECT_TRUE(Step());
}

TEST_F(DeliveryTest, HistoryThatIsPutNowWaitsFromNow) {
  Deliver(JsonDefinition());
  const std::string text = Click(1);
  engine_->stream().Append(
      std::vector{log::Entry{.partition_key = "k", .data = text, .arrival = model::Rowtime{1'000}}},
      [](auto) {});
  engine_->log().Drive();
  EXPECT_FALSE(Step());
  EXPECT_TRUE(Step(true));
  EXPECT_EQ(Objects()[0].key, "year=1970/hour=00/clicks-0-0-0.json");
}

TEST_F(DeliveryTest, GoesOnWhereItStopped) {
  Deliver(JsonDefinition());
  ASSERT_TRUE(engine_->Append({Click(1), Click(2)}));
  EXPECT_TRUE(Step(true));
  Open(1);
  Deliver(JsonDefinition());
  EXPECT_FALSE(Step(true));
  ASSERT_TRUE(engine_->Append({Click(3)}));
  EXPECT_TRUE(Step(true));
  ASSERT_THAT(Objects(), SizeIs(2));
  EXPECT_EQ(Contents(Objects()[1]), Click(3) + "\n");
  ExpectVerified();
}

TEST_F(DeliveryTest, RecordsThatCannotBeConvertedGoToTheErrorPrefix) {
  Deliver(JsonDefinition());
  ASSERT_TRUE(engine_->Append({Click(1), "{broken", "[1]", "7", Click(2)}));
  EXPECT_TRUE(Step(true));
  const auto objects = Objects();
  ASSERT_THAT(objects, SizeIs(2));
  EXPECT_EQ(Contents(objects[0]), Click(1) + "\n" + Click(2) + "\n");
  EXPECT_TRUE(objects[1].failed);
  EXPECT_EQ(objects[1].rows, 3u);
  EXPECT_EQ(objects[1].key, "errors/format-conversion-failed/2026/clicks-0-0-4.json");
  const std::string failed = Contents(objects[1]);
  const auto line = json::Parse(failed.substr(0, failed.find('\n')));
  ASSERT_TRUE(line.has_value());
  EXPECT_EQ(base::FromBase64(*line->StringAt("rawData")), "{broken");
  EXPECT_EQ(*line->StringAt("sequenceNumber"), "1");
  EXPECT_EQ(*line->Find("dataCatalogTable")->StringAt("tableName"), "click_stream");
  EXPECT_EQ(delivery_->Status().records_failed, 3u);
  EXPECT_THAT(engine_->catalog().Snapshot()->front().objects, SizeIs(1));
  ExpectVerified();
}

TEST_F(DeliveryTest, ARangeOfFailuresOnlyHasNoTableObject) {
  Deliver(JsonDefinition());
  ASSERT_TRUE(engine_->Append({"no json"}));
  EXPECT_TRUE(Step(true));
  ASSERT_THAT(Objects(), SizeIs(1));
  EXPECT_TRUE(Objects()[0].failed);
  EXPECT_EQ(delivery_->SafePositions()[0].value, 1u);
  ExpectVerified();
}

TEST_F(DeliveryTest, WritesParquetByColumn) {
  DeliveryDefinition definition = JsonDefinition();
  definition.format = Format::kParquet;
  definition.columns.push_back({"At", {model::TypeKind::kTimestamp}});
  definition.columns.push_back({"Count", {model::TypeKind::kInteger}});
  Deliver(definition);
  ASSERT_TRUE(engine_->Append(
      {R"({"Id":"a","Price":1.2345,"At":"2026-11-22T07:35:31.123Z","Count":1})",
       R"({"Price":null})",
       R"({"Id":"ž\u0000\"","Price":-99999999999999.9999,"Count":-2147483648,"Other":[1,2]})",
       R"({"Id":"x","Count":"many"})"}));
  EXPECT_TRUE(Step(true));
  const auto objects = Objects();
  ASSERT_THAT(objects, SizeIs(2));
  EXPECT_EQ(objects[0].rows, 3u);
  EXPECT_EQ(objects[1].rows, 1u);
  const std::string bytes = Contents(objects[0]);
  EXPECT_TRUE(bytes.starts_with("PAR1") && bytes.ends_with("PAR1"));
  // Another delivery of the same records makes the same bytes.
  definition.name = "again";
  definition.bucket = "second";
  Deliver(definition);
  EXPECT_TRUE(Step(true));
  EXPECT_TRUE(bytes == Contents(Objects()[0]));
  ExpectVerified();
}

TEST_F(DeliveryTest, WritesGzip) {
  DeliveryDefinition definition = JsonDefinition();
  definition.compression = Compression::kGzip;
  Deliver(definition);
  ASSERT_TRUE(engine_->Append({"{\n\"Id\" : \"a\"}\n"}));
  EXPECT_TRUE(Step(true));
  EXPECT_THAT(Objects()[0].key, testing::EndsWith("clicks-0-0-0.json.gz"));
  EXPECT_EQ(*lake::Gunzip(Contents(Objects()[0]), 100), "{ \"Id\" : \"a\"}\n");
}

TEST_F(DeliveryTest, AFullDiskIsNamedAndTheDeliveryGoesOnAlone) {
  Deliver(JsonDefinition());
  ASSERT_TRUE(engine_->Append({Click(1)}));
  files_.SetFreeBytes(0);
  const auto refused = delivery_->Step(true);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::kDiskFull);
  EXPECT_NE(delivery_->Status().failure, "");
  files_.SetFreeBytes(uint64_t{1} << 30);
  EXPECT_TRUE(Step(true));
  EXPECT_EQ(delivery_->Status().failure, "");
  ASSERT_THAT(Objects(), SizeIs(1));
  ExpectVerified();
}

TEST_F(DeliveryTest, ARetryWritesThePlannedRangeThoughMoreHasArrived) {
  Deliver(JsonDefinition());
  ASSERT_TRUE(engine_->Append({Click(1)}));
  files_.SetFaultHook(
      [](std::string_view operation, std::string_view) -> std::optional<base::Error> {
        if (operation == "link") {
          return base::Error{Code::kIo, "no links today"};
        }
        return std::nullopt;
      });
  EXPECT_FALSE(delivery_->Step(true).has_value());
  files_.SetFaultHook({});
  ASSERT_TRUE(engine_->Append({Click(2)}));
  EXPECT_TRUE(Step(true));
  ASSERT_THAT(Objects(), SizeIs(2));
  EXPECT_EQ(Objects()[0].last.value, 0u);
  ExpectVerified();
}

TEST_F(DeliveryTest, StartsThoughTheLakeDoesNotTakeAPlannedObject) {
  ASSERT_TRUE(engine_->Append({Click(1), Click(2)}));
  for (const Code code : {Code::kIo, Code::kDiskFull}) {
    for (const bool changed : {false, true}) {
      SCOPED_TRACE(fmt::format("{} {}", base::CodeName(code), changed));
      DeliveryDefinition definition = JsonDefinition();
      definition.name = fmt::format("clicks-{}-{}", base::CodeName(code), changed);
      definition.bucket = definition.name;
      const auto fail = [code](std::string_view operation,
                               std::string_view path) -> std::optional<base::Error> {
        if ((operation == "link" || operation == "remove") && path.contains("lake")) {
          return base::Error{code, "not today"};
        }
        return std::nullopt;
      };
      Deliver(definition);
      files_.SetFaultHook(fail);
      EXPECT_EQ(delivery_->Step(true).error().code, code);
      const auto planned = engine_->catalog().PlannedObjects(definition.name);
      ASSERT_THAT(*planned, SizeIs(1));
      if (changed) {
        files_.SetFaultHook({});
        ASSERT_TRUE(engine_->store().Put(definition.bucket, (*planned)[0].key, "old").has_value());
        files_.SetFaultHook(fail);
        definition.compression = Compression::kGzip;
      }
      Deliver(definition);
      ASSERT_NE(delivery_, nullptr);
      EXPECT_NE(delivery_->Status().failure, "");
      ASSERT_TRUE(engine_->Append({Click(3)}));
      EXPECT_EQ(delivery_->Step(false).error().code, code);
      files_.SetFaultHook({});
      EXPECT_TRUE(Step(false));
      EXPECT_EQ(delivery_->Status().failure, "");
      EXPECT_EQ(delivery_->SafePositions()[0].value, (*planned)[0].last.value + 1);
      EXPECT_TRUE(Step(true));
      ExpectVerified();
    }
  }
}

TEST_F(DeliveryTest, AChangedDefinitionReplacesAnUnfinishedObject) {
  Deliver(JsonDefinition());
  ASSERT_TRUE(engine_->Append({Click(1)}));
  // As after a crash between Put and commit.
  const std::string old_key = "year=2026/hour=07/clicks-0-0-0.json";
  ASSERT_TRUE(engine_->catalog()
                  .PlanObject("clicks", {.shard = 0,
                                         .first = {0},
                                         .last = {0},
                                         .bucket = "click-stream",
                                         .key = old_key,
                                         .error_key = "errors/x.json"})
                  .has_value());
  ASSERT_TRUE(engine_->store().Put("click-stream", old_key, "other contents").has_value());
  DeliveryDefinition definition = JsonDefinition();
  definition.compression = Compression::kGzip;
  Deliver(definition);
  ASSERT_THAT(Objects(), SizeIs(1));
  EXPECT_EQ(Objects()[0].key, old_key + ".gz");
  ExpectVerified();
}

TEST_F(DeliveryTest, RunsInItsThread) {
  DeliveryDefinition definition = JsonDefinition();
  definition.buffer_millis = 0;
  Deliver(definition);
  ASSERT_TRUE(engine_->Append({Click(1)}));
  log::Notifier never;
  delivery_->Start();
  for (int i = 0; i < 2000 && delivery_->Status().objects == 0; ++i) {
    never.Wait(never.count(), 5);
  }
  delivery_->Stop();
  delivery_->Stop();
  EXPECT_EQ(delivery_->Status().objects, 1u);
}

TEST_F(DeliveryTest, RefusesDefinitionsThatCannotWork) {
  const auto refusal = [this](auto change) {
    DeliveryDefinition definition = JsonDefinition();
    change(definition);
    const auto created = engine_->Deliver(definition);
    EXPECT_FALSE(created.has_value());
    return created.has_value() ? base::Error{} : created.error();
  };
  using D = DeliveryDefinition;
  EXPECT_EQ(refusal([](D& d) { d.source_stream = "None"; }).code, Code::kNotFound);
  EXPECT_THAT(refusal([](D& d) { d.name = "a/b"; }).message, HasSubstr("delivery name"));
  EXPECT_THAT(refusal([](D& d) { d.bucket = ".."; }).message, HasSubstr("'..'"));
  EXPECT_THAT(refusal([](D& d) { d.prefix = "../"; }).message, HasSubstr("'..'"));
  EXPECT_THAT(refusal([](D& d) { d.buffer_bytes = 0; }).message, HasSubstr("buffer size"));
  EXPECT_THAT(refusal([](D& d) { d.buffer_millis = 900'001; }).message,
              HasSubstr("buffer interval"));
  EXPECT_THAT(refusal([](D& d) {
                d.format = Format::kParquet;
                d.columns.clear();
              }).message,
              HasSubstr("columns"));
  EXPECT_THAT(refusal([](D& d) { d.compression = Compression::kZstd; }).message, HasSubstr("gzip"));
  EXPECT_THAT(refusal([](D& d) { d.columns[1].name = "ID"; }).message, HasSubstr("two columns"));
  EXPECT_THAT(refusal([](D& d) { d.prefix = d.error_prefix = "same/"; }).message,
              HasSubstr("different folders"));
  EXPECT_THAT(refusal([](D& d) {
                d.format = Format::kParquet;
                d.columns[1].name = "a.b";
              }).message,
              HasSubstr("dot or bracket"));
  EXPECT_THAT(refusal([](D& d) { d.columns[1].name = "Hour"; }).message, HasSubstr("rename one"));
}

TEST_F(DeliveryTest, RefusesACatalogThatIsAheadOfTheLog) {
  Deliver(JsonDefinition());
  ASSERT_TRUE(engine_->catalog()
                  .CommitDelivery({.delivery = "clicks", .objects = {}, .positions = {{0, {5}}}})
                  .has_value());
  delivery_.reset();
  EXPECT_EQ(engine_->Deliver(JsonDefinition()).error().code, Code::kDataLoss);
}

TEST(ShardedDeliveryTest, EachShardHasItsObjects) {
  SimulatedFileSystem files;
  base::ManualClock clock;
  auto engine = *Engine::Open(files, clock, 3);
  auto delivery = *engine->Deliver(JsonDefinition());
  std::vector<std::string> clicks;
  for (int i = 0; i < 60; ++i) {
    clicks.push_back(Click(i));
  }
  ASSERT_TRUE(engine->Append(clicks));
  ASSERT_TRUE(delivery->Step(true).has_value());
  std::map<uint32_t, uint64_t> rows;
  const auto objects = engine->catalog().Objects();
  for (const catalog::Object& object : *objects) {
    rows[object.shard] += object.rows;
  }
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0] + rows[1] + rows[2], 60u);
  for (uint32_t shard = 0; shard < 3; ++shard) {
    EXPECT_EQ(delivery->SafePositions()[shard].value, rows[shard]);
  }
  EXPECT_THAT(VerifyObjects(engine->catalog(), engine->store())->problems, IsEmpty());
}

TEST(ShardedDeliveryTest, ChildrenOfAClosedShardFollowIt) {
  SimulatedFileSystem files;
  base::ManualClock clock;
  auto engine = *Engine::Open(files, clock, 2);
  auto delivery = *engine->Deliver(JsonDefinition());
  const auto append = [&engine](int from) {
    std::vector<std::string> clicks;
    for (int i = from; i < from + 20; ++i) {
      clicks.push_back(Click(i));
    }
    ASSERT_TRUE(engine->Append(clicks));
  };
  append(0);
  ASSERT_TRUE(delivery->Step(false).has_value());
  log::StreamDefinition definition = log::Split(engine->stream().definition(), 0);
  ASSERT_TRUE(engine->stream().Reshard(definition).has_value());
  append(20);
  EXPECT_EQ(delivery->SafePositions().size(), 2u);
  EXPECT_EQ(delivery->Status().pending_records + delivery->Status().records_delivered, 40u);
  ASSERT_TRUE(delivery->Step(false).has_value());
  EXPECT_EQ(delivery->SafePositions().size(), 4u);
  // A delivery that starts now finds all shards at once.
  delivery.reset();
  delivery = *engine->Deliver(JsonDefinition());
  definition = log::Merge(definition, 2, 3);
  ASSERT_TRUE(engine->stream().Reshard(definition).has_value());
  append(40);
  ASSERT_TRUE(delivery->Step(true).has_value());
  uint64_t rows = 0;
  const auto objects = engine->catalog().Objects();  // Named: the loop would not keep it.
  for (const catalog::Object& object : *objects) {
    rows += object.rows;
  }
  EXPECT_EQ(rows, 60u);
  for (const log::ShardDefinition& shard : definition.shards) {
    EXPECT_EQ(delivery->SafePositions()[shard.id], engine->stream().DurableEnd(shard.id));
  }
  EXPECT_EQ(delivery->Status().pending_records, 0u);
  EXPECT_THAT(VerifyObjects(engine->catalog(), engine->store())->problems, IsEmpty());
}

TEST_F(DeliveryTest, VerificationNoticesDamageGapsAndStrangers) {
  Deliver(JsonDefinition());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(engine_->Append({Click(i)}));
    EXPECT_TRUE(Step(true));
  }
  const catalog::Object object = Objects()[1];
  const std::string path = engine_->store().LocalPath(object.bucket, object.key);
  for (uint64_t bit = 0; bit < object.bytes * 8; ++bit) {
    files_.FlipBit(path, bit);
    const auto report = VerifyObjects(engine_->catalog(), engine_->store());
    ASSERT_THAT(report->problems, ElementsAre(HasSubstr("checksum"))) << bit;
    files_.FlipBit(path, bit);
  }
  ASSERT_TRUE(engine_->store().Put(object.bucket, "stranger.json", "x").has_value());
  EXPECT_THAT(VerifyObjects(engine_->catalog(), engine_->store())->orphans,
              ElementsAre("/data/lake/click-stream/stranger.json"));
  catalog::Object beyond = object;
  beyond.key = "beyond.json";
  beyond.first = model::Sequence{4};
  beyond.last = model::Sequence{4};
  ASSERT_TRUE(engine_->catalog()
                  .CommitDelivery({.delivery = "clicks", .objects = {beyond}, .positions = {}})
                  .has_value());
  EXPECT_THAT(VerifyObjects(engine_->catalog(), engine_->store())->problems,
              testing::UnorderedElementsAre(HasSubstr("missing"), HasSubstr("gap"),
                                            HasSubstr("the position is 3")));
}

}  // namespace
}  // namespace weir::delivery
