#include "ingest/kinesis/tags.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "ingest/aws/account.h"
#include "ingest/kinesis/arn.h"
#include "ingest/kinesis/consumers.h"
#include "ingest/kinesis/request.h"

namespace weir::ingest::kinesis {
namespace {

using aws::Answer;
using aws::ApiError;
using aws::MakeError;
using Tags = std::map<std::string, std::string>;

constexpr int64_t kMaxPage = 50;

// Letters of any script, digits, white space and _ . / = + - % @ : as the API documents.
bool IsTagText(std::string_view text) {
  constexpr std::string_view kSigns = " _./=+-%@:";
  return std::ranges::all_of(text, [&](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || kSigns.find(c) != kSigns.npos;
  });
}

std::vector<std::string> KeysOf(const json::Value& request) {
  std::vector<std::string> keys;
  if (const json::Value* const given = request.Find("TagKeys")) {
    for (const json::Value& key : given->Items()) {
      keys.emplace_back(key.AsString().value_or(""));
    }
  }
  return keys;
}

ApiError TooManyTags(std::string_view stream) {
  return MakeError("InvalidArgumentException",
                   "Failed to add tags to stream {} under account {} because a given stream cannot "
                   "have more than {} tags associated with it.",
                   stream, aws::kAccount, registry::Registry::kMaxTags);
}

// Whether the request's ResourceARN names a consumer.
bool IsOfConsumer(const aws::Call& call) {
  return ParseConsumerArn(TextOf(call.request, "ResourceARN").value_or("")).has_value();
}

void WriteTag(const std::string& key, const std::string& value, aws::Writer& writer) {
  writer.BeginMap();
  writer.Key("Key");
  writer.Text(key);
  writer.Key("Value");
  writer.Text(value);
  writer.EndMap();
}

// Changes the tags of the consumer that the request names.
Answer ChangeConsumer(const Parts& parts, const aws::Call& call,
                      const std::function<base::Result<void>(Tags&)>& edit) {
  const auto consumer = FindConsumer(parts, call, auth::Action::kManageStreams);
  if (!consumer) {
    return std::unexpected(consumer.error());
  }
  const auto changed = parts.settings.Change(consumer->stream, [&](StreamSettings& settings) {
    return edit(settings.consumer_tags[consumer->consumer.name]);
  });
  if (!changed) {
    return std::unexpected(changed.error().code == base::Code::kLimitExceeded
                               ? TooManyTags(consumer->consumer.stream)
                               : ErrorOf(changed.error(), consumer->consumer.stream));
  }
  Audit(parts, call, consumer->consumer.stream);
  return std::string();
}

}  // namespace

std::expected<Tags, ApiError> ReadTags(const json::Value& request, std::string_view stream) {
  Tags tags;
  if (const json::Value* const given = request.Find("Tags")) {
    for (const json::Member& tag : given->Members()) {
      const std::string_view value = tag.value.AsString().value_or("");
      if (!IsTagText(tag.name) || !IsTagText(value)) {
        return std::unexpected(MakeError(
            "InvalidArgumentException",
            "Failed to add tags to stream {} under account {} because some of the tag keys or "
            "values contain invalid characters. Valid characters are Unicode letters, digits, "
            "white space, _ . / = + - % @ and :.",
            stream, aws::kAccount));
      }
      tags.insert_or_assign(tag.name, std::string(value));
    }
  }
  return tags;
}

Answer AddTagsToStream(const Parts& parts, const aws::Call& call) {
  const auto stream = FindStream(parts, call, auth::Action::kManageStreams);
  if (!stream) {
    return std::unexpected(stream.error());
  }
  const std::string& name = stream->definition.name;
  const auto tags = ReadTags(call.request, name);
  if (!tags) {
    return std::unexpected(tags.error());
  }
  if (auto tagged = parts.registry.Tag(name, *tags); !tagged) {
    return std::unexpected(tagged.error().code == base::Code::kLimitExceeded
                               ? TooManyTags(name)
                               : ErrorOf(tagged.error(), name));
  }
  Audit(parts, call, name);
  return std::string();
}

Answer RemoveTagsFromStream(const Parts& parts, const aws::Call& call) {
  const auto stream = FindStream(parts, call, auth::Action::kManageStreams);
  if (!stream) {
    return std::unexpected(stream.error());
  }
  const std::string& name = stream->definition.name;
  if (auto removed = parts.registry.Untag(name, KeysOf(call.request)); !removed) {
    return std::unexpected(ErrorOf(removed.error(), name));
  }
  Audit(parts, call, name);
  return std::string();
}

Answer ListTagsForStream(const Parts& parts, const aws::Call& call) {
  const auto stream = FindStream(parts, call, auth::Action::kDescribeStream);
  if (!stream) {
    return std::unexpected(stream.error());
  }
  const auto limit = static_cast<size_t>(IntegerOf(call.request, "Limit").value_or(kMaxPage));
  const std::string after(TextOf(call.request, "ExclusiveStartTagKey").value_or(""));
  const auto writer = aws::Writer::Create(call.encoding);
  writer->BeginMap();
  writer->Key("Tags");
  writer->BeginList();
  size_t listed = 0;
  auto tag = stream->tags.upper_bound(after);
  for (; tag != stream->tags.end() && listed < limit; ++tag, ++listed) {
    WriteTag(tag->first, tag->second, *writer);
  }
  writer->EndList();
  writer->Key("HasMoreTags");
  writer->Boolean(tag != stream->tags.end());
  writer->EndMap();
  return writer->Take();
}

Answer TagResource(const Parts& parts, const aws::Call& call) {
  if (!IsOfConsumer(call)) {
    return AddTagsToStream(parts, call);
  }
  const auto tags = ReadTags(call.request, TextOf(call.request, "ResourceARN").value_or(""));
  if (!tags) {
    return std::unexpected(tags.error());
  }
  return ChangeConsumer(parts, call, [&](Tags& kept) -> base::Result<void> {
    for (const auto& [key, value] : *tags) {
      kept[key] = value;
    }
    if (kept.size() > registry::Registry::kMaxTags) {
      return base::Fail(base::Code::kLimitExceeded, "too many tags");
    }
    return {};
  });
}

Answer UntagResource(const Parts& parts, const aws::Call& call) {
  if (!IsOfConsumer(call)) {
    return RemoveTagsFromStream(parts, call);
  }
  return ChangeConsumer(parts, call, [&](Tags& kept) -> base::Result<void> {
    for (const std::string& key : KeysOf(call.request)) {
      kept.erase(key);
    }
    return {};
  });
}

Answer ListTagsForResource(const Parts& parts, const aws::Call& call) {
  Tags tags;
  if (IsOfConsumer(call)) {
    const auto consumer = FindConsumer(parts, call, auth::Action::kDescribeStream);
    if (!consumer) {
      return std::unexpected(consumer.error());
    }
    auto settings = parts.settings.Get(consumer->stream);
    if (!settings) {
      return std::unexpected(ErrorOf(settings.error(), consumer->consumer.stream));
    }
    tags = std::move(settings->consumer_tags[consumer->consumer.name]);
  } else {
    auto stream = FindStream(parts, call, auth::Action::kDescribeStream);
    if (!stream) {
      return std::unexpected(stream.error());
    }
    tags = std::move(stream->tags);
  }
  const auto writer = aws::Writer::Create(call.encoding);
  writer->BeginMap();
  writer->Key("Tags");
  writer->BeginList();
  for (const auto& [key, value] : tags) {
    WriteTag(key, value, *writer);
  }
  writer->EndList();
  writer->EndMap();
  return writer->Take();
}

}  // namespace weir::ingest::kinesis
