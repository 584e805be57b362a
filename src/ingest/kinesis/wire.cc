#include "ingest/kinesis/wire.h"

#include "ingest/aws/account.h"

namespace weir::ingest::kinesis {

ApiError StreamNotFound(std::string_view name) {
  return MakeError("ResourceNotFoundException", "Stream {} under account {} not found.", name,
                   aws::kAccount);
}

}  // namespace weir::ingest::kinesis
