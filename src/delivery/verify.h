#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "lake/object_store.h"

namespace weir::delivery {

/// What a full check of the lake found. Nothing is changed by it.
struct VerifyReport {
  uint64_t objects = 0;
  uint64_t bytes = 0;
  uint64_t rows = 0;
  /// Missing or damaged objects, gaps and overlaps of ranges, one a line.
  std::vector<std::string> problems;
  /// Objects in the lake's buckets that neither a commit nor a plan names.
  std::vector<std::string> orphans;
};

/// Reads every object that the catalog names: it exists, with the size and checksum of its commit;
/// the ranges of each delivery and shard follow each other up to the committed position. Then lists
/// the buckets for what nobody names.
base::Result<VerifyReport> VerifyObjects(catalog::Catalog& catalog, lake::ObjectStore& store);

}  // namespace weir::delivery
