#include "ingest/kinesis/consumers.h"

#include <algorithm>
#include <span>

#include "base/bytes.h"
#include "ingest/aws/account.h"
#include "ingest/kinesis/arn.h"
#include "ingest/kinesis/page_token.h"
#include "ingest/kinesis/request.h"
#include "ingest/kinesis/tags.h"

namespace weir::ingest::kinesis {
namespace {

using aws::Answer;
using aws::ApiError;
using aws::MakeError;
using registry::Consumer;

constexpr char kListKind = 'c';
constexpr int64_t kDefaultPage = 100;

ApiError ConsumerNotFound(std::string_view consumer) {
  return MakeError("ResourceNotFoundException", "Consumer {}, account {} not found.", consumer,
                   aws::kAccount);
}

void WriteConsumer(const Parts& parts, const Consumer& consumer, bool with_stream,
                   aws::Writer& writer) {
  writer.BeginMap();
  writer.Key("ConsumerName");
  writer.Text(consumer.name);
  writer.Key("ConsumerARN");
  writer.Text(ConsumerArn(parts.region, consumer));
  writer.Key("ConsumerStatus");
  writer.Text("ACTIVE");
  writer.Key("ConsumerCreationTimestamp");
  writer.Time(consumer.created);
  if (with_stream) {
    writer.Key("StreamARN");
    writer.Text(aws::StreamArn(parts.region, consumer.stream));
  }
  writer.EndMap();
}

// A map with one member.
std::string WrapConsumer(const Parts& parts, const aws::Call& call, std::string_view member,
                         const Consumer& consumer, bool with_stream) {
  const auto writer = aws::Writer::Create(call.encoding);
  writer->BeginMap();
  writer->Key(member);
  WriteConsumer(parts, consumer, with_stream, *writer);
  writer->EndMap();
  return writer->Take();
}

ApiError RegistrationError(const Parts& parts, const base::Error& error, std::string_view stream,
                           std::string_view consumer) {
  if (error.code == base::Code::kAlreadyExists) {
    return MakeError("ResourceInUseException",
                     "Consumer {} under stream {} already exists for account {}.", consumer,
                     aws::StreamArn(parts.region, stream), aws::kAccount);
  }
  if (error.code == base::Code::kLimitExceeded) {
    return MakeError("LimitExceededException",
                     "This request would exceed the limit of {} consumers for stream {} under "
                     "account {}.",
                     registry::Registry::kMaxConsumers, stream, aws::kAccount);
  }
  return ErrorOf(error, stream);
}

}  // namespace

std::expected<FoundConsumer, ApiError> FindConsumer(const Parts& parts, const aws::Call& call,
                                                    auth::Action action) {
  auto arn = TextOf(call.request, "ConsumerARN");
  if (!arn) {
    arn = TextOf(call.request, "ResourceARN");
  }
  std::string stream_name;
  std::string consumer_name;
  int64_t created_seconds = -1;
  if (arn) {
    const auto name = ParseConsumerArn(*arn);
    if (!name) {
      return std::unexpected(ConsumerNotFound(*arn));
    }
    stream_name = name->stream;
    consumer_name = name->consumer;
    created_seconds = name->created_seconds;
  } else {
    const auto name = TextOf(call.request, "ConsumerName");
    if (!name || !TextOf(call.request, "StreamARN")) {
      return std::unexpected(MakeError("InvalidArgumentException",
                                       "Either ConsumerARN or both StreamARN and ConsumerName must "
                                       "be specified."));
    }
    stream_name = StreamOfArn(*TextOf(call.request, "StreamARN"));
    consumer_name = *name;
  }
  auto stream = FindStream(parts, call, action, stream_name);
  if (!stream) {
    return std::unexpected(std::move(stream.error()));
  }
  auto consumers = parts.registry.Consumers(stream_name);
  if (!consumers) {
    return std::unexpected(ErrorOf(consumers.error(), stream_name));
  }
  const auto found = std::ranges::find(*consumers, consumer_name, &Consumer::name);
  if (found == consumers->end() ||
      (created_seconds >= 0 && found->created.millis / 1000 != created_seconds)) {
    return std::unexpected(ConsumerNotFound(arn.value_or(consumer_name)));
  }
  return FoundConsumer{.stream = *std::move(stream), .consumer = *found};
}

Answer RegisterStreamConsumer(const Parts& parts, const aws::Call& call) {
  const auto stream = FindStream(parts, call, auth::Action::kManageStreams);
  if (!stream) {
    return std::unexpected(stream.error());
  }
  const std::string& name = stream->definition.name;
  const std::string consumer_name(TextOf(call.request, "ConsumerName").value_or(""));
  const auto tags = ReadTags(call.request, name);
  if (!tags) {
    return std::unexpected(tags.error());
  }
  const auto consumer = parts.registry.AddConsumer(name, consumer_name);
  if (!consumer) {
    return std::unexpected(RegistrationError(parts, consumer.error(), name, consumer_name));
  }
  if (!tags->empty()) {
    const auto kept = parts.settings.Change(*stream, [&](StreamSettings& settings) {
      settings.consumer_tags[consumer_name] = *tags;
      return base::Result<void>();
    });
    if (!kept) {
      return std::unexpected(ErrorOf(kept.error(), name));
    }
  }
  Audit(parts, call, name);
  return WrapConsumer(parts, call, "Consumer", *consumer, false);
}

Answer DeregisterStreamConsumer(const Parts& parts, const aws::Call& call) {
  const auto found = FindConsumer(parts, call, auth::Action::kManageStreams);
  if (!found) {
    return std::unexpected(found.error());
  }
  const Consumer& consumer = found->consumer;
  if (auto removed = parts.registry.RemoveConsumer(consumer.stream, consumer.name); !removed) {
    return std::unexpected(removed.error().code == base::Code::kNotFound
                               ? ConsumerNotFound(consumer.name)
                               : ErrorOf(removed.error(), consumer.stream));
  }
  const auto settings = parts.settings.Get(found->stream);
  if (settings && settings->consumer_tags.contains(consumer.name)) {
    const auto kept = parts.settings.Change(found->stream, [&](StreamSettings& changed) {
      changed.consumer_tags.erase(consumer.name);
      return base::Result<void>();
    });
    if (!kept) {
      return std::unexpected(ErrorOf(kept.error(), consumer.stream));
    }
  }
  Audit(parts, call, consumer.stream);
  return std::string();
}

Answer DescribeStreamConsumer(const Parts& parts, const aws::Call& call) {
  const auto found = FindConsumer(parts, call, auth::Action::kDescribeStream);
  if (!found) {
    return std::unexpected(found.error());
  }
  return WrapConsumer(parts, call, "ConsumerDescription", found->consumer, true);
}

Answer ListStreamConsumers(const Parts& parts, const aws::Call& call) {
  const auto stream = FindStream(parts, call, auth::Action::kDescribeStream);
  if (!stream) {
    return std::unexpected(stream.error());
  }
  const log::StreamDefinition& definition = stream->definition;
  if (const auto created = TimeOf(call.request, "StreamCreationTimestamp");
      created && created->millis / 1000 != definition.created.millis / 1000) {
    return std::unexpected(StreamNotFound(definition.name));
  }
  std::string after;
  if (const auto token = TextOf(call.request, "NextToken")) {
    auto place = ReadNextToken(kListKind, parts.Now(), *token);
    if (!place) {
      return std::unexpected(std::move(place.error()));
    }
    after = *std::move(place);
  }
  auto consumers = parts.registry.Consumers(definition.name);
  if (!consumers) {
    return std::unexpected(ErrorOf(consumers.error(), definition.name));
  }
  std::ranges::sort(*consumers, {}, &Consumer::name);
  std::erase_if(*consumers, [&](const Consumer& consumer) { return consumer.name <= after; });
  const auto limit =
      static_cast<size_t>(IntegerOf(call.request, "MaxResults").value_or(kDefaultPage));
  const std::span<const Consumer> page(consumers->data(), std::min(limit, consumers->size()));
  const auto writer = aws::Writer::Create(call.encoding);
  writer->BeginMap();
  writer->Key("Consumers");
  writer->BeginList();
  for (const Consumer& consumer : page) {
    WriteConsumer(parts, consumer, false, *writer);
  }
  writer->EndList();
  if (page.size() < consumers->size()) {
    writer->Key("NextToken");
    writer->Text(SealToken(kListKind, parts.Now(), page.back().name));
  }
  writer->EndMap();
  return writer->Take();
}

}  // namespace weir::ingest::kinesis
