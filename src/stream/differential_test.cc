// Random rows through the engine and through a slow, obvious reference: every row must agree.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/test_seed.h"
#include "stream/stream_fixture.h"

namespace weir::stream {
namespace {

constexpr int64_t kRange = 1'000;

struct Row {
  int64_t rowtime = 0;
  std::optional<std::string> key;
  std::optional<int64_t> value;
};

struct Window {
  int64_t close = 0;
  std::optional<std::string> key;
  int64_t count = 0;
  std::optional<int64_t> sum;
  std::set<int64_t> values;
};

std::string Quoted(const std::optional<std::string>& text) {
  return text ? fmt::format("\"{}\"", *text) : "null";
}

std::string Shown(const Window& window) {
  return fmt::format(R"({} {{"K":{},"N":{},"TOTAL":{},"DIFFERENT":{}}})", window.close - kStart,
                     Quoted(window.key), window.count,
                     window.sum ? fmt::format("{}", *window.sum) : "null", window.values.size());
}

// Every window ever, in the order of opening; a row looks through all of them.
std::vector<std::string> Reference(const std::vector<Row>& rows, bool tumbling) {
  std::vector<Window> windows;
  for (const Row& row : rows) {
    Window* mine = nullptr;
    for (Window& window : windows) {
      if (window.close > row.rowtime && window.key == row.key) {
        mine = &window;
      }
    }
    if (mine == nullptr) {
      const int64_t close =
          tumbling ? row.rowtime / kRange * kRange + kRange : row.rowtime + kRange;
      windows.push_back({.close = close, .key = row.key, .count = 0, .sum = {}, .values = {}});
      mine = &windows.back();
    }
    ++mine->count;
    if (row.value) {
      mine->sum = mine->sum.value_or(0) + *row.value;
      mine->values.insert(*row.value);
    }
  }
  std::ranges::stable_sort(windows, {}, &Window::close);
  std::vector<std::string> shown;
  for (const Window& window : windows) {
    shown.push_back(Shown(window));
  }
  return shown;
}

std::vector<Row> RandomRows(base::Random& random) {
  std::vector<Row> rows;
  const uint64_t keys = 1 + random.Below(60);
  const uint64_t pause = 1 + random.Below(300);
  int64_t now = kStart;
  for (uint64_t i = 0, count = 1 + random.Below(1'500); i < count; ++i) {
    now += random.Chance(0.5) ? 0 : static_cast<int64_t>(random.Below(pause));
    Row row{.rowtime = now, .key = {}, .value = {}};
    if (!random.Chance(0.05)) {
      const std::string name = fmt::format("k{}", random.Below(keys));
      row.key = random.Chance(0.2) ? name + "-with-a-tail-beyond-sixteen" : name;
    }
    if (!random.Chance(0.1)) {
      row.value = static_cast<int64_t>(random.Below(40)) - 20;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string CodeOf(bool tumbling) {
  return fmt::format(
      R"(
CREATE OR REPLACE STREAM "OUT" (k VARCHAR(40), n BIGINT, total BIGINT, different BIGINT);
CREATE OR REPLACE PUMP "P" AS INSERT INTO "OUT"
SELECT STREAM "K", COUNT(*), SUM("V"), COUNT(DISTINCT "V") FROM "SOURCE_SQL_STREAM_001" {};)",
      tumbling ? R"(GROUP BY "K", STEP("SOURCE_SQL_STREAM_001".ROWTIME BY INTERVAL '1' SECOND))"
               : R"(WINDOWED BY STAGGER (PARTITION BY "K" RANGE INTERVAL '1' SECOND))");
}

TEST(Differential, WindowsAgreeWithTheReference) {
  const uint64_t seed = base::TestSeed(base::SystemSeed());
  SCOPED_TRACE(base::SeedTrace(seed));
  base::Random random(seed);
  for (int round = 0; round < 40; ++round) {
    const bool tumbling = round % 2 == 1;
    SCOPED_TRACE(fmt::format("round {}", round));
    const std::vector<Row> rows = RandomRows(random);
    const auto shards = static_cast<uint32_t>(1 + random.Below(3));
    base::SimulatedFileSystem files;
    Machine machine(files, shards);
    ASSERT_TRUE(machine.Open().has_value());
    machine.options().batch_records = 1 + random.Below(200);
    ApplicationDefinition definition = CountApplication();
    definition.code = CodeOf(tumbling);
    auto application = machine.CreateApplication(definition);
    ASSERT_TRUE(application.has_value()) << application.error().message;
    for (const Row& row : rows) {
      const std::string value = row.value ? fmt::format("{}", *row.value) : "null";
      // Rows of one millisecond stay in one shard, so that their order is that of the reference.
      machine.Put(row.rowtime, fmt::format(R"({{"k":{},"v":{}}})", Quoted(row.key), value),
                  static_cast<uint32_t>(row.rowtime * 7 / 3 % shards));
      if (random.Chance(0.02)) {
        machine.log().Drive();
        ASSERT_TRUE(machine.RunDry(**application).has_value());
        if (random.Chance(0.5)) {
          ASSERT_TRUE((*application)->Checkpoint().has_value());
        }
        if (random.Chance(0.5)) {
          application->reset();
          application = machine.CreateApplication(definition);
          ASSERT_TRUE(application.has_value()) << application.error().message;
        }
      }
    }
    machine.log().Drive();
    machine.input().StateBound(model::Rowtime{rows.back().rowtime + 10 * kRange}, true);
    machine.log().Drive();
    const auto dry = machine.RunDry(**application);
    ASSERT_TRUE(dry.has_value()) << dry.error().message;
    ASSERT_EQ(machine.Rows(), Reference(rows, tumbling));
  }
}

}  // namespace
}  // namespace weir::stream
