#include "ingest/writable_streams.h"

#include <mutex>

namespace weir::ingest {

base::Result<void> WritableStreams::Check(std::string_view name) {
  {
    const std::shared_lock lock(mutex_);
    if (writable_.contains(name)) {
      return {};
    }
  }
  ASSIGN_OR_RETURN(const registry::StreamInfo info, registry_.Get(name));
  if (info.derived) {
    return base::Fail(base::Code::kPermission,
                      "stream '{}' holds an application's results; only that writes it", name);
  }
  const std::unique_lock lock(mutex_);
  if (writable_.size() >= kMaxRemembered) {
    writable_.clear();
  }
  writable_.emplace(name);
  return {};
}

}  // namespace weir::ingest
