#include "ingest/kinesis/list_shards.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "ingest/kinesis/page_token.h"
#include "ingest/kinesis/request.h"
#include "ingest/kinesis/shard_text.h"

namespace weir::ingest::kinesis {
namespace {

using aws::Answer;
using aws::ApiError;

constexpr char kListKind = 's';
constexpr int64_t kMaxShardsPerPage = 1'000;
constexpr int64_t kMillisPerSecond = 1'000;

// A listing and where it is.
struct Listing {
  enum class Filter : uint8_t {
    kAfterShardId,
    kAtTrimHorizon,
    kFromTrimHorizon,
    kAtLatest,
    kAtTimestamp,
    kFromTimestamp,
  };

  std::string stream;
  int64_t created = 0;  // Of the stream, milliseconds; 0 for any.
  Filter filter = Filter::kFromTrimHorizon;
  int64_t at = 0;
  std::string after;  // The last shard id before the page.
};

constexpr std::array<std::string_view, 6> kFilters = {"AFTER_SHARD_ID",    "AT_TRIM_HORIZON",
                                                      "FROM_TRIM_HORIZON", "AT_LATEST",
                                                      "AT_TIMESTAMP",      "FROM_TIMESTAMP"};

std::string Encode(const Listing& listing) {
  std::string bytes;
  base::ByteWriter writer(bytes);
  writer.String(listing.stream);
  writer.I64(listing.created);
  writer.U8(static_cast<uint8_t>(listing.filter));
  writer.I64(listing.at);
  writer.String(listing.after);
  return bytes;
}

Listing Decode(std::string_view bytes) {
  base::ByteReader reader(bytes);
  Listing listing;
  listing.stream = reader.String();
  listing.created = reader.I64();
  listing.filter = static_cast<Listing::Filter>(reader.U8());
  listing.at = reader.I64();
  listing.after = reader.String();
  return listing;
}

std::unexpected<ApiError> Invalid(std::string message) {
  return std::unexpected(ApiError{"InvalidArgumentException", std::move(message)});
}

std::expected<void, ApiError> ReadFilter(const json::Value& filter, Listing& listing) {
  const std::string_view type = TextOf(filter, "Type").value_or("");
  const auto* const found = std::ranges::find(kFilters, type);
  listing.filter = static_cast<Listing::Filter>(found - kFilters.begin());
  if (listing.filter == Listing::Filter::kAfterShardId) {
    const auto shard = TextOf(filter, "ShardId");
    if (!shard) {
      return Invalid("ShardFilter of type AFTER_SHARD_ID must specify ShardId.");
    }
    listing.after = std::max(listing.after, std::string(*shard));
  }
  if (listing.filter == Listing::Filter::kAtTimestamp ||
      listing.filter == Listing::Filter::kFromTimestamp) {
    const auto at = TimeOf(filter, "Timestamp");
    if (!at) {
      return Invalid(fmt::format("ShardFilter of type {} must specify Timestamp.", type));
    }
    listing.at = at->millis;
  }
  return {};
}

std::expected<Listing, ApiError> ReadListing(const Parts& parts, const json::Value& request) {
  if (const auto token = TextOf(request, "NextToken")) {
    for (const std::string_view member :
         {"StreamName", "StreamARN", "ExclusiveStartShardId", "StreamCreationTimestamp"}) {
      if (request.Find(member) != nullptr && !request.Find(member)->IsNull()) {
        return Invalid(fmt::format("NextToken and {} cannot be provided together.", member));
      }
    }
    const auto place = ReadNextToken(kListKind, parts.Now(), *token);
    if (!place) {
      return std::unexpected(place.error());
    }
    return Decode(*place);
  }
  auto name = StreamNameOf(request);
  if (!name) {
    return std::unexpected(std::move(name.error()));
  }
  Listing listing{.stream = *std::move(name),
                  .after = std::string(TextOf(request, "ExclusiveStartShardId").value_or(""))};
  if (const auto created = TimeOf(request, "StreamCreationTimestamp")) {
    listing.created = created->millis;
  }
  const json::Value* const filter = request.Find("ShardFilter");
  if (filter != nullptr && !filter->IsNull()) {
    if (auto read = ReadFilter(*filter, listing); !read) {
      return std::unexpected(std::move(read.error()));
    }
  }
  return listing;
}

// Clients send the creation time in seconds, some of them without the fraction.
bool IsOf(const Listing& listing, const log::StreamDefinition& stream) {
  return listing.created == 0 ||
         listing.created / kMillisPerSecond == stream.created.millis / kMillisPerSecond;
}

class Selector {
 public:
  Selector(const Listing& listing, const log::StreamDefinition& stream, model::Rowtime now)
      : listing_(listing), stream_(stream) {
    const int64_t horizon = stream.retention_millis == 0 ? 0 : now.millis - stream.retention_millis;
    horizon_ = std::max(horizon, stream.created.millis);
  }

