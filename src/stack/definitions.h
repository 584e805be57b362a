#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "delivery/delivery.h"
#include "log/log.h"
#include "stream/application.h"

namespace weir::stack {

/// Records of an application's results wait in the log for at least this long, and until they are
/// delivered.
inline constexpr int64_t kDerivedRetentionMillis = 7LL * 24 * 3'600'000;

/// What the resources of a catalog amount to, for the rooms that run them.
struct Definitions {
  std::vector<log::StreamDefinition> streams;  ///< Raw streams.
  /// Streams that applications write for delivery streams: "<application>.<in-application stream>",
  /// and those of delivery streams that clients put into: "firehose.<delivery stream>"; one shard.
  std::vector<log::StreamDefinition> derived_streams;
  /// Each after those whose results it reads.
  std::vector<stream::ApplicationDefinition> applications;
  std::vector<delivery::DeliveryDefinition> deliveries;
};

/// Something that does not fit, in a property of a resource.
struct DefinitionIssue {
  std::string type;
  std::string name;
  std::string path;  ///< Below Properties: "Inputs[0].KinesisStreamsInput.ResourceARN".
  std::string message;
  bool may_be_stored = false;  ///< Earlier releases took it.
};

/// Reads resources (definitions as PlannedResource::properties) into definitions. Everything that
/// does not fit together is added to `issues`; the definitions are then incomplete.
Definitions ReadDefinitions(std::span<const catalog::Resource> resources,
                            std::vector<DefinitionIssue>& issues);

/// The same of what a catalog holds; the issues as one kInvalidArgument. Those that earlier
/// releases took are told in the log instead: a server with them starts as it did.
base::Result<Definitions> ReadDefinitions(std::span<const catalog::Resource> resources);

/// All issues of what a catalog is about to hold, as one kInvalidArgument.
base::Result<void> CheckDefinitions(std::span<const catalog::Resource> resources);

/// The longest time for which an application's windows can hold a record: the sum over its pumps.
base::Result<int64_t> WindowMillis(const stream::ApplicationDefinition& definition);

}  // namespace weir::stack
