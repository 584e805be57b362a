#pragma once

/// A registry over a real catalog and log on a simulated disk, for this room's tests.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/simulated_file_system.h"
#include "registry/registry.h"

namespace weir::registry {

/// Opens everything that the disk holds, as a server does. After a failure `error` says why.
struct World {
  World(base::FileSystem& files, base::Clock& clock, int committers = 0) {
    const base::Result<void> opened = Open(files, clock, committers);
    error = opened.has_value() ? "" : opened.error().message;
  }

  base::Result<void> Open(base::FileSystem& files, base::Clock& clock, int committers) {
    RETURN_IF_ERROR(files.CreateDirectories("/data"));
    ASSIGN_OR_RETURN(catalog, catalog::Catalog::Open(files, clock, "/data/catalog.sqlite"));
    log::LogOptions options;
    options.segment_bytes = 16 << 10;
    options.committers = committers;
    options.min_free_bytes = 0;
    ASSIGN_OR_RETURN(log, log::Log::Open(files, clock, "/data/log", options));
    RETURN_IF_ERROR(FinishDeletions(*catalog, *log));
    ASSIGN_OR_RETURN(const auto resources, catalog->List(kStreamType));
    for (const catalog::Resource& resource : resources) {
      ASSIGN_OR_RETURN(const StreamInfo stream, ReadStream(resource));
      RETURN_IF_ERROR(log->OpenStream(stream.definition));
    }
    registry = Registry::Create(*catalog, *log, clock);
    return {};
  }

  /// Appends one record of the partition key and drives the log; false when it was refused.
  bool Append(std::string_view stream, std::string_view key) {
    bool stored = false;
    const log::Entry entry{.partition_key = key, .data = key};
    log->Find(stream)->Append({&entry, 1},
                              [&stored](const base::Result<std::vector<log::Placement>>& placed) {
                                stored = placed.has_value();
                              });
    log->Drive();
    return stored;
  }

  /// The data of all records, shard by shard.
  std::vector<std::string> Records(std::string_view name) const {
    std::vector<std::string> all;
    log::Stream& stream = *log->Find(name);
    for (const log::ShardDefinition& shard : stream.definition().shards) {
      for (model::Sequence from;;) {
        const auto read = stream.Read(shard.id, from, 1'000, 1 << 20);
        if (!read.has_value() || read->batch.records.empty()) {
          break;
        }
        for (const model::Record& record : read->batch.records) {
          all.emplace_back(record.data);
        }
        from = read->next;
      }
    }
    return all;
  }

  std::string error;
  std::unique_ptr<catalog::Catalog> catalog;
  std::unique_ptr<log::Log> log;
  std::unique_ptr<Registry> registry;
};

/// "" or the message of the error.
template <typename T>
std::string ErrorOf(const base::Result<T>& result) {
  return result.has_value() ? "" : result.error().message;
}

}  // namespace weir::registry
