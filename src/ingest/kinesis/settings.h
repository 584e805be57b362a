#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "registry/registry.h"

namespace weir::ingest::kinesis {

inline constexpr std::string_view kSettingsType = "Weir::KinesisSettings";

// What the API can set for a stream and reads back, and which nothing else here depends on.
struct StreamSettings {
  std::vector<std::string> metrics;  // Of enhanced monitoring, in the API's order.
  int64_t warm_mibps = 0;
  std::map<std::string, std::map<std::string, std::string>> consumer_tags;
};

// The settings of streams and of the account, in the catalog. Those of a deleted stream do not come
// back with a new one of its name. Thread-safe.
class Settings {
 public:
  explicit Settings(catalog::Catalog& catalog) : catalog_(catalog) {}

  base::Result<StreamSettings> Get(const registry::StreamInfo& stream);
  // An error of `edit` leaves them as they were.
  base::Result<StreamSettings> Change(
      const registry::StreamInfo& stream,
      const std::function<base::Result<void>(StreamSettings&)>& edit);
  base::Result<void> Remove(std::string_view stream);

  // Since when the account's throughput commitment is enabled; 0 while it is not.
  base::Result<int64_t> CommitmentStart();
  base::Result<void> SetCommitmentStart(int64_t millis);

 private:
  base::Result<void> Put(std::string_view name, std::string definition);

  catalog::Catalog& catalog_;
  std::mutex changing_;
};

}  // namespace weir::ingest::kinesis
