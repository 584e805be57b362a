#include "delivery/definition.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace weir::delivery {
namespace {

constexpr size_t kMaxName = 64;
constexpr uint64_t kMaxBufferBytes = 128ull << 20;
constexpr int64_t kMaxBufferMillis = 900'000;
constexpr size_t kMaxColumns = 1000;
constexpr size_t kMaxColumnName = 255;

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower;
}

bool IsName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '-';
  });
}

base::Result<void> CheckBuffer(const DeliveryDefinition& definition) {
  if (definition.buffer_bytes == 0 || definition.buffer_bytes > kMaxBufferBytes) {
    return base::Fail(base::Code::kInvalidArgument, "buffer size {} bytes is not within 1 and {}",
                      definition.buffer_bytes, kMaxBufferBytes);
  }
  if (definition.buffer_millis < 0 || definition.buffer_millis > kMaxBufferMillis) {
    return base::Fail(base::Code::kInvalidArgument, "buffer interval {} ms is not within 0 and {}",
                      definition.buffer_millis, kMaxBufferMillis);
  }
  return {};
}

base::Result<void> CheckFormat(const DeliveryDefinition& definition) {
  if (definition.format == Format::kParquet && definition.compression == Compression::kGzip) {
    return base::Fail(base::Code::kInvalidArgument,
                      "Parquet objects are compressed inside (zstd); leave the compression out");
  }
  if (definition.format == Format::kJsonLines && definition.compression == Compression::kZstd) {
    return base::Fail(base::Code::kInvalidArgument,
                      "JSON objects are written plain or with gzip; zstd is for Parquet");
  }
  if (definition.columns.size() > kMaxColumns ||
      (definition.columns.empty() && definition.format == Format::kParquet)) {
    return base::Fail(base::Code::kInvalidArgument, "Parquet needs 1 to {} columns, there are {}",
                      kMaxColumns, definition.columns.size());
  }
  return {};
}

}  // namespace

base::Result<CheckedDefinition> CheckedDefinition::Check(DeliveryDefinition definition) {
  if (!IsName(definition.name)) {
    return base::Fail(base::Code::kInvalidArgument,
                      "delivery name '{}' is not 1 to {} of [a-zA-Z0-9_.-]",
                      definition.name.substr(0, kMaxName), kMaxName);
  }
  const std::string place = fmt::format("delivery '{}'", definition.name);
  const auto within = [&place](const base::Error& error) {
    return std::unexpected(base::Within(place, error));
  };
  for (const auto& checked : {CheckBuffer(definition), CheckFormat(definition),
                              lake::CheckKey(definition.bucket, "any")}) {
    if (!checked.has_value()) {
      return within(checked.error());
    }
  }
  using Use = lake::PrefixExpression::Use;
  auto prefix = lake::PrefixExpression::Parse(definition.prefix, Use::kObjects);
  auto error_prefix = lake::PrefixExpression::Parse(definition.error_prefix, Use::kErrors);
  if (!prefix.has_value() || !error_prefix.has_value()) {
    return within(prefix.has_value() ? error_prefix.error() : prefix.error());
  }
  CheckedDefinition checked(std::move(definition), *std::move(prefix), *std::move(error_prefix));
  if (const auto built = checked.BuildTable(); !built.has_value()) {
    return within(built.error());
  }
  if (const ObjectPlace sample = checked.PlaceOf({}); sample.key == sample.error_key) {
    return within(base::Error{base::Code::kInvalidArgument,
                              "prefix and error prefix are the same; give them different folders"});
  }
  return checked;
}

base::Result<void> CheckedDefinition::BuildTable() {
  table_.database = definition_.database.empty() ? "default" : Lower(definition_.database);
  table_.name = Lower(definition_.table.empty() ? definition_.bucket : definition_.table);
  if (definition_.table.empty()) {
    std::ranges::replace(table_.name, '-', '_');
  }
  table_.bucket = definition_.bucket;
  table_.format = definition_.format == Format::kParquet ? "parquet" : "json";
  table_.delivery = definition_.name;
  table_.source_stream = definition_.source_stream;
  table_.partition_keys = prefix_.partition_keys();
  for (const model::Field& field : definition_.columns) {
    const std::string name = Lower(field.name);
    if (name.empty() || name.size() > kMaxColumnName) {
      return base::Fail(base::Code::kInvalidArgument,
                        "column name '{}' has no or more than {} bytes", name.substr(0, 60),
                        kMaxColumnName);
    }
    if (definition_.format == Format::kParquet && name.find_first_of(".[]") != std::string::npos) {
      return base::Fail(base::Code::kInvalidArgument,
                        "column name '{}' has a dot or bracket, which would be a path in JSON; "
                        "rename it",
                        name);
    }
    if (model::FindField(table_.columns, name) >= 0) {
      return base::Fail(base::Code::kInvalidArgument,
                        "two columns are named '{}' (case does not matter)", name);
    }
    if (std::ranges::find(table_.partition_keys, name) != table_.partition_keys.end()) {
      return base::Fail(base::Code::kInvalidArgument,
                        "'{}' is a column and a folder of the prefix; rename one of them", name);
    }
    table_.columns.push_back(model::Field{name, field.type, field.nullable});
  }
  return {};
}

std::string_view CheckedDefinition::Extension() const {
  if (definition_.format == Format::kParquet) {
    return "parquet";
  }
  return definition_.compression == Compression::kGzip ? "json.gz" : "json";
}

ObjectPlace CheckedDefinition::PlaceOf(const ObjectRange& range) const {
  const std::string name = fmt::format("{}-{}-{}-{}", definition_.name, range.shard,
                                       range.first.value, range.last.value);
  const lake::PrefixInput input{
      .arrival = range.oldest_arrival, .identity = name, .error_type = kErrorType};
  lake::Prefix prefix = prefix_.Evaluate(input);
  return ObjectPlace{
      .key = fmt::format("{}{}.{}", prefix.text, name, Extension()),
      .error_key = fmt::format("{}{}.json", error_prefix_.Evaluate(input).text, name),
      .partition = std::move(prefix.partition)};
}

}  // namespace weir::delivery
