#pragma once

#include "load_request.h"

namespace weir::benchmarks {

/// What the parts of a server cost at least: measured alone on the reference machine (2 cores of an
/// AMD EPYC with AVX2, ext4). Nothing that does all of a request's work can be faster than their
/// sum.
struct IngestCosts {
  double request = 11e-6;          ///< s: a kept-alive HTTP request and its answer, kernel included
  double receive = 0.24e-9;        ///< s a byte: from the socket
  double hash = 0.55e-9;           ///< s a byte: SHA-256
  double base64 = 0.154e-9;        ///< s a byte of Base64: decoding
  double write = 0.34e-9;          ///< s a byte: into the page cache
  double checksum = 0.04e-9;       ///< s a byte: CRC-32C
  double sync = 0.1e-3;            ///< s: CPU of one fdatasync
  double sync_byte = 0.28e-9;      ///< s a byte: its data
  double disk_bandwidth = 1.15e9;  ///< bytes a second
};

struct IngestLimit {
  double seconds = 0;       ///< of CPU, for a record
  double disk_records = 0;  ///< a second, that the disk takes
};

/// `connections` send requests of `records` records; one sync gathers a request of each.
IngestLimit LimitOf(const RecordBytes& bytes, int records, int connections,
                    const IngestCosts& costs = {});

}  // namespace weir::benchmarks
