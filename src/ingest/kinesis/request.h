#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "auth/identity.h"
#include "ingest/aws/call.h"
#include "ingest/aws/writer.h"
#include "ingest/kinesis/parts.h"
#include "registry/registry.h"

namespace weir::ingest::kinesis {

// Members of a request that has passed its shape; nothing for those that are missing or null.
std::optional<std::string_view> TextOf(const json::Value& request, std::string_view member);
// Fractions are cut, what is beyond 64 bits is brought to their end.
std::optional<int64_t> IntegerOf(const json::Value& request, std::string_view member);
std::optional<model::Rowtime> TimeOf(const json::Value& request, std::string_view member);
bool FlagOf(const json::Value& request, std::string_view member);

// The name of the stream by StreamName, StreamARN or ResourceARN. ValidationException for none,
// InvalidArgumentException for two that differ.
std::expected<std::string, aws::ApiError> StreamNameOf(const json::Value& request);

// AccessDeniedException unless the caller may.
std::expected<void, aws::ApiError> Authorize(const Parts& parts, const aws::Call& call,
                                             auth::Action action, std::string_view stream);

// For what tells of no single stream: the caller's role decides, whatever the scope.
std::expected<void, aws::ApiError> AuthorizeListing(const Parts& parts, const aws::Call& call);

// The stream that the request names: authorised first, then found. ResourceNotFoundException.
std::expected<registry::StreamInfo, aws::ApiError> FindStream(const Parts& parts,
                                                              const aws::Call& call,
                                                              auth::Action action);
// The same by a name that was found elsewhere.
std::expected<registry::StreamInfo, aws::ApiError> FindStream(const Parts& parts,
                                                              const aws::Call& call,
                                                              auth::Action action,
                                                              std::string_view name);

// How the API names what the registry or the log refuses about `stream`.
aws::ApiError ErrorOf(const base::Error& error, std::string_view stream);

// Notes a change of `stream` by the call's operation.
void Audit(const Parts& parts, const aws::Call& call, std::string_view stream);

// StreamName and StreamARN, as members of the map at hand.
void WriteNames(const Parts& parts, std::string_view name, aws::Writer& writer);

// Stream X under account N not found.
aws::ApiError StreamNotFound(std::string_view name);

// The shard by the id that a request gives. ResourceNotFoundException.
std::expected<const log::ShardDefinition*, aws::ApiError> FindShard(
    const log::StreamDefinition& stream, std::string_view shard_id);

}  // namespace weir::ingest::kinesis
