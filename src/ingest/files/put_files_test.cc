#include "ingest/files/put_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/simulated_file_system.h"
#include "ingest/doors_fixture.h"

namespace weir::ingest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t kNow = 1'600'000'000'000;

class PutFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(files_.CreateDirectories("/in"));
    log_ =
        std::move(*log::Log::Open(files_, clock_, "/log", {.committers = 0, .metrics = &metrics_}));
    stream_ = *log_->OpenStream({.name = "s", .created = {kNow}, .shards = log::EvenShards(1)});
  }

  void Write(const std::string& path, std::string_view data) {
    auto file = *files_.Open(path, base::OpenMode::kCreateOrOpen);
    ASSERT_TRUE(file->WriteAt(0, data));
  }

  PutReport Put(const std::string& path, const PutOptions& options = {}) {
    PutReport report;
    const auto sink = MakeLogSink(*log_, *stream_, true);
    const auto put = PutFile(files_, clock_, path, options, *sink, report);
    EXPECT_TRUE(put) << put.error().message;
    return report;
  }

  std::vector<std::string> Stored() {
    std::vector<std::string> stored;
    model::Sequence from;
    while (from < stream_->DurableEnd(0)) {
      auto read = *stream_->Read(0, from, 100'000, 100 << 20);
      for (const model::Record& record : read.batch.records) {
        stored.emplace_back(record.data);
        arrivals_.push_back(record.arrival.millis);
      }
      from = read.next;
    }
    return stored;
  }

  base::SimulatedFileSystem files_;
  base::ManualClock clock_{kNow};
  base::Metrics metrics_;
  std::unique_ptr<log::Log> log_;
  log::Stream* stream_ = nullptr;
  std::vector<int64_t> arrivals_;
};

TEST_F(PutFilesTest, PutsLinesAndNamesThoseItRejects) {
  Write("/in/a.jsonl",
        "\xEF\xBB\xBF{\"a\":1}\r\n\n  {\"a\":2} \nbad\n{\"Timestamp\":\"2030-01-01\"}\n{\"a\":3}");
  const PutReport report = Put("/in/a.jsonl");
  EXPECT_EQ(report.records, 3);
  EXPECT_EQ(report.bytes, 21);
  EXPECT_EQ(report.rejected, 2);
  ASSERT_EQ(report.rejections.size(), 2);
  EXPECT_EQ(report.rejections[0].line, 4);
  EXPECT_EQ(report.rejections[1].line, 5);
  EXPECT_THAT(report.rejections[1].error, HasSubstr("in the future"));
  EXPECT_THAT(Stored(), ElementsAre("{\"a\":1}", "{\"a\":2}", "{\"a\":3}"));
}

TEST_F(PutFilesTest, TakesArrivalTimesFromAField) {
  Write("/in/a", "{\"T\":\"2019-01-01 00:00:00.5\"}\n{\"T\":1546300801000}\n{\"x\":1}\n");
  const PutReport report = Put("/in/a", {.arrival_field = "T"});
  EXPECT_EQ(report.records, 2);
  EXPECT_EQ(report.rejected, 1);
  Stored();
  EXPECT_THAT(arrivals_, ElementsAre(1546300800500, 1546300801000));
}

TEST_F(PutFilesTest, TurnsCsvRowsIntoObjects) {
  Write("/in/a.csv",
        "Id,\"Say \"\"hi\"\"\",Price\r\n"
        "007,plain,1.50\r\n"
        "12,\"two\nlines, \"\"quoted\"\"\",\r\n"
        "\"12\",\"\",-0\r\n"
        "too,few\r\n"
        "a\"b,c,d\r\n"
        "1e5,back\\slash,.5");
  const PutReport report = Put("/in/a.csv");
  EXPECT_THAT(Stored(),
              ElementsAre(R"({"Id":"007","Say \"hi\"":"plain","Price":1.50})",
                          R"({"Id":12,"Say \"hi\"":"two\u000alines, \"quoted\"","Price":null})",
                          R"({"Id":"12","Say \"hi\"":"","Price":-0})",
                          R"({"Id":"1e5","Say \"hi\"":"back\\slash","Price":".5"})"));
  ASSERT_EQ(report.rejections.size(), 2);
  EXPECT_EQ(report.rejections[0].line, 6);
  EXPECT_THAT(report.rejections[0].error, HasSubstr("2 fields, the header 3"));
  EXPECT_EQ(report.rejections[1].line, 7);
}

