#pragma once

#include "ingest/aws/call.h"
#include "ingest/kinesis/parts.h"

namespace weir::ingest::kinesis {

// Tags of streams, by the operations on streams and those on resources; the latter take consumers
// as well.

aws::Answer AddTagsToStream(const Parts& parts, const aws::Call& call);
aws::Answer RemoveTagsFromStream(const Parts& parts, const aws::Call& call);
aws::Answer ListTagsForStream(const Parts& parts, const aws::Call& call);
aws::Answer TagResource(const Parts& parts, const aws::Call& call);
aws::Answer UntagResource(const Parts& parts, const aws::Call& call);
aws::Answer ListTagsForResource(const Parts& parts, const aws::Call& call);

// The tags of a request's "Tags". InvalidArgumentException for characters that no tag may have.
std::expected<std::map<std::string, std::string>, aws::ApiError> ReadTags(
    const json::Value& request, std::string_view stream);

}  // namespace weir::ingest::kinesis