  bool Takes(const log::ShardDefinition& shard) const {
    switch (listing_.filter) {
      case Listing::Filter::kAfterShardId:
        return true;
      case Listing::Filter::kAtTrimHorizon:
        return OpenAt(shard, horizon_);
      case Listing::Filter::kFromTrimHorizon:
        return OpenAfter(shard, horizon_);
      case Listing::Filter::kAtLatest:
        return !shard.closed;
      case Listing::Filter::kAtTimestamp:
        return OpenAt(shard, std::max(listing_.at, horizon_));
      case Listing::Filter::kFromTimestamp:
        return OpenAfter(shard, std::max(listing_.at, horizon_));
    }
    return true;
  }

 private:
  bool OpenAfter(const log::ShardDefinition& shard, int64_t millis) const {
    const auto closed = ClosedAt(stream_, shard);
    return !closed || closed->millis >= millis;
  }

  bool OpenAt(const log::ShardDefinition& shard, int64_t millis) const {
    const auto closed = ClosedAt(stream_, shard);
    return log::ShardCreated(stream_, shard).millis <= millis &&
           (!closed || closed->millis > millis);
  }

  const Listing& listing_;
  const log::StreamDefinition& stream_;
  int64_t horizon_ = 0;  // Records from then on are kept.
};

}  // namespace

Answer ListShards(const Parts& parts, const aws::Call& call) {
  auto listing = ReadListing(parts, call.request);
  if (!listing) {
    return std::unexpected(std::move(listing.error()));
  }
  const auto stream = FindStream(parts, call, auth::Action::kDescribeStream, listing->stream);
  if (!stream) {
    return std::unexpected(stream.error());
  }
  const log::StreamDefinition& definition = stream->definition;
  if (!IsOf(*listing, definition)) {
    return std::unexpected(StreamNotFound(definition.name));
  }
  listing->created = definition.created.millis;
  const auto limit = static_cast<size_t>(std::min(
      IntegerOf(call.request, "MaxResults").value_or(kMaxShardsPerPage), kMaxShardsPerPage));
  const Selector selector(*listing, definition, parts.Now());
  const auto writer = aws::Writer::Create(call.encoding);
  writer->BeginMap();
  writer->Key("Shards");
  writer->BeginList();
  size_t listed = 0;
  bool more = false;
  std::string last;
  for (const log::ShardDefinition& shard : definition.shards) {
    std::string id = model::FormatShardId(shard.id);
    if (id <= listing->after || !selector.Takes(shard)) {
      continue;
    }
    more = listed == limit;
    if (more) {
      break;
    }
    WriteShard(definition, shard, *writer);
    last = std::move(id);
    ++listed;
  }
  writer->EndList();
  if (more) {
    listing->after = std::move(last);
    writer->Key("NextToken");
    writer->Text(SealToken(kListKind, parts.Now(), Encode(*listing)));
  }
  writer->EndMap();
  return writer->Take();
}

}  // namespace weir::ingest::kinesis
