#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "catalog/catalog.h"
#include "duckdb/database.h"
#include "lake/object_store.h"
#include "log/log.h"
#include "query/query.h"

namespace weir::query {

/// Objects that tests write with DuckDB itself; only where they lie is asked of it.
class PathStore : public lake::ObjectStore {
 public:
  explicit PathStore(std::string root) : root_(std::move(root)) {}

  base::Result<void> Put(std::string_view, std::string_view, std::string_view) override {
    return base::Fail(base::Code::kInternal, "not used");
  }

  base::Result<std::string> Get(std::string_view, std::string_view) override {
    return base::Fail(base::Code::kInternal, "not used");
  }

  base::Result<void> Delete(std::string_view, std::string_view) override { return {}; }

  base::Result<std::vector<std::string>> List(std::string_view, std::string_view) override {
    return std::vector<std::string>{};
  }

  std::string LocalPath(std::string_view bucket, std::string_view key) const override {
    return fmt::format("{}/{}/{}", root_, bucket, key);
  }

 private:
  std::string root_;
};

/// A data folder with log, catalog and lake, and a query service over them.
class World {
 public:
  World() {
    static int count = 0;
    folder_ = fmt::format("{}weir_query_{}_{}", testing::TempDir(), getpid(), ++count);
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ + "/lake/clicks");
    auto opened = log::Log::Open(base::SystemFileSystem(), base::SystemClock(), folder_ + "/log",
                                 {.segment_bytes = 1 << 20, .committers = 0, .min_free_bytes = 0});
    EXPECT_TRUE(opened.has_value()) << opened.error().message;
    log = std::move(*opened);
    auto catalog_opened = catalog::Catalog::Open(base::SystemFileSystem(), base::SystemClock(),
                                                 folder_ + "/catalog.sqlite");
    EXPECT_TRUE(catalog_opened.has_value()) << catalog_opened.error().message;
    catalog = std::move(*catalog_opened);
    store = std::make_unique<PathStore>(folder_ + "/lake");
    service = std::move(
        *QueryService::Create("/proc/self/exe", *catalog, *store, *log, base::SystemClock()));
  }

  ~World() {
    service->Shutdown();
    service.reset();
    log->Shutdown();
    std::filesystem::remove_all(folder_);
  }

  static catalog::Table ClicksTable() {
    return {.database = "shop",
            .name = "clicks",
            .bucket = "clicks",
            .format = "parquet",
            .columns = {{.name = "promotion", .type = {model::TypeKind::kVarchar, 64}},
                        {.name = "clicks", .type = {model::TypeKind::kBigint}},
                        {.name = "revenue", .type = {model::TypeKind::kDecimal, 18, 4}},
                        {.name = "window_start", .type = {model::TypeKind::kTimestamp}}},
            .partition_keys = {"year", "month"},
            .delivery = "clicks-delivery",
            .source_stream = "ClickCount"};
  }

  /// Opens the source stream and registers the table.
  log::Stream& AddClicks() {
    auto stream = log->OpenStream({.name = "ClickCount", .shards = log::EvenShards(1)});
    EXPECT_TRUE(stream.has_value()) << stream.error().message;
    EXPECT_TRUE(catalog->RegisterTable(ClicksTable()).has_value());
    return **stream;
  }

  /// Opens stream `name` and registers the table `database`.`name`, of the shape of the clicks.
  log::Stream& AddTable(const std::string& database, const std::string& name,
                        const std::string& stream_name) {
    auto stream = log->OpenStream({.name = stream_name, .shards = log::EvenShards(1)});
    EXPECT_TRUE(stream.has_value()) << stream.error().message;
    catalog::Table table = ClicksTable();
    table.database = database;
    table.name = name;
    table.delivery = stream_name + "-delivery";
    table.source_stream = stream_name;
    const auto registered = catalog->RegisterTable(table);
    EXPECT_TRUE(registered.has_value()) << registered.error().message;
    return **stream;
  }

  /// A stream record as an application writes it: its keys keep their case.
  static std::string Row(std::string_view promotion, int64_t clicks,
                         std::string_view revenue = "1.5000") {
    return fmt::format(
        R"({{"Promotion":"{}","Clicks":{},"Revenue":{},"window_start":"2026-11-22 07:35:00.000"}})",
        promotion, clicks, revenue);
  }

  void Append(log::Stream& stream, const std::vector<std::string>& rows) {
    std::vector<log::Entry> entries;
    for (const std::string& row : rows) {
      entries.push_back({.partition_key = "app", .data = row});
    }
    bool done = false;
    stream.Append(entries, [&](auto placed) { done = placed.has_value(); });
    log->Drive();
    EXPECT_TRUE(done);
  }

  /// Writes a Parquet object of `select` and commits it as delivery does; `next` is the position
  /// after it.
  void Deliver(std::string_view key, std::string_view select, uint64_t next,
               uint64_t claimed_bytes = 0) {
    const std::string path = store->LocalPath("clicks", key);
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    auto database = duckdb::Database::Open();
    auto connection = database->Connect();
    const auto written =
        connection->Execute(fmt::format("COPY ({}) TO '{}' (FORMAT parquet)", select, path));
    EXPECT_TRUE(written.has_value()) << written.error().message;
    const auto committed = catalog->CommitDelivery(
        {.delivery = "clicks-delivery",
         .objects = {{.bucket = "clicks",
                      .key = std::string(key),
                      .bytes =
                          claimed_bytes != 0 ? claimed_bytes : std::filesystem::file_size(path),
                      .rows = 1,
                      .first = {next - 1},
                      .last = {next - 1},
                      .oldest_arrival = {1'000},
                      .newest_arrival = {2'000},
                      .partition = {{"year", "2026"}, {"month", "11"}}}},
         .positions = {{0, {next}}},
         .table = ClicksTable()});
    EXPECT_TRUE(committed.has_value()) << committed.error().message;
  }

  void AddNamedQuery(const std::string& name, const std::string& text) {
    const catalog::ResourceChange change{
        .resource = {.type = "AWS::Athena::NamedQuery",
                     .name = name,
                     .definition = fmt::format(
                         R"({{"Database":"shop","Name":"{}","QueryString":"{}"}})", name, text)}};
    const auto applied = catalog->Apply({&change, 1});
    EXPECT_TRUE(applied.has_value()) << applied.error().message;
  }

  /// The rows, or "code: message".
  std::string Query(std::string_view sql, const QueryOptions& options = {}) {
    const auto result = service->Run(sql, options);
    if (!result.has_value()) {
      return fmt::format("{}: {}", base::CodeName(result.error().code), result.error().message);
    }
    return result->rows_json;
  }

  std::unique_ptr<log::Log> log;
  std::unique_ptr<catalog::Catalog> catalog;
  std::unique_ptr<PathStore> store;
  std::unique_ptr<QueryService> service;

  const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
};

}  // namespace weir::query
