#include "stream/application.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "log/log_fixture.h"
#include "stream/stream_fixture.h"
#include "stream/verify.h"

namespace weir::stream {
namespace {

using ::testing::ElementsAre;

class ApplicationTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(machine_.Open().has_value()); }

  void Create() {
    application_.reset();
    auto made = machine_.CreateApplication(definition_);
    ASSERT_TRUE(made.has_value()) << made.error().message;
    application_ = std::move(*made);
  }

  void RunDry() {
    machine_.log().Drive();
    const auto dry = machine_.RunDry(*application_);
    ASSERT_TRUE(dry.has_value()) << dry.error().message;
  }

  base::SimulatedFileSystem files_;
  Machine machine_{files_, 2};
  ApplicationDefinition definition_ = CountApplication();
  std::unique_ptr<Application> application_;
};

TEST_F(ApplicationTest, IdleShardAndDueWindowMoveByTheClock) {
  Create();
  machine_.Put(kStart + 5, R"({"k":"a","v":1})", 1);
  RunDry();
  EXPECT_EQ(application_->Status().records_in, 0) << "shard 0 may still get an earlier record";
  machine_.clock().AdvanceMillis(30);
  RunDry();
  EXPECT_EQ(application_->Status().records_in, 1);
  EXPECT_EQ(application_->Status().open_windows, 1);
  EXPECT_TRUE(machine_.Rows().empty());
  machine_.clock().AdvanceMillis(1000);
  RunDry();
  RunDry();
  EXPECT_THAT(machine_.Rows(), ElementsAre(R"(1005 {"K":"a","N":1,"TOTAL":1})"));
  EXPECT_EQ(application_->Status().open_windows, 0);
  EXPECT_EQ(application_->Status().millis_behind, 0);
}

