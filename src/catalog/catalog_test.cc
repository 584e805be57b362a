#include "catalog/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/simulated_file_system.h"
#include "catalog/partition_text.h"
#include "catalog/sqlite_vfs.h"

namespace weir::catalog {
namespace {

using base::Code;
using base::SimulatedFileSystem;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kPath[] = "/data/catalog.db";

ResourceChange Put(std::string type, std::string name, std::string stack, std::string definition) {
  return {ResourceChange::Kind::kPut, Resource{.type = std::move(type),
                                               .name = std::move(name),
                                               .stack = std::move(stack),
                                               .definition = std::move(definition)}};
}

Object MakeObject(uint32_t shard, uint64_t first, uint64_t last) {
  return Object{.bucket = "b",
                .key = fmt::format("year=2026/clicks-{}-{}-{}.parquet", shard, first, last),
                .bytes = 100,
                .crc32c = 7,
                .rows = last - first + 1,
                .shard = shard,
                .first = model::Sequence{first},
                .last = model::Sequence{last},
                .oldest_arrival = model::Rowtime{1'000},
                .newest_arrival = model::Rowtime{2'000},
                .partition = {{"year", "2026"}, {"odd=/%", "a/b=\x01"}}};
}

Table MakeTable() {
  return Table{.database = "db",
               .name = "clicks",
               .bucket = "b",
               .format = "parquet",
               .columns = {{"device", {model::TypeKind::kVarchar, 16}},
                           {"price", {model::TypeKind::kDecimal, 18, 4}}},
               .partition_keys = {"year"},
               .delivery = "clicks",
               .source_stream = "Clicks"};
}

class CatalogTest : public testing::Test {
 protected:
  void Open() {
    catalog_.reset();
    auto opened = Catalog::Open(files_, clock_, kPath);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    catalog_ = std::move(*opened);
  }

  void SetUp() override { Open(); }

  SimulatedFileSystem files_;
  base::ManualClock clock_;
  std::unique_ptr<Catalog> catalog_;
};

TEST_F(CatalogTest, KeepsResourcesAcrossRestarts) {
  const std::vector<ResourceChange> changes = {Put("Stream", "a", "s1", "{}"),
                                               Put("Stream", "b", "", "{1}"),
                                               Put("Bucket", "a", "s1", "{2}")};
  ASSERT_TRUE(catalog_->Apply(changes).has_value());
  const int64_t created = clock_.WallMillis();
  clock_.AdvanceMillis(5);
  ASSERT_TRUE(catalog_->Apply(std::vector{Put("Stream", "a", "s1", "{new}")}).has_value());
  Open();
  const auto resource = catalog_->Get("Stream", "a");
  ASSERT_TRUE(resource.has_value());
  EXPECT_EQ(resource->definition, "{new}");
  EXPECT_EQ(resource->created.millis, created);
  EXPECT_EQ(catalog_->Get("Stream", "c").error().code, Code::kNotFound);
  EXPECT_EQ(catalog_->List("Stream")->size(), 2u);
  EXPECT_EQ(catalog_->List("")->size(), 3u);
}

TEST_F(CatalogTest, AppliesAllChangesOrNone) {
  ASSERT_TRUE(catalog_->Apply(std::vector{Put("Stream", "a", "s1", "{}")}).has_value());
  const auto refused =
      catalog_->Apply(std::vector{Put("Stream", "x", "s2", "{}"), Put("Stream", "a", "s2", "{}")});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::kAlreadyExists);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("stack 's1'"));
  EXPECT_EQ(catalog_->List("")->size(), 1u);
  const ResourceChange gone{ResourceChange::Kind::kDelete, Resource{.type = "Stream", .name = "a"}};
  ASSERT_TRUE(catalog_->Apply(std::vector{gone, gone}).has_value());
  EXPECT_THAT(*catalog_->List(""), IsEmpty());
}

TEST_F(CatalogTest, CommitsObjectsPositionsAndTableTogether) {
  const uint64_t before = catalog_->version();
  const uint64_t resources_before = catalog_->resources_version();
  const PlannedObject plan{
      .shard = 1, .first = {0}, .last = {9}, .bucket = "b", .key = "k", .error_key = "e"};
  ASSERT_TRUE(catalog_->PlanObject("clicks", plan).has_value());
  ASSERT_EQ(catalog_->PlannedObjects("clicks")->size(), 1u);
  EXPECT_EQ(catalog_->PlannedObjects("clicks")->front().error_key, "e");
  EXPECT_THAT(*catalog_->PlannedObjects("other"), IsEmpty());
  Object failed = MakeObject(1, 0, 9);
  failed.key = "errors/1";
  failed.failed = true;
  const DeliveryCommit commit{.delivery = "clicks",
                              .objects = {MakeObject(1, 0, 9), failed},
                              .positions = {{1, {10}}},
                              .table = MakeTable()};
  ASSERT_TRUE(catalog_->CommitDelivery(commit).has_value());
  EXPECT_NE(catalog_->version(), before);
  EXPECT_EQ(catalog_->resources_version(), resources_before);
  const ResourceChange change{.resource = {.type = "Stream", .name = "a", .definition = "{}"}};
  ASSERT_TRUE(catalog_->Apply(std::span(&change, 1)).has_value());
  EXPECT_NE(catalog_->resources_version(), resources_before);
  Open();
  EXPECT_THAT(*catalog_->PlannedObjects("clicks"), IsEmpty());
  EXPECT_EQ(catalog_->DeliveryPositions("clicks")->at(1).value, 10u);
  const auto snapshot = catalog_->Snapshot();
  ASSERT_EQ(snapshot->size(), 1u);
  ASSERT_EQ(snapshot->front().objects.size(), 1u);
  const Object& object = snapshot->front().objects.front();
  EXPECT_EQ(object.partition, MakeObject(1, 0, 9).partition);
  EXPECT_EQ(object.key, MakeObject(1, 0, 9).key);
  EXPECT_EQ(object.delivery, "clicks");
  EXPECT_EQ(object.last.value, 9u);
  EXPECT_EQ(object.oldest_arrival.millis, 1'000);
  EXPECT_EQ(object.newest_arrival.millis, 2'000);
  EXPECT_EQ(snapshot->front().table.columns, MakeTable().columns);
  EXPECT_EQ(snapshot->front().positions.at(1).value, 10u);
  EXPECT_EQ(catalog_->Objects()->size(), 2u);
}

TEST_F(CatalogTest, CommitsTheSameObjectOnce) {
  const DeliveryCommit commit{
      .delivery = "clicks", .objects = {MakeObject(0, 0, 9)}, .positions = {{0, {10}}}};
  ASSERT_TRUE(catalog_->CommitDelivery(commit).has_value());
  ASSERT_TRUE(catalog_->CommitDelivery(commit).has_value());
  DeliveryCommit other = commit;
  other.objects[0].crc32c = 8;
  other.positions[0] = model::Sequence{20};
  EXPECT_EQ(catalog_->CommitDelivery(other).error().code, Code::kInternal);
  EXPECT_EQ(catalog_->DeliveryPositions("clicks")->at(0).value, 10u);
  DeliveryCommit empty_range = commit;
  empty_range.objects[0].first = model::Sequence{11};
  EXPECT_EQ(catalog_->CommitDelivery(empty_range).error().code, Code::kInvalidArgument);
}

TEST_F(CatalogTest, TablesOnlyGrow) {
  Table table = MakeTable();
  ASSERT_TRUE(catalog_->RegisterTable(table).has_value());
  table.columns.push_back({"extra", {model::TypeKind::kTimestamp}});
  ASSERT_TRUE(catalog_->RegisterTable(table).has_value());
  table.columns.erase(table.columns.begin());
  ASSERT_TRUE(catalog_->RegisterTable(table).has_value());
  ASSERT_EQ(catalog_->Tables()->size(), 1u);
  EXPECT_EQ(catalog_->Tables()->front().columns.size(), 3u);
  Table other_type = MakeTable();
  other_type.columns[0].type = model::Type{model::TypeKind::kBigint};
  EXPECT_EQ(catalog_->RegisterTable(other_type).error().code, Code::kFailedPrecondition);
  Table other_delivery = MakeTable();
  other_delivery.delivery = "orders";
  EXPECT_EQ(catalog_->RegisterTable(other_delivery).error().code, Code::kAlreadyExists);
}

TEST_F(CatalogTest, SharesTheSnapshotUntilTheNextCommit) {
  ASSERT_TRUE(catalog_->RegisterTable(MakeTable()).has_value());
  const auto first = *catalog_->SharedSnapshot();
  EXPECT_EQ(first, *catalog_->SharedSnapshot());
  ASSERT_TRUE(catalog_
                  ->CommitDelivery(
                      {.delivery = "clicks", .objects = {MakeObject(0, 0, 0)}, .positions = {}})
                  .has_value());
  EXPECT_NE(first, *catalog_->SharedSnapshot());
  EXPECT_THAT(first->front().objects, IsEmpty());
}

TEST_F(CatalogTest, SnapshotsTensOfThousandsOfObjects) {
  constexpr uint64_t kObjects = 20'000;
  DeliveryCommit commit{.delivery = "clicks", .table = MakeTable()};
  for (uint64_t i = 0; i < kObjects; ++i) {
    commit.objects.push_back(MakeObject(0, i, i));
  }
  commit.positions = {{0, {kObjects}}};
  ASSERT_TRUE(catalog_->CommitDelivery(commit).has_value());
  Open();
  const int64_t start = base::SystemClock().MonotonicNanos();
  EXPECT_EQ((*catalog_->SharedSnapshot())->front().objects.size(), kObjects);
  std::printf("snapshot of %d objects: %d ms\n", static_cast<int>(kObjects),
              static_cast<int>((base::SystemClock().MonotonicNanos() - start) / 1'000'000));
}

TEST_F(CatalogTest, IsOpenedOnce) {
  EXPECT_EQ(Catalog::Open(files_, clock_, kPath).error().code, Code::kFailedPrecondition);
}

TEST_F(CatalogTest, NamesAFullDiskAndGoesOn) {
  files_.SetFreeBytes(0);
  EXPECT_EQ(
      catalog_->Apply(std::vector{Put("Stream", "a", "", std::string(100'000, 'x'))}).error().code,
      Code::kDiskFull);
  EXPECT_THAT(*catalog_->List(""), IsEmpty());
  files_.SetFreeBytes(uint64_t{1} << 30);
  ASSERT_TRUE(catalog_->Apply(std::vector{Put("Stream", "a", "", "{}")}).has_value());
  EXPECT_EQ(catalog_->List("")->size(), 1u);
}

TEST_F(CatalogTest, WritesNothingAfterAFailedSync) {
  files_.SetFaultHook(
      [](std::string_view operation, std::string_view) -> std::optional<base::Error> {
        if (operation == "sync") {
          return base::Error{Code::kIo, "no luck"};
        }
        return std::nullopt;
      });
  EXPECT_EQ(catalog_->Apply(std::vector{Put("Stream", "a", "", "{}")}).error().code, Code::kIo);
  files_.SetFaultHook({});
  const auto second = catalog_->Apply(std::vector{Put("Stream", "b", "", "{}")});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Code::kIo);
}

TEST_F(CatalogTest, RefusesForeignAndNewerFiles) {
  catalog_.reset();
  SimulatedFileSystem other;
  ASSERT_TRUE(other.CreateDirectories("/data").has_value());
  ASSERT_TRUE(base::ReplaceFile(other, kPath, std::string(8192, 'x')).has_value());
  EXPECT_EQ(Catalog::Open(other, clock_, kPath).error().code, Code::kDataLoss);
}

TEST_F(CatalogTest, VerifiesItself) {
  ASSERT_TRUE(catalog_->RegisterTable(MakeTable()).has_value());
  EXPECT_THAT(*catalog_->Verify(), IsEmpty());
}

TEST(CatalogDamageTest, EveryFlippedBitIsNoticed) {
  SimulatedFileSystem files;
  base::ManualClock clock;
  {
    auto catalog = *Catalog::Open(files, clock, kPath);
    ASSERT_TRUE(catalog->RegisterTable(MakeTable()).has_value());
    for (uint64_t i = 0; i < 30; ++i) {
      ASSERT_TRUE(catalog
                      ->CommitDelivery({.delivery = "clicks",
                                        .objects = {MakeObject(0, i, i)},
                                        .positions = {{0, {i + 1}}}})
                      .has_value());
    }
  }  // closing writes everything into the main file
  const uint64_t bits = base::ReadFile(files, kPath)->size() * 8;
  ASSERT_GT(bits, 0u);
  int silent = 0;
  int flips = 0;
  for (uint64_t bit = 0; bit < bits; bit += 1009) {
    const auto disk = files.Crash(SimulatedFileSystem::Loss::kNothing, 1);
    disk->FlipBit(kPath, bit);
    ++flips;
    auto opened = Catalog::Open(*disk, clock, kPath);
    if (!opened.has_value()) {
      EXPECT_THAT(opened.error().code, testing::AnyOf(Code::kDataLoss, Code::kFailedPrecondition))
          << opened.error().message << " bit " << bit;
      continue;
    }
    const auto verified = (*opened)->Verify();
    silent += verified.has_value() && verified->empty() ? 1 : 0;
  }
  std::printf("catalog bit flips: %d, silent: %d\n", flips, silent);
  EXPECT_EQ(silent, 0);
}

TEST(PageTest, IsSealedAsDocumented) {
  // docs/formats/catalog.md: CRC-32C of bytes 0..4087 at 4088, the same inverted at 4092.
  std::string page(4096, '\0');
  page[0] = 'w';
  SealPage(page);
  const uint32_t checksum = base::Crc32c(std::string_view(page).substr(0, 4088));
  std::string expected;
  base::ByteWriter(expected).U32(checksum);
  base::ByteWriter(expected).U32(~checksum);
  EXPECT_EQ(base::ToHex(page.substr(4088)), base::ToHex(expected));
  EXPECT_TRUE(PageIsIntact(page));
  page[100] = 'x';
  EXPECT_FALSE(PageIsIntact(page));
  EXPECT_TRUE(PageIsIntact(std::string(4096, '\0')));
}

TEST(PartitionTextTest, RoundTrips) {
  const std::map<std::string, std::string> partition = {{"a", ""}, {"b=/", "%2f%"}, {"ž", "x y"}};
  EXPECT_EQ(ParsePartition(FormatPartition(partition)), partition);
  EXPECT_EQ(FormatPartition({{"year", "2026"}, {"month", "11"}}), "month=11/year=2026");
  EXPECT_THAT(ParsePartition(""), IsEmpty());
}

}  // namespace
}  // namespace weir::catalog
