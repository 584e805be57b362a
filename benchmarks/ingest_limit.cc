#include "ingest_limit.h"

namespace weir::benchmarks {

IngestLimit LimitOf(const RecordBytes& bytes, int records, int connections,
                    const IngestCosts& costs) {
  return {.seconds = costs.request / records + bytes.wire * costs.receive +
                     bytes.hashed * costs.hash + bytes.encoded * costs.base64 +
                     bytes.logged * (costs.checksum + costs.write + costs.sync_byte) +
                     costs.sync / (static_cast<double>(records) * connections),
          .disk_records = costs.disk_bandwidth / bytes.logged};
}

}  // namespace weir::benchmarks
