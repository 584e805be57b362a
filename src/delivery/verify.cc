#include "delivery/verify.h"

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "lake/verify.h"

namespace weir::delivery {
namespace {

using Name = std::pair<std::string, std::string>;  // bucket, key

// What is known of one delivery: ranges per shard (data and failed objects of one range are one
// range).
struct Ranges {
  std::map<uint32_t, std::set<std::pair<uint64_t, uint64_t>>> of_shard;
};

void CheckRanges(const std::string& delivery, uint32_t shard,
                 const std::set<std::pair<uint64_t, uint64_t>>& ranges,
                 std::optional<model::Sequence> position, std::vector<std::string>& problems) {
  std::optional<uint64_t> next;
  for (const auto& [first, last] : ranges) {
    if (next.has_value() && first != *next) {
      problems.push_back(fmt::format(
          "delivery '{}' shard {}: {} between record {} and the object that starts with {}",
          delivery, shard, first > *next ? "gap" : "overlap", *next, first));
    }
    next = last + 1;
  }
  const uint64_t expected = next.value_or(0);
  if (!position.has_value() || position->value != expected) {
    problems.push_back(fmt::format(
        "delivery '{}' shard {}: the objects end before record {}, the position is {}", delivery,
        shard, expected, position.has_value() ? fmt::format("{}", position->value) : "missing"));
  }
}

base::Result<void> CheckDelivery(catalog::Catalog& catalog, const std::string& delivery,
                                 const Ranges& ranges, std::vector<std::string>& problems) {
  ASSIGN_OR_RETURN(const auto positions, catalog.DeliveryPositions(delivery));
  for (const auto& [shard, of_shard] : ranges.of_shard) {
    const auto found = positions.find(shard);
    CheckRanges(delivery, shard, of_shard,
                found == positions.end() ? std::nullopt : std::optional(found->second), problems);
  }
  for (const auto& [shard, next] : positions) {
    if (!ranges.of_shard.contains(shard)) {
      problems.push_back(
          fmt::format("delivery '{}' shard {}: the position is {}, but there is no object",
                      delivery, shard, next.value));
    }
  }
  return {};
}

}  // namespace

base::Result<VerifyReport> VerifyObjects(catalog::Catalog& catalog, lake::ObjectStore& store) {
  VerifyReport report;
  std::set<Name> named;
  std::set<std::string> buckets;
  std::map<std::string, Ranges> deliveries;
  ASSIGN_OR_RETURN(const std::vector<catalog::Table> tables, catalog.Tables());
  for (const catalog::Table& table : tables) {
    buckets.insert(table.bucket);
    deliveries[table.delivery];
  }
  ASSIGN_OR_RETURN(const std::vector<catalog::Object> objects, catalog.Objects());
  for (const catalog::Object& object : objects) {
    ASSIGN_OR_RETURN(const std::string problem,
                     lake::CheckObject(store, {.bucket = object.bucket,
                                               .key = object.key,
                                               .bytes = object.bytes,
                                               .crc32c = object.crc32c}));
    if (!problem.empty()) {
      report.problems.push_back(problem);
    }
    named.emplace(object.bucket, object.key);
    buckets.insert(object.bucket);
    deliveries[object.delivery].of_shard[object.shard].emplace(object.first.value,
                                                               object.last.value);
    ++report.objects;
    report.bytes += object.bytes;
    report.rows += object.rows;
  }
  for (const auto& [delivery, ranges] : deliveries) {
    RETURN_IF_ERROR(CheckDelivery(catalog, delivery, ranges, report.problems));
    ASSIGN_OR_RETURN(const auto plans, catalog.PlannedObjects(delivery));
    for (const catalog::PlannedObject& plan : plans) {
      named.emplace(plan.bucket, plan.key);
      named.emplace(plan.bucket, plan.error_key);
    }
  }
  for (const std::string& bucket : buckets) {
    ASSIGN_OR_RETURN(const std::vector<std::string> keys, store.List(bucket, ""));
    for (const std::string& key : keys) {
      if (!named.contains({bucket, key})) {
        report.orphans.push_back(store.LocalPath(bucket, key));
      }
    }
  }
  return report;
}

}  // namespace weir::delivery