TEST_F(ApplicationTest, RecordsOfAChildShardHaveItsSequenceNumbers) {
  definition_.code = R"(
CREATE OR REPLACE STREAM "OUT" (k VARCHAR(40), shard VARCHAR(64), number VARCHAR(128));
CREATE OR REPLACE PUMP "P" AS INSERT INTO "OUT"
SELECT STREAM "K", SHARD_ID, SEQUENCE_NUMBER FROM "SOURCE_SQL_STREAM_001";
)";
  Create();
  machine_.Put(kStart, R"({"k":"a"})", 0);
  RunDry();
  machine_.clock().AdvanceMillis(60'000);
  const log::StreamDefinition split = log::Split(machine_.input().definition(), 0);
  ASSERT_TRUE(machine_.input().Reshard(split).has_value());
  machine_.Put(kStart + 60'000, R"({"k":"b"})", 3);
  machine_.clock().AdvanceMillis(1'000);
  RunDry();
  const auto number = [](uint32_t shard, int64_t created, int64_t arrival) {
    return model::FormatSequenceNumber({.shard_created_seconds = created / 1'000,
                                        .shard = shard,
                                        .sequence = {0},
                                        .arrival_seconds = arrival / 1'000});
  };
  EXPECT_THAT(
      machine_.Rows(),
      ElementsAre(fmt::format(R"(0 {{"K":"a","SHARD":"shardId-000000000000","NUMBER":"{}"}})",
                              number(0, kStart, kStart)),
                  fmt::format(R"(60000 {{"K":"b","SHARD":"shardId-000000000003","NUMBER":"{}"}})",
                              number(3, split.shards[3].created.millis, kStart + 60'000))));
}

TEST_F(ApplicationTest, PositionsOfEveryShardAreSafe) {
  Create();
  machine_.Put(kStart, R"({"k":"a","v":1})", 0);
  machine_.clock().AdvanceMillis(200);
  RunDry();
  ASSERT_TRUE(application_->Checkpoint().has_value());
  ASSERT_TRUE(machine_.input().Reshard(log::Split(machine_.input().definition(), 0)).has_value());
  machine_.Put(kStart + 220, R"({"k":"a","v":1})", 3);
  machine_.clock().AdvanceMillis(200);
  RunDry();
  ASSERT_TRUE(application_->Checkpoint().has_value());
  // The older checkpoint knows nothing of the children: all of them is needed.
  EXPECT_EQ(application_->SafePositions(), (std::vector<model::Sequence>{{1}, {0}}));
  Create();
  EXPECT_EQ(application_->Status().records_in, 2u);
  machine_.clock().AdvanceMillis(2'000);
  RunDry();
  ASSERT_TRUE(application_->Checkpoint().has_value());
  EXPECT_EQ(application_->SafePositions(), (std::vector<model::Sequence>{{1}, {0}, {0}, {1}}));
}

TEST_F(ApplicationTest, OpenWindowsAreLiveAndContinueTheStream) {
  Create();
  machine_.Put(kStart, R"({"k":"a","v":1})", 0);
  machine_.Put(kStart + 10, R"({"k":"b","v":2})", 1);
  machine_.clock().AdvanceMillis(300);
  RunDry();
  machine_.clock().AdvanceMillis(201);
  RunDry();
  auto live = machine_.log().live().Read("out");
  ASSERT_NE(live, nullptr);
  EXPECT_EQ(live->continues_from.value, 0);
  EXPECT_THAT(live->rows,
              ElementsAre(R"({"K":"a","N":1,"TOTAL":1})", R"({"K":"b","N":1,"TOTAL":2})"));
  EXPECT_EQ(live->as_of.millis, kStart + 10);
  machine_.clock().SetWallMillis(kStart + 1005);
  RunDry();
  machine_.clock().AdvanceMillis(1);
  RunDry();
  EXPECT_THAT(machine_.Rows(), ElementsAre(R"(1000 {"K":"a","N":1,"TOTAL":1})"));
  machine_.clock().AdvanceMillis(201);
  RunDry();
  live = machine_.log().live().Read("out");
  ASSERT_NE(live, nullptr);
  EXPECT_EQ(live->continues_from.value + live->rows.size(), 2);
  ASSERT_TRUE(application_->Stop(true).has_value());
  EXPECT_EQ(machine_.log().live().Read("out"), nullptr);
}

// Code whose pump reads an implicit column besides the mapped ones.
constexpr std::string_view kArrivalCode = R"(
CREATE OR REPLACE STREAM "OUT" (k VARCHAR(40), at_time TIMESTAMP, v INTEGER);
CREATE OR REPLACE PUMP "P" AS INSERT INTO "OUT"
)";

TEST_F(ApplicationTest, ErrorRowsOfImplicitColumnsAreCounted) {
  for (const std::string_view select :
       {R"(SELECT STREAM "K", APPROXIMATE_ARRIVAL_TIME, "V" * 1000000
           FROM "SOURCE_SQL_STREAM_001";)",
        R"(SELECT STREAM "K", APPROXIMATE_ARRIVAL_TIME, MAX("V") FROM "SOURCE_SQL_STREAM_001"
           WINDOWED BY STAGGER (PARTITION BY "K", APPROXIMATE_ARRIVAL_TIME
                                RANGE INTERVAL '1' MINUTE);)"}) {
    SCOPED_TRACE(select);
    base::SimulatedFileSystem files;
    Machine machine(files);
    machine.options().max_keys = 1;
    ASSERT_TRUE(machine.Open().has_value());
    definition_.code = std::string(kArrivalCode) + std::string(select);
    auto application = machine.CreateApplication(definition_);
    ASSERT_TRUE(application.has_value()) << application.error().message;
    machine.Put(kStart, R"({"k":"a","v":1})");
    machine.Put(kStart + 1, R"({"k":"b","v":1000000})");
    machine.input().StateBound(model::Rowtime{kStart + 120'000}, true);
    machine.log().Drive();
    ASSERT_TRUE(machine.RunDry(**application).has_value());
    EXPECT_EQ((*application)->Status().row_errors, 1);
    EXPECT_EQ(machine.Rows().size(), 1);
  }
}

TEST_F(ApplicationTest, ClockSetBackHoldsNoRecordsUp) {
  Create();
  machine_.Put(kStart + 5000, R"({"k":"a","v":1})", 1);
  machine_.Put(kStart + 3000, R"({"k":"b","v":2})", 0);
  machine_.clock().SetWallMillis(kStart + 1000);
  RunDry();
  machine_.clock().AdvanceMillis(200);
  RunDry();
  EXPECT_EQ(application_->Status().records_in, 2);
  EXPECT_LE(machine_.input().Bound(0).millis, kStart + 5001);
}

TEST_F(ApplicationTest, ChangedCommentKeepsOpenWindows) {
  Create();
  machine_.Put(kStart, R"({"k":"a","v":1})");
  machine_.input().StateBound(model::Rowtime{kStart + 500}, true);
  RunDry();
  ASSERT_TRUE(application_->Stop(false).has_value());
  definition_.code += "-- changed";
  Create();
  EXPECT_EQ(application_->Status().open_windows, 1);
  machine_.Put(kStart + 600, R"({"k":"a","v":5})");
  machine_.input().StateBound(model::Rowtime{kStart + 9000}, true);
  RunDry();
  ASSERT_THAT(machine_.Rows(), ElementsAre(R"(1000 {"K":"a","N":2,"TOTAL":6})"));
  ASSERT_TRUE(application_->Stop(true).has_value()) << "as a kill: the row is not in a checkpoint";
  definition_.code += " again";
  Create();
  RunDry();
  EXPECT_EQ(machine_.Rows().size(), 1);
}

TEST_F(ApplicationTest, ChangedCodeAfterACrashIsRefused) {
  Create();
  ASSERT_TRUE(application_->Checkpoint().has_value());
  machine_.Put(kStart, R"({"k":"a","v":1})");
  machine_.input().StateBound(model::Rowtime{kStart + 2000}, true);
  RunDry();
  ASSERT_EQ(machine_.Rows().size(), 1);
  application_.reset();
  ApplicationDefinition changed = definition_;
  changed.code.replace(changed.code.find("COUNT(*)"), 8, "COUNT(\"V\")");
  const auto refused = machine_.CreateApplication(changed);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, base::Code::kFailedPrecondition);
  EXPECT_NE(refused.error().message.find("new name"), std::string::npos) << refused.error().message;
  Create();
  RunDry();
  ASSERT_TRUE(application_->Stop(false).has_value());
  definition_ = changed;
  Create();
  RunDry();
  EXPECT_EQ(machine_.Rows().size(), 1);
}

TEST_F(ApplicationTest, ChangedCodeGivesUpWindowsAndGoesOn) {
  Create();
  machine_.Put(kStart, R"({"k":"a","v":1})");
  machine_.input().StateBound(model::Rowtime{kStart + 2000}, true);
  machine_.Put(kStart + 2500, R"({"k":"a","v":1})");
  machine_.input().StateBound(model::Rowtime{kStart + 2600}, true);
  RunDry();
  ASSERT_TRUE(application_->Stop(false).has_value());
  definition_.code.replace(definition_.code.find("COUNT(*)"), 8, "COUNT(\"V\")");
  Create();
  EXPECT_EQ(application_->Status().open_windows, 0);
  machine_.Put(kStart + 3000, R"({"k":"a","v":5})");
  machine_.input().StateBound(model::Rowtime{kStart + 9000}, true);
  RunDry();
  EXPECT_THAT(machine_.Rows(), ElementsAre(R"(1000 {"K":"a","N":1,"TOTAL":1})",
                                           R"(4000 {"K":"a","N":1,"TOTAL":5})"));
  const auto outcome =
      RecomputeOutputs(definition_, machine_.log(), files_, machine_.clock(), machine_.options());
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
  EXPECT_TRUE(outcome->ok()) << outcome->first_difference;
  EXPECT_EQ(outcome->rows_compared, 1);
  EXPECT_NE(outcome->note, "");
}

TEST_F(ApplicationTest, FullDiskHoldsRowsBackAndLosesNone) {
  Create();
  for (int i = 0; i < 50; ++i) {
    machine_.Put(kStart + i, fmt::format(R"({{"k":"k{}","v":{}}})", i, i));
  }
  machine_.input().StateBound(model::Rowtime{kStart + 5000}, true);
  machine_.log().Drive();
  files_.SetFaultHook(
      [](std::string_view operation, std::string_view path) -> std::optional<base::Error> {
        if (operation == "write" && path.find("/out/") != std::string_view::npos) {
          return base::Error{base::Code::kDiskFull, "no space"};
        }
        return std::nullopt;
      });
  for (int i = 0; i < 5; ++i) {
    machine_.clock().AdvanceMillis(2000);
    RunDry();
  }
  EXPECT_TRUE(machine_.Rows().empty());
  EXPECT_FALSE(application_->Checkpoint().has_value());
  EXPECT_TRUE(application_->Stop(false).has_value()) << "a restart computes the rows again";
  files_.SetFaultHook(nullptr);
  machine_.clock().AdvanceMillis(2000);
  RunDry();
  machine_.clock().AdvanceMillis(2000);
  RunDry();
  EXPECT_EQ(machine_.Rows().size(), 50);
  EXPECT_TRUE(application_->Checkpoint().has_value());
}

TEST_F(ApplicationTest, RetentionMayGoToTheOlderOfTwoCheckpoints) {
  Create();
  EXPECT_THAT(application_->SafePositions(), ElementsAre(model::Sequence{0}, model::Sequence{0}));
  for (int i = 0; i < 3; ++i) {
    machine_.Put(kStart + i, R"({"k":"a","v":1})");
    machine_.input().StateBound(model::Rowtime{kStart + i + 1}, true);
    RunDry();
    ASSERT_TRUE(application_->Checkpoint().has_value());
  }
  EXPECT_THAT(application_->SafePositions(), ElementsAre(model::Sequence{2}, model::Sequence{0}));
  Create();
  EXPECT_THAT(application_->SafePositions(), ElementsAre(model::Sequence{2}, model::Sequence{0}));
}

TEST_F(ApplicationTest, VerifyFindsAForeignRowAndWhatIsMissing) {
  Create();
  machine_.Put(kStart, R"({"k":"a","v":1})");
  machine_.Put(kStart + 1, R"({"k":"b","v":1})");
  machine_.input().StateBound(model::Rowtime{kStart + 5000}, true);
  machine_.log().Drive();
  auto outcome =
      RecomputeOutputs(definition_, machine_.log(), files_, machine_.clock(), machine_.options());
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
  EXPECT_EQ(outcome->missing, 2);
  EXPECT_TRUE(outcome->ok());
  const log::Entry wrong{.partition_key = "app/OUT",
                         .explicit_hash_key = std::nullopt,
                         .data = R"({"K":"a","N":7,"TOTAL":1})",
                         .arrival = model::Rowtime{kStart + 1000}};
  machine_.out().AppendOnce({.producer = "app/OUT", .first_ordinal = 0}, {&wrong, 1},
                            [](const auto&) {});
  RunDry();
  outcome =
      RecomputeOutputs(definition_, machine_.log(), files_, machine_.clock(), machine_.options());
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
  EXPECT_EQ(outcome->different, 1);
  EXPECT_EQ(outcome->rows_compared, 1);
  EXPECT_NE(outcome->first_difference.find("row 0"), std::string::npos)
      << outcome->first_difference;
}

TEST_F(ApplicationTest, RefusesWhatCannotRun) {
  definition_.outputs.push_back({.in_application_stream = "NOTHING", .destination = "other"});
  EXPECT_EQ(machine_.CreateApplication(definition_).error().code, base::Code::kNotFound);
  definition_.outputs.back().destination = "out";
  EXPECT_EQ(machine_.CreateApplication(definition_).error().code, base::Code::kInvalidArgument);
  definition_ = CountApplication();
  definition_.outputs[0].in_application_stream = "NOTHING";
  EXPECT_EQ(machine_.CreateApplication(definition_).error().code, base::Code::kInvalidArgument);
}

TEST(ApplicationThread, RunsByItselfAndStopsWithACheckpoint) {
  base::SimulatedFileSystem files;
  Machine machine(files, 2, 2);
  ASSERT_TRUE(machine.Open().has_value());
  auto application = machine.CreateApplication(CountApplication());
  ASSERT_TRUE(application.has_value()) << application.error().message;
  log::Notifier notifier;
  machine.out().Watch(&notifier);
  (*application)->Start();
  for (int i = 0; i < 1000; ++i) {
    machine.Put(kStart + i, fmt::format(R"({{"k":"k{}","v":1}})", i % 10),
                static_cast<uint32_t>(i % 2));
  }
  machine.input().StateBound(model::Rowtime{kStart + 5000}, true);
  while (machine.out().DurableEnd(0).value < 10) {
    const uint64_t seen = notifier.count();
    if (machine.out().DurableEnd(0).value < 10) {
      notifier.Wait(seen, 1000);
    }
  }
  machine.out().Unwatch(&notifier);
  const auto stopped = (*application)->Stop(false);
  ASSERT_TRUE(stopped.has_value()) << stopped.error().message;
  EXPECT_EQ((*application)->Status().failure, "");
  EXPECT_EQ((*application)->Status().records_in, 1000);
  EXPECT_EQ((*application)->Status().rows_out, 10);
  EXPECT_GE((*application)->Status().checkpoints, 1);
  application->reset();
  machine.log().Shutdown();
}

TEST(ApplicationThread, AFailedOneShowsNoOpenWindows) {
  base::SimulatedFileSystem files;
  Machine machine(files, 1, 2);
  ASSERT_TRUE(machine.Open().has_value());
  auto application = machine.CreateApplication(CountApplication());
  ASSERT_TRUE(application.has_value()) << application.error().message;
  log::Notifier notifier;
  machine.input().Watch(&notifier);
  const auto wait_for = [&](const auto& happened) {
    while (!happened()) {
      notifier.Wait(notifier.count(), 10);
    }
  };
  (*application)->Start();
  machine.Put(kStart, R"({"k":"a","v":1})");
  wait_for([&] { return machine.log().live().Read("out") != nullptr; });
  files.SetFaultHook(
      [](std::string_view operation, std::string_view path) -> std::optional<base::Error> {
        if (operation == "write" && path.find("/out/") != std::string_view::npos) {
          return base::Error{base::Code::kIo, "the disk is gone"};
        }
        return std::nullopt;
      });
  machine.input().StateBound(model::Rowtime{kStart + 5000}, true);
  wait_for([&] { return !(*application)->Status().failure.empty(); });
  EXPECT_EQ(machine.log().live().Read("out"), nullptr);
  machine.input().Unwatch(&notifier);
  application->reset();
  machine.log().Shutdown();
}

}  // namespace
}  // namespace weir::stream
