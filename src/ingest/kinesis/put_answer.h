#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "ingest/aws/error.h"
#include "ingest/aws/writer.h"
#include "ingest/intake.h"
#include "log/log.h"

namespace weir::ingest::kinesis {

// How the API names why a record was not stored: per record in PutRecords, for the whole request
// in PutRecord.
aws::ApiError PutError(const base::Error& error, std::string_view stream);

// The body of PutRecord's answer.
std::string WriteStored(aws::Encoding encoding, const log::Placement& placement,
                        const log::StreamDefinition& stream);

// What became of the records of a request.
struct BatchOutcome {
  const IntakeOutcome& intake;
  // For each record of the request, its first entry, and at the end the number of entries; empty
  // when each record is one entry.
  std::span<const uint32_t> firsts;
  size_t records = 0;
};

// The body of PutRecords' answer, in the order of the request, and how many records failed. A
// record of several entries has failed when one of them has (without de-duplication: all have), and
// else has the place of the first.
struct BatchAnswer {
  std::string body;
  size_t failed = 0;
};

BatchAnswer WriteBatch(aws::Encoding encoding, const BatchOutcome& outcome,
                       const log::StreamDefinition& stream);

}  // namespace weir::ingest::kinesis
