#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "registry/registry.h"

namespace weir::registry {

inline constexpr std::string_view kConsumerType = "Weir::StreamConsumer";
// A stream whose files may still have to be removed; the definition is what it had.
inline constexpr std::string_view kDeletedType = "Weir::DeletedStream";

// What a catalog says of streams, at one version of it.
struct StreamTable {
  template <typename T>
  using ByName = std::map<std::string, T, std::less<>>;

  ByName<StreamInfo> streams;
  ByName<std::vector<Consumer>> consumers;     // By stream; each list by name.
  ByName<std::vector<std::string>> users;      // By stream: "application 'a'" and the like.
  ByName<std::string> writers;                 // By stream: the application that writes it.
  std::set<std::string, std::less<>> deleted;  // Streams whose deletion is not finished.

  size_t open_shards() const;

  // Whether stream `before` may become `after`. kFailedPrecondition when an application writes it,
  // kLimitExceeded.
  base::Result<void> CheckReshard(const log::StreamDefinition& before,
                                  const log::StreamDefinition& after) const;

  // Errors of the catalog, and of definitions that cannot be read.
  static base::Result<StreamTable> Read(catalog::Catalog& catalog);
};

// "<stream>/<consumer>", the name of a consumer's resource.
std::string ConsumerName(std::string_view stream, std::string_view consumer);

}  // namespace weir::registry
