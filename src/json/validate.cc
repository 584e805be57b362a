#include "json/validate.h"

#include <simdjson.h>

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "json/scanner.h"

namespace weir::json {
namespace {

using base::Code;
using base::Fail;

/// Up to this many keys of an object are compared pair by pair, more are sorted.
constexpr size_t kMaxPairwiseKeys = 16;
constexpr size_t kMaxShownKey = 64;

/// An open array or object.
struct Frame {
  bool is_object = false;
  size_t first_key = 0;
};

}  // namespace

struct Validator::State {
  Limits limits;
  std::vector<Frame> frames;
  /// Keys of all open objects, innermost last.
  std::vector<std::string_view> keys;
  std::deque<std::string> decoded_keys;

  base::Result<void> Run(std::string_view text);
  base::Result<void> Value(Scanner& scanner, bool& closed);
  base::Result<void> Open(Scanner& scanner, bool& closed);
  base::Result<void> Next(Scanner& scanner, bool& closed);
  base::Result<void> Key(Scanner& scanner);
  base::Result<void> Close(Scanner& scanner);
  base::Result<void> CheckSorted(Scanner& scanner);
};

namespace {

std::unexpected<base::Error> Malformed(const Scanner& scanner, const char* reason) {
  return Fail(Code::kInvalidArgument, "not valid JSON: {} at byte {}", reason, scanner.offset());
}

std::unexpected<base::Error> Malformed(const Scanner& scanner) {
  return Malformed(scanner, scanner.reason());
}

std::unexpected<base::Error> Repeated(const Scanner& scanner, std::string_view key) {
  return Fail(Code::kInvalidArgument, "not valid JSON: key '{}' appears twice before byte {}",
              key.substr(0, kMaxShownKey), scanner.offset());
}

}  // namespace

/// Sees one value; `closed` when it ended, not when it opened an array or object with content.
base::Result<void> Validator::State::Value(Scanner& scanner, bool& closed) {
  scanner.SkipSpace();
  Token token;
  closed = true;
  switch (scanner.Peek()) {
    case '{':
    case '[':
      return Open(scanner, closed);
    case '"':
      if (!scanner.String(token)) {
        return Malformed(scanner);
      }
      return {};
    default:
      if (!scanner.Scalar(token)) {
        return Malformed(scanner);
      }
      return {};
  }
}

base::Result<void> Validator::State::Open(Scanner& scanner, bool& closed) {
  if (frames.size() >= limits.max_depth) {
    return Fail(Code::kLimitExceeded, "JSON is nested deeper than {} at byte {}", limits.max_depth,
                scanner.offset());
  }
  const bool is_object = scanner.Peek() == '{';
  frames.push_back({is_object, keys.size()});
  scanner.Advance();
  scanner.SkipSpace();
  if (scanner.Peek() == (is_object ? '}' : ']')) {
    return Close(scanner);
  }
  closed = false;
  return is_object ? Key(scanner) : base::Result<void>();
}

base::Result<void> Validator::State::Key(Scanner& scanner) {
  scanner.SkipSpace();
  Token token;
  if (scanner.Peek() != '"') {
    return Malformed(scanner, "a key in quotes must follow");
  }
  if (!scanner.String(token)) {
    return Malformed(scanner);
  }
  std::string_view key = token.text;
  if (token.escaped) {
    DecodeString(key, decoded_keys.emplace_back());
    key = decoded_keys.back();
  }
  const size_t first = frames.back().first_key;
  const size_t count = keys.size() - first;
  if (count >= limits.max_keys) {
    return Fail(Code::kLimitExceeded, "JSON object has more than {} keys at byte {}",
                limits.max_keys, scanner.offset());
  }
  if (count < kMaxPairwiseKeys) {
    for (size_t i = first; i < keys.size(); ++i) {
      if (keys[i] == key) {
        return Repeated(scanner, key);
      }
    }
  }
  keys.push_back(key);
  scanner.SkipSpace();
  if (scanner.Peek() != ':') {
    return Malformed(scanner, "a colon must follow the key");
  }
  scanner.Advance();
  return {};
}

/// After a value within an array or object: the comma and key before the next value, or the end.
base::Result<void> Validator::State::Next(Scanner& scanner, bool& closed) {
  scanner.SkipSpace();
  const bool is_object = frames.back().is_object;
  const char c = scanner.Peek();
  if (c == ',') {
    scanner.Advance();
    closed = false;
    return is_object ? Key(scanner) : base::Result<void>();
  }
  if (c == (is_object ? '}' : ']')) {
    closed = true;
    return Close(scanner);
  }
  return Malformed(scanner,
                   is_object ? "a comma or '}' must follow" : "a comma or ']' must follow");
}

base::Result<void> Validator::State::Close(Scanner& scanner) {
  scanner.Advance();
  if (keys.size() - frames.back().first_key > kMaxPairwiseKeys) {
    RETURN_IF_ERROR(CheckSorted(scanner));
  }
  keys.resize(frames.back().first_key);
  frames.pop_back();
  return {};
}

base::Result<void> Validator::State::CheckSorted(Scanner& scanner) {
  const auto first = keys.begin() + static_cast<std::ptrdiff_t>(frames.back().first_key);
  std::sort(first, keys.end());
  if (const auto twice = std::adjacent_find(first, keys.end()); twice != keys.end()) {
    return Repeated(scanner, *twice);
  }
  return {};
}

base::Result<void> Validator::State::Run(std::string_view text) {
  if (text.size() > limits.max_bytes) {
    return Fail(Code::kLimitExceeded, "JSON has {} bytes, more than {}", text.size(),
                limits.max_bytes);
  }
  if (!simdjson::validate_utf8(text.data(), text.size())) {
    return Fail(Code::kInvalidArgument, "not valid JSON: not UTF-8");
  }
  frames.clear();
  keys.clear();
  decoded_keys.clear();
  Scanner scanner(text);
  do {
    bool closed = false;
    RETURN_IF_ERROR(Value(scanner, closed));
    while (closed && !frames.empty()) {
      RETURN_IF_ERROR(Next(scanner, closed));
    }
  } while (!frames.empty());
  scanner.SkipSpace();
  if (!scanner.AtEnd()) {
    return Malformed(scanner, "something follows the value");
  }
  return {};
}

Validator::Validator(const Limits& limits) : state_(std::make_unique<State>()) {
  state_->limits = limits;
  state_->limits.max_depth = std::min(limits.max_depth, kMaxDepth);
}

Validator::Validator(Validator&&) noexcept = default;
Validator& Validator::operator=(Validator&&) noexcept = default;
Validator::~Validator() = default;

base::Result<void> Validator::Validate(std::string_view text) {
  return state_->Run(text);
}

base::Result<void> Validate(std::string_view text, const Limits& limits) {
  return Validator(limits).Validate(text);
}

}  // namespace weir::json
