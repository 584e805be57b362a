#include "json/validate.h"

#include <simdjson.h>

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "json/scanner.h"
#include "json/shape_memory.h"

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
  base::Error error;

  std::vector<std::string> members;
  std::vector<std::optional<std::string_view>> found;
  ShapeMemory shapes;
  // While a text is read in full:
  const char* begin = nullptr;
  bool tracing = false;
  std::vector<TracedScalar> trace;
  int member = -1;  ///< That is being read.
  const char* member_begin = nullptr;
  bool member_is_composite = false;

  base::Result<void> Run(std::string_view text);
  // These return false when they have set `error`.
  bool Fits(const Shape& shape, std::string_view text, const StopIndex& stops);
  bool Document(Scanner& scanner);
  bool Value(Scanner& scanner, bool& closed);
  bool Open(Scanner& scanner, bool& closed);
  bool Next(Scanner& scanner, bool& closed);
  bool Key(Scanner& scanner);
  bool AddKey(const Scanner& scanner, const Token& token);
  void BeginMember(Scanner& scanner, std::string_view name);
  void EndMember(const Scanner& scanner);
  bool Close(Scanner& scanner);
  bool CheckSorted(const Scanner& scanner);
  bool Malformed(const Scanner& scanner, const char* reason);
  bool Repeated(const Scanner& scanner, std::string_view key);
  bool Exceeded(std::string message);
};

bool Validator::State::Malformed(const Scanner& scanner, const char* reason) {
  error = {Code::kInvalidArgument,
           fmt::format("not valid JSON: {} at byte {}", reason, scanner.offset())};
  return false;
}

bool Validator::State::Repeated(const Scanner& scanner, std::string_view key) {
  error = {Code::kInvalidArgument,
           fmt::format("not valid JSON: key '{}' appears twice before byte {}",
                       key.substr(0, kMaxShownKey), scanner.offset())};
  return false;
}

bool Validator::State::Exceeded(std::string message) {
  error = {Code::kLimitExceeded, std::move(message)};
  return false;
}

/// Sees one value; `closed` when it ended, not when it opened an array or object with content.
inline bool Validator::State::Value(Scanner& scanner, bool& closed) {
  scanner.SkipSpace();
  Token token;
  closed = true;
  const char c = scanner.Peek();
  if (c == '{' || c == '[') {
    return Open(scanner, closed);
  }
  if (!(c == '"' ? scanner.String(token) : scanner.Scalar(token))) {
    return Malformed(scanner, scanner.reason());
  }
  if (tracing) {
    const auto at = static_cast<size_t>(token.text.data() - begin);
    trace.push_back({frames.size() == 1 ? member : -1, token.kind == TokenKind::kString, at,
                     at + token.text.size()});
  }
  return true;
}

bool Validator::State::Open(Scanner& scanner, bool& closed) {
  if (frames.size() >= limits.max_depth) {
    return Exceeded(fmt::format("JSON is nested deeper than {} at byte {}", limits.max_depth,
                                scanner.offset()));
  }
  const bool is_object = scanner.Peek() == '{';
  frames.push_back({is_object, keys.size()});
  scanner.Advance();
  scanner.SkipSpace();
  if (scanner.Peek() == (is_object ? '}' : ']')) {
    return Close(scanner);
  }
  closed = false;
  return !is_object || Key(scanner);
}

inline bool Validator::State::Key(Scanner& scanner) {
  scanner.SkipSpace();
  Token token;
  if (scanner.Peek() != '"') {
    return Malformed(scanner, "a key in quotes must follow");
  }
  if (!scanner.String(token)) {
    return Malformed(scanner, scanner.reason());
  }
  if (!AddKey(scanner, token)) {
    return false;
  }
  scanner.SkipSpace();
  if (scanner.Peek() != ':') {
    return Malformed(scanner, "a colon must follow the key");
  }
  scanner.Advance();
  if (frames.size() == 1 && !members.empty()) {
    BeginMember(scanner, token.text);
  }
  return true;
}

/// Behind the colon of a key of the outermost object.
void Validator::State::BeginMember(Scanner& scanner, std::string_view name) {
  const auto same = std::ranges::find(members, name);
  if (same != members.end()) {
    scanner.SkipSpace();
    member = static_cast<int>(same - members.begin());
    member_begin = scanner.at();
    member_is_composite |= scanner.Peek() == '{' || scanner.Peek() == '[';
  }
}

/// Behind a value that stands in the outermost object or array.
void Validator::State::EndMember(const Scanner& scanner) {
  if (member >= 0) {
    found[static_cast<size_t>(member)] =
        std::string_view(member_begin, static_cast<size_t>(scanner.at() - member_begin));
    member = -1;
  }
}

