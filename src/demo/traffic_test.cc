#include "demo/traffic.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/time_format.h"

namespace weir::demo {
namespace {

TrafficOptions Disturbed() {
  TrafficOptions options;
  options.seed = 42;
  options.start_millis = 1'767'225'600'000 - 60'000;  // a minute before midnight
  options.clicks_per_second = 50;
  options.duplicate_share = 0.05;
  options.out_of_order_share = 0.1;
  options.late_share = 0.02;
  return options;
}

/// The text of member `name` of one of our own records.
std::string Member(const std::string& data, const std::string& name, size_t from = 0) {
  const size_t start = data.find("\"" + name + "\":\"", from);
  if (start == std::string::npos) {
    return "";
  }
  const size_t begin = start + name.size() + 4;
  return data.substr(begin, data.find('"', begin) - begin);
}

TEST(TrafficTest, SameSeedGivesSameBytesAndAnotherSeedOthers) {
  Traffic first(Disturbed());
  Traffic second(Disturbed());
  TrafficOptions options = Disturbed();
  options.seed = 43;
  Traffic other(options);
  bool differs = false;
  for (int i = 0; i < 5'000; ++i) {
    const GeneratedRecord a = first.Next();
    const GeneratedRecord b = second.Next();
    ASSERT_EQ(a.data, b.data);
    ASSERT_EQ(a.at_millis, b.at_millis);
    differs = differs || a.data != other.Next().data;
  }
  EXPECT_TRUE(differs);
  EXPECT_EQ(first.truth().ToJson(), second.truth().ToJson());
}

TEST(TrafficTest, TimeOfSendingNeverGoesBack) {
  Traffic traffic(Disturbed());
  int64_t last = 0;
  for (int i = 0; i < 20'000; ++i) {
    const GeneratedRecord record = traffic.Next();
    ASSERT_GE(record.at_millis, last);
    last = record.at_millis;
  }
}

TEST(TrafficTest, TruthEqualsACountOverTheRecords) {
  Traffic traffic(Disturbed());
  std::map<std::pair<std::string, std::string>, uint64_t> clicks;
  std::map<std::pair<std::string, std::string>, std::set<std::string>> orders;
  std::map<std::pair<std::string, std::string>, uint64_t> lines;
  uint64_t other = 0;
  for (int i = 0; i < 50'000; ++i) {
    const GeneratedRecord record = traffic.Next();
    const std::string date = Member(record.data, "Timestamp").substr(0, 10);
    if (record.kind == RecordKind::kClick) {
      if (Member(record.data, "EventType") == "Promotion") {
        ++clicks[{date, Member(record.data, "Event")}];
      } else {
        ++other;
      }
      continue;
    }
    for (size_t at = record.data.find("\"Promotion\""); at != std::string::npos;
         at = record.data.find("\"Promotion\"", at + 1)) {
      const std::string promotion = Member(record.data, "Promotion", at);
      ++lines[{date, promotion}];
      orders[{date, promotion}].insert(Member(record.data, "OrderId"));
    }
  }
  const Truth truth = traffic.truth();
  EXPECT_EQ(truth.records, 50'000u);
  EXPECT_EQ(truth.other_clicks, other);
  EXPECT_GT(truth.duplicates, 1'000u);
  EXPECT_GT(truth.late, 100u);
  EXPECT_GT(truth.rows.size(), 20u);  // both sides of midnight
  for (const auto& [key, row] : truth.rows) {
    EXPECT_EQ(row.clicks_sent, clicks[key]) << key.first << key.second;
    EXPECT_EQ(row.orders, orders[key].size()) << key.first << key.second;
    EXPECT_EQ(row.lines_sent, lines[key]) << key.first << key.second;
    EXPECT_LE(row.clicks, row.clicks_sent);
    EXPECT_LE(row.lines, row.lines_sent);
  }
}

TEST(TrafficTest, ConversionComesNearWhatWasAskedFor) {
  TrafficOptions options;
  options.promotions = {{"A", 1, 0.25}, {"B", 1, 0}};
  options.clicks_per_second = 100;
  Traffic traffic(options);
  for (int i = 0; i < 100'000; ++i) {
    traffic.Next();
  }
  const Truth truth = traffic.truth();
  const TruthRow& a = truth.rows.at({"1970-01-01", "A"});
  EXPECT_NEAR(static_cast<double>(a.orders) / static_cast<double>(a.clicks), 0.25, 0.03);
  EXPECT_EQ(truth.rows.at({"1970-01-01", "B"}).orders, 0u);
}

TEST(TrafficTest, WrongOptionsAreNamed) {
  const auto message = [](auto change) {
    TrafficOptions options;
    change(options);
    const auto checked = CheckOptions(options);
    return checked.has_value() ? std::string() : checked.error().message;
  };
  EXPECT_EQ(message([](TrafficOptions&) {}), "");
  EXPECT_NE(message([](TrafficOptions& o) { o.late_share = 1.5; }).find("late share"),
            std::string::npos);
  EXPECT_NE(message([](TrafficOptions& o) { o.clicks_per_second = 0; }).find("rate"),
            std::string::npos);
  EXPECT_NE(message([](TrafficOptions& o) { o.promotions.clear(); }).find("promotion"),
            std::string::npos);
  EXPECT_NE(message([](TrafficOptions& o) { o.promotions = {{"", 1, 0.5}}; }).find("id"),
            std::string::npos);
  EXPECT_NE(message([](TrafficOptions& o) { o.devices = {0.9, 0.2}; }).find("mobile"),
            std::string::npos);
}

}  // namespace
}  // namespace weir::demo
