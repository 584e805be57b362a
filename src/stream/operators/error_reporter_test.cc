#include "stream/operators/error_reporter.h"

#include <gtest/gtest.h>

#include "stream/operators/batch_codec.h"

namespace weir::stream {
namespace {

TEST(ErrorReporter, CutsLongMessagesBetweenCharacters) {
  const model::Schema schema = {{.name = "N", .type = {.kind = model::TypeKind::kBigint}}};
  model::ColumnBatch batch = model::EmptyBatch(schema);
  AppendInt(batch.columns[0], 7);
  batch.rowtimes.push_back(5);
  for (size_t lead = 0; lead < 3; ++lead) {
    RowErrors errors;
    errors.Reset(1);
    std::string message(lead, 'x');
    while (message.size() <= kMaxErrorMessage) {
      message += "\u20ac";
    }
    errors.Fail(0, message);
    std::vector<ErrorRow> rows;
    ErrorReporter("P", schema).Report(batch, errors, rows);
    ASSERT_EQ(rows.size(), 1);
    EXPECT_LE(rows[0].message.size(), kMaxErrorMessage);
    EXPECT_GT(rows[0].message.size(), kMaxErrorMessage - 3);
    EXPECT_EQ((rows[0].message.size() - lead) % 3, 0) << "no character is torn";
    EXPECT_EQ(rows[0].data, R"({"N":7})");
  }
}

}  // namespace
}  // namespace weir::stream