inline bool Validator::State::AddKey(const Scanner& scanner, const Token& token) {
  std::string_view key = token.text;
  if (token.escaped) {
    DecodeString(key, decoded_keys.emplace_back());
    key = decoded_keys.back();
  }
  const size_t first = frames.back().first_key;
  const size_t count = keys.size() - first;
  if (count >= limits.max_keys) {
    return Exceeded(fmt::format("JSON object has more than {} keys at byte {}", limits.max_keys,
                                scanner.offset()));
  }
  if (count < kMaxPairwiseKeys) {
    for (size_t i = first; i < keys.size(); ++i) {
      if (keys[i] == key) {
        return Repeated(scanner, key);
      }
    }
  }
  keys.push_back(key);
  return true;
}

/// After a value within an array or object: the comma and key before the next value, or the end.
inline bool Validator::State::Next(Scanner& scanner, bool& closed) {
  scanner.SkipSpace();
  const bool is_object = frames.back().is_object;
  const char c = scanner.Peek();
  if (c == ',') {
    scanner.Advance();
    closed = false;
    return !is_object || Key(scanner);
  }
  if (c == (is_object ? '}' : ']')) {
    closed = true;
    return Close(scanner);
  }
  return Malformed(scanner,
                   is_object ? "a comma or '}' must follow" : "a comma or ']' must follow");
}

bool Validator::State::Close(Scanner& scanner) {
  scanner.Advance();
  if (keys.size() - frames.back().first_key > kMaxPairwiseKeys && !CheckSorted(scanner)) {
    return false;
  }
  keys.resize(frames.back().first_key);
  frames.pop_back();
  return true;
}

bool Validator::State::CheckSorted(const Scanner& scanner) {
  const auto first = keys.begin() + static_cast<std::ptrdiff_t>(frames.back().first_key);
  std::sort(first, keys.end());
  const auto twice = std::adjacent_find(first, keys.end());
  return twice == keys.end() || Repeated(scanner, *twice);
}

bool Validator::State::Document(Scanner& scanner) {
  do {
    bool closed = false;
    if (!Value(scanner, closed)) {
      return false;
    }
    while (closed && !frames.empty()) {
      if (frames.size() == 1) {
        EndMember(scanner);
      }
      if (!Next(scanner, closed)) {
        return false;
      }
    }
  } while (!frames.empty());
  scanner.SkipSpace();
  return scanner.AtEnd() || Malformed(scanner, "something follows the value");
}

/// Whether the text is like one that was found fine but for its strings, numbers and literals: its
/// keys and nesting are then within the limits, too.
bool Validator::State::Fits(const Shape& shape, std::string_view text, const StopIndex& stops) {
  const bool fits = shape.Read(text, stops, [&](size_t i, const Token& token) {
    const size_t quote = token.kind == TokenKind::kString ? 1 : 0;
    found[i] = std::string_view(token.text.data() - quote, token.text.size() + 2 * quote);
    return true;
  });
  for (const size_t i : shape.missing()) {
    found[i].reset();
  }
  return fits;
}

base::Result<void> Validator::State::Run(std::string_view text) {
  if (text.size() > limits.max_bytes) {
    return Fail(Code::kLimitExceeded, "JSON has {} bytes, more than {}", text.size(),
                limits.max_bytes);
  }
  const StopIndex stops(text);
  if (shapes.Find([&](const Shape& shape) { return Fits(shape, text, stops); })) {
    return {};
  }
  if (!stops.ascii() && !simdjson::validate_utf8(text.data(), text.size())) {
    return Fail(Code::kInvalidArgument, "not valid JSON: not UTF-8");
  }
  frames.clear();
  keys.clear();
  decoded_keys.clear();
  found.assign(members.size(), std::nullopt);
  begin = text.data();
  tracing = shapes.Miss();
  trace.clear();
  member = -1;
  member_is_composite = false;
  Scanner scanner(text, stops);
  if (!Document(scanner)) {
    return std::unexpected(std::move(error));
  }
  if (tracing) {
    shapes.Learn(member_is_composite ? std::nullopt : Shape::Of(text, trace, members.size()));
  }
  return {};
}

Validator::Validator(const Limits& limits, std::vector<std::string> members)
    : state_(std::make_unique<State>()) {
  state_->members = std::move(members);
  state_->limits = limits;
  state_->limits.max_depth = std::min(limits.max_depth, kMaxDepth);
}

Validator::Validator(Validator&&) noexcept = default;
Validator& Validator::operator=(Validator&&) noexcept = default;
Validator::~Validator() = default;

base::Result<void> Validator::Validate(std::string_view text) {
  return state_->Run(text);
}

std::optional<std::string_view> Validator::Member(size_t i) const {
  return state_->found[i];
}

base::Result<void> Validate(std::string_view text, const Limits& limits) {
  return Validator(limits).Validate(text);
}

bool IsValidUtf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

}  // namespace weir::json
