#include "ingest/intake.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/format.h"
#include "base/simulated_file_system.h"

namespace weir::ingest {
namespace {

class IntakeTest : public testing::Test {
 protected:
  void SetUp() override {
    log_ =
        std::move(*log::Log::Open(files_, clock_, "/log", {.committers = 0, .metrics = &metrics_}));
    stream_ = *log_->OpenStream(
        {.name = "s", .created = {clock_.WallMillis()}, .shards = log::EvenShards(2)});
  }

  // "shard/sequence" of each entry that was stored, else the code of its error.
  std::vector<std::string> Append(Intake& intake, const std::vector<log::Entry>& entries) {
    std::vector<std::string> texts;
    intake.Append(*stream_, entries, [&](const IntakeOutcome& outcome) {
      EXPECT_EQ(outcome.placements.size(), entries.size());
      for (const log::Placement& placement : outcome.placements) {
        texts.push_back(fmt::format("{}/{}", placement.shard, placement.sequence.value));
      }
      for (const auto& [entry, error] : outcome.refused) {
        texts[entry] = base::CodeName(error.code);
      }
    });
    log_->Drive();
    return texts;
  }

  static log::Entry To(int shard, std::string_view key = "k") {
    return {.partition_key = key,
            .explicit_hash_key = shard == 0 ? model::HashKey{0} : model::kMaxHashKey,
            .data = "{}"};
  }

  base::SimulatedFileSystem files_;
  base::ManualClock clock_;
  base::Metrics metrics_;
  std::unique_ptr<log::Log> log_;
  log::Stream* stream_ = nullptr;
};

using Texts = std::vector<std::string>;

TEST_F(IntakeTest, EachEntryHasItsOwnOutcome) {
  const auto intake = Intake::Create({}, *log_, clock_, metrics_);
  const std::string long_key(257, 'k');
  EXPECT_EQ(Append(*intake, {To(0), To(1, long_key), To(1), To(0)}),
            (Texts{"0/0", "invalid_argument", "1/0", "0/1"}));
  EXPECT_EQ(Append(*intake, {To(1, long_key)}), (Texts{"invalid_argument"}));
}

TEST_F(IntakeTest, OutcomesKeepTheirPlacesWhenTheLimitRefusesSome) {
  const auto intake = Intake::Create({.shard_records_per_second = 3}, *log_, clock_, metrics_);
  const std::string long_key(257, 'k');
  EXPECT_EQ(
      Append(*intake, {To(0), To(0), To(1, long_key), To(0), To(0), To(1), To(0), To(1), To(1)}),
      (Texts{"0/0", "0/1", "invalid_argument", "0/2", "limit_exceeded", "1/0", "limit_exceeded",
             "1/1", "limit_exceeded"}));
  EXPECT_EQ(Append(*intake, {To(0), To(1)}), (Texts{"limit_exceeded", "limit_exceeded"}));
  clock_.AdvanceMillis(1'000);
  EXPECT_EQ(Append(*intake, {To(0), To(1)}), (Texts{"0/3", "1/2"}));
}

TEST_F(IntakeTest, LimitsFollowTheShards) {
  const auto intake = Intake::Create({.shard_records_per_second = 1}, *log_, clock_, metrics_);
  EXPECT_EQ(Append(*intake, {To(1)}), (Texts{"1/0"}));
  log::StreamDefinition split = stream_->definition();
  split.shards[1].closed = true;
  const model::HashKey middle{split.shards[1].first_hash.value / 2 * 3};
  constexpr uint32_t kParent[] = {1};
  const model::Rowtime created =
      log::ChildCreated(stream_->definition(), kParent, {clock_.WallMillis()});
  split.shards.push_back({.id = 2,
                          .first_hash = split.shards[1].first_hash,
                          .last_hash = {middle.value - 1},
                          .created = created,
                          .parents = {1}});
  split.shards.push_back({.id = 3, .first_hash = middle, .created = created, .parents = {1}});
  const auto resharded = stream_->Reshard(split);
  ASSERT_TRUE(resharded) << resharded.error().message;
  EXPECT_EQ(Append(*intake, {To(1), To(1)}), (Texts{"3/0", "limit_exceeded"}));
}

}  // namespace
}  // namespace weir::ingest
