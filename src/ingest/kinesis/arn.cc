#include "ingest/kinesis/arn.h"

#include <algorithm>
#include <charconv>

#include "base/format.h"
#include "ingest/aws/account.h"
#include "ingest/aws/shape.h"

namespace weir::ingest::kinesis {
namespace {

constexpr std::string_view kService = ":kinesis:";
constexpr std::string_view kStream = "stream/";
constexpr std::string_view kConsumer = "/consumer/";
constexpr size_t kAccountDigits = 12;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

bool IsSpace(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// The account's digits with a colon on each side.
bool IsAccount(std::string_view text) {
  return text.size() == kAccountDigits + 2 && text.front() == ':' && text.back() == ':' &&
         std::all_of(text.begin() + 1, text.end() - 1, IsDigit);
}

// What stands behind the account: "stream/…". Empty when `text` is no ARN of Kinesis.
std::string_view ResourcePart(std::string_view text) {
  const size_t service = text.starts_with("arn:aws") ? text.find(kService, 7) : text.npos;
  if (service == text.npos || std::ranges::any_of(text, IsSpace)) {
    return {};
  }
  for (size_t at = service + kService.size(); at + kAccountDigits + 2 <= text.size(); ++at) {
    if (IsAccount(text.substr(at, kAccountDigits + 2))) {
      return text.substr(at + kAccountDigits + 2);
    }
  }
  return {};
}

}  // namespace

bool IsStreamArn(std::string_view text) {
  const std::string_view resource = ResourcePart(text);
  return resource.starts_with(kStream) && resource.size() > kStream.size();
}

bool IsResourceArn(std::string_view text) {
  const std::string_view resource = ResourcePart(text);
  const size_t stream = resource.find(kStream);
  return stream != resource.npos && stream + kStream.size() < resource.size();
}

bool IsConsumerArn(std::string_view text) {
  return ParseConsumerArn(text).has_value();
}

std::string_view StreamOfArn(std::string_view arn) {
  const std::string_view resource = ResourcePart(arn);
  const size_t stream = resource.find(kStream);
  return stream == resource.npos ? std::string_view() : resource.substr(stream + kStream.size());
}

std::optional<ConsumerName> ParseConsumerArn(std::string_view arn) {
  const std::string_view path = StreamOfArn(arn);
  const size_t consumer = path.find(kConsumer);
  const size_t colon = path.rfind(':');
  if (consumer == path.npos || colon == path.npos || colon < consumer + kConsumer.size()) {
    return std::nullopt;
  }
  const size_t start = consumer + kConsumer.size();
  ConsumerName name{.stream = path.substr(0, consumer),
                    .consumer = path.substr(start, colon - start)};
  const std::string_view seconds = path.substr(colon + 1);
  const auto [end, error] =
      std::from_chars(seconds.data(), seconds.data() + seconds.size(), name.created_seconds);
  if (error != std::errc() || end != seconds.data() + seconds.size() || name.created_seconds < 0 ||
      !aws::kNamePattern.matches(name.stream) || !aws::kNamePattern.matches(name.consumer)) {
    return std::nullopt;
  }
  return name;
}

std::string ConsumerArn(std::string_view region, const registry::Consumer& consumer) {
  return fmt::format("{}{}{}:{}", aws::StreamArn(region, consumer.stream), kConsumer, consumer.name,
                     consumer.created.millis / 1000);
}

}  // namespace weir::ingest::kinesis
