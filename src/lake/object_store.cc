#include "lake/object_store.h"

#include <algorithm>

namespace weir::lake {
namespace {

constexpr size_t kMaxKeyBytes = 1024;
constexpr size_t kMaxBucketBytes = 63;
constexpr size_t kMaxPartBytes = 255;  // of a file system's names

base::Result<void> CheckPart(std::string_view whole, std::string_view part) {
  if (part.empty() || part == "." || part == "..") {
    return base::Fail(base::Code::kInvalidArgument,
                      "'{}' has an empty, '.' or '..' part between its slashes", whole);
  }
  if (part.size() > kMaxPartBytes) {
    return base::Fail(base::Code::kInvalidArgument,
                      "a part of '{}' between slashes has {} bytes, at most {} are allowed", whole,
                      part.size(), kMaxPartBytes);
  }
  return {};
}

bool HasControlCharacter(std::string_view text) {
  return std::ranges::any_of(text,
                             [](char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7F; });
}

}  // namespace

base::Result<void> CheckKey(std::string_view bucket, std::string_view key) {
  if (HasControlCharacter(bucket) || HasControlCharacter(key)) {
    return base::Fail(base::Code::kInvalidArgument, "a bucket name or key has a control character");
  }
  if (bucket.size() > kMaxBucketBytes || bucket.find('/') != std::string_view::npos) {
    return base::Fail(base::Code::kInvalidArgument,
                      "bucket name '{}' has a slash or more than {} bytes", bucket,
                      kMaxBucketBytes);
  }
  RETURN_IF_ERROR(CheckPart(bucket, bucket));
  if (key.size() > kMaxKeyBytes) {
    return base::Fail(base::Code::kInvalidArgument,
                      "key '{}…' has {} bytes, at most {} are allowed", key.substr(0, 100),
                      key.size(), kMaxKeyBytes);
  }
  size_t from = 0;
  for (;;) {
    const size_t slash = key.find('/', from);
    RETURN_IF_ERROR(CheckPart(key, key.substr(from, slash - from)));
    if (slash == std::string_view::npos) {
      return {};
    }
    from = slash + 1;
  }
}

}  // namespace weir::lake