TEST_F(PutFilesTest, RejectsWhatIsTooLongAndGoesOn) {
  Write("/in/a", "{\"a\":1}\n{\"a\":\"" + std::string(6 << 20, 'x') + "\"}\n{\"a\":2}\n");
  PutReport report = Put("/in/a");
  EXPECT_EQ(report.records, 2);
  ASSERT_EQ(report.rejections.size(), 1);
  EXPECT_EQ(report.rejections[0].line, 2);
  Write("/in/a.csv", "a,b\n1,2\n\"open,3\n" + std::string(2 << 20, 'y') + "\n4,5\n");
  report = Put("/in/a.csv");
  EXPECT_EQ(report.records, 2);
  EXPECT_EQ(report.rejected, 2);
}

TEST_F(PutFilesTest, RefusesABrokenHeaderAndAMissingFile) {
  Write("/in/a.csv", "a,a\n1,2\n");
  PutReport report;
  const auto sink = MakeLogSink(*log_, *stream_, true);
  const auto put = PutFile(files_, clock_, "/in/a.csv", {}, *sink, report);
  ASSERT_FALSE(put);
  EXPECT_THAT(put.error().message, HasSubstr("/in/a.csv"));
  const auto missing = PutFile(files_, clock_, "/in/none", {}, *sink, report);
  EXPECT_EQ(missing.error().code, base::Code::kNotFound);
}

TEST_F(PutFilesTest, KeepsOrderOverManyBatchesAndReportsProgress) {
  std::string text;
  std::vector<std::string> expected;
  for (int i = 0; i < 200'000; ++i) {
    expected.push_back(
        fmt::format("{{\"number\":{},\"pad\":\"{}\"}}", i, std::string(i % 50, 'p')));
    text += expected.back() + "\n";
  }
  Write("/in/a", text);
  PutReport report;
  uint64_t last_done = 0;
  const auto sink = MakeLogSink(*log_, *stream_, true);
  ASSERT_TRUE(
      PutFile(files_, clock_, "/in/a", {}, *sink, report, [&](uint64_t done, uint64_t total) {
        EXPECT_GE(done, last_done);
        EXPECT_EQ(total, text.size());
        last_done = done;
      }));
  EXPECT_EQ(last_done, text.size());
  EXPECT_EQ(report.records, 200'000);
  EXPECT_EQ(Stored(), expected);
}

TEST_F(PutFilesTest, PutsIntoAServer) {
  DoorsWorld world(clock_);
  log::Stream* const stream =
      *world.log->OpenStream({.name = "s", .created = {kNow}, .shards = log::EvenShards(1)});
  world.Start();
  Write("/in/a", "{\"k\":\"x y\"}\nbad\n{\"k\":\"z\"}\n");
  const PutOptions options{.partition_key_field = "k", .batch_records = 1};
  const std::string url = fmt::format("http://127.0.0.1:{}", world.server->port());
  const auto sink = std::move(*MakeServerSink({.url = url}, "s", options));
  PutReport report;
  const auto put = PutFile(files_, clock_, "/in/a", options, *sink, report);
  ASSERT_TRUE(put) << put.error().message;
  EXPECT_EQ(report.records, 2);
  EXPECT_EQ(report.rejected, 1);
  const auto read = *stream->Read(0, {0}, 10, 1 << 20);
  ASSERT_EQ(read.batch.records.size(), 2);
  EXPECT_EQ(read.batch.records[0].partition_key, "x y");
  const auto unknown = std::move(*MakeServerSink({.url = url}, "t", {}));
  const auto refused = PutFile(files_, clock_, "/in/a", {}, *unknown, report);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::kNotFound);
}

}  // namespace
}  // namespace weir::ingest
