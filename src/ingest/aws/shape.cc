#include "ingest/aws/shape.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "base/format.h"
#include "ingest/kinesis/base64.h"

namespace weir::ingest::aws {
namespace {

using Checked = std::expected<void, ApiError>;

// Longer values are cut where an error quotes them.
constexpr size_t kMaxQuotedBytes = 256;
constexpr size_t kMaxQuotedEntries = 16;

std::unexpected<ApiError> TypeError(std::string message) {
  return std::unexpected(ApiError{"SerializationException", std::move(message)});
}

// `text` without a character that the limit would cut in two.
std::string_view Cut(std::string_view text) {
  if (text.size() <= kMaxQuotedBytes) {
    return text;
  }
  size_t size = kMaxQuotedBytes;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) {
    --size;
  }
  return text.substr(0, size);
}

std::string_view KindName(Shape::Kind kind) {
  switch (kind) {
    case Shape::Kind::kInteger:
      return "an Integer";
    case Shape::Kind::kBoolean:
      return "an Boolean";
    case Shape::Kind::kTimestamp:
      return "milliseconds since epoch";
    case Shape::Kind::kBlob:
      return "a Blob";
    default:
      return "an String";
  }
}

std::string_view JavaClass(const json::Value& value) {
  if (value.IsBool()) {
    return "java.lang.Boolean";
  }
  if (value.IsNumber()) {
    return value.AsInt() ? "java.lang.Integer" : "java.math.BigDecimal";
  }
  return "java.lang.String";
}

Checked CheckBlob(std::string_view text) {
  std::string bytes;
  if (auto decoded = kinesis::DecodeBase64(text, bytes); !decoded) {
    return TypeError(
        fmt::format("'{}' can not be converted to a Blob: {}", Cut(text), decoded.error()));
  }
  return {};
}

// A value that is neither list nor structure.
Checked CheckScalar(const Shape& shape, const json::Value& value) {
  if (value.IsArray()) {
    return TypeError("Start of list found where not expected");
  }
  if (value.IsObject()) {
    return TypeError("Start of structure or map found where not expected.");
  }
  bool fits = false;
  switch (shape.kind) {
    case Shape::Kind::kInteger:
    case Shape::Kind::kTimestamp:
      fits = value.IsNumber();
      break;
    case Shape::Kind::kBoolean:
      fits = value.IsBool();
      break;
    case Shape::Kind::kBlob:
      if (value.IsString()) {
        return CheckBlob(*value.AsString());
      }
      break;
    default:
      fits = value.IsString();
  }
  if (!fits) {
    return TypeError(
        fmt::format("class {} can not be converted to {}", JavaClass(value), KindName(shape.kind)));
  }
  return {};
}

Checked CheckMembers(const Shape& shape, const json::Value& object) {
  for (const ShapeMember& member : shape.members) {
    if (const json::Value* const value = object.Find(member.name)) {
      if (auto checked = CheckTypes(*member.shape, *value); !checked) {
        return checked;
      }
    }
  }
  return {};
}

// Characters of UTF-8 text, as the API counts lengths.
int64_t Length(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

size_t BlobBytes(std::string_view base64) {
  const size_t padding = base64.ends_with("==") ? 2 : (base64.ends_with('=') ? 1 : 0);
  return base64.size() / 4 * 3 - padding;
}

std::string JoinQuoted(const Shape& shape, const json::Value& value);

// A value as messages print it, without quotes.
std::string Print(const Shape& shape, const json::Value& value) {
  switch (shape.kind) {
    case Shape::Kind::kString:
      return std::string(Cut(value.AsString().value_or("")));
    case Shape::Kind::kBlob: {
      const size_t size = BlobBytes(value.AsString().value_or(""));
      return fmt::format("java.nio.HeapByteBuffer[pos=0 lim={0} cap={0}]", size);
    }
    case Shape::Kind::kList:
    case Shape::Kind::kMap:
      return JoinQuoted(shape, value);
    default:
      return std::string(Cut(value.Serialize()));
  }
}

std::string JoinQuoted(const Shape& shape, const json::Value& value) {
  const bool list = shape.kind == Shape::Kind::kList;
  std::string text(list ? "[" : "{");
  size_t printed = 0;
  const auto next = [&] {
    text.append(printed == 0 ? "" : ", ");
    return ++printed <= kMaxQuotedEntries && text.size() < kMaxQuotedBytes;
  };
  if (list) {
    for (const json::Value& item : value.Items()) {
      if (!next()) {
        text.append("...");
        break;
      }
      text.append(shape.printed.empty() ? Print(*shape.element, item) : std::string(shape.printed));
    }
  } else {
    for (const json::Member& entry : value.Members()) {
      if (!next()) {
        text.append("...");
        break;
      }
      text.append(Cut(entry.name)).append("=").append(Print(*shape.element, entry.value));
    }
  }
  return text.append(list ? "]" : "}");
}

std::string LowerFirst(std::string_view name) {
  std::string text(name);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') {
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  }
  return text;
}

class ConstraintPass {
 public:
  void CheckStructure(const Shape& shape, const json::Value& value, const std::string& prefix) {
    for (const ShapeMember& member : shape.members) {
      const json::Value* const found = value.Find(member.name);
      const std::string path = prefix + LowerFirst(member.name);
      if (found != nullptr && !found->IsNull()) {
        Check(*member.shape, *found, path);
      } else if (member.required) {
        Fail("null", path, "Member must not be null");
      }
      if (count_ == kMaxListedFailures) {
        return;
      }
    }
  }

  Checked Result() const {
    if (count_ == 0) {
      return {};
    }
    return std::unexpected(ValidationError(text_, count_));
  }

 private:
  void Check(const Shape& shape, const json::Value& value, const std::string& path) {
    switch (shape.kind) {
      case Shape::Kind::kString:
        return CheckText(shape, value, path);
      case Shape::Kind::kBlob:
        return CheckLength(shape, value, path,
                           static_cast<int64_t>(BlobBytes(value.AsString().value_or(""))));
      case Shape::Kind::kInteger:
        return CheckNumber(shape, value, path);
      case Shape::Kind::kList:
        return CheckList(shape, value, path);
      case Shape::Kind::kMap:
        return CheckMap(shape, value, path);
      case Shape::Kind::kStructure:
        return CheckStructure(shape, value, path + ".");
      default:
        return;
    }
  }

  void CheckText(const Shape& shape, const json::Value& value, const std::string& path) {
    const std::string_view text = value.AsString().value_or("");
    if (shape.pattern != nullptr && !shape.pattern->matches(text)) {
      Fail(Quoted(shape, value), path,
           fmt::format("Member must satisfy regular expression pattern: {}", shape.pattern->text));
    }
    CheckLength(shape, value, path, Length(text));
    if (!shape.allowed.empty() && !std::ranges::count(shape.allowed, text)) {
      Fail(Quoted(shape, value), path,
           fmt::format("Member must satisfy enum value set: [{}]",
                       fmt::join(shape.allowed.begin(), shape.allowed.end(), ", ")));
    }
  }

  void CheckLength(const Shape& shape, const json::Value& value, const std::string& path,
                   int64_t length) {
    if (length < shape.min) {
      Fail(Quoted(shape, value), path,
           fmt::format("Member must have length greater than or equal to {}", shape.min));
    }
    if (length > shape.max) {
      Fail(Quoted(shape, value), path,
           fmt::format("Member must have length less than or equal to {}", shape.max));
    }
  }

  // Fractions are cut; what is no 64-bit number is beyond every bound.
  void CheckNumber(const Shape& shape, const json::Value& value, const std::string& path) {
    const double number = std::trunc(value.AsDouble().value_or(0));
    if (number < static_cast<double>(shape.min)) {
      Fail(Quoted(shape, value), path,
           fmt::format("Member must have value greater than or equal to {}", shape.min));
    }
    if (number > static_cast<double>(shape.max)) {
      Fail(Quoted(shape, value), path,
           fmt::format("Member must have value less than or equal to {}", shape.max));
    }
  }

  void CheckList(const Shape& shape, const json::Value& value, const std::string& path) {
    CheckLength(shape, value, path, static_cast<int64_t>(value.Items().size()));
    size_t place = 0;
    for (const json::Value& item : value.Items()) {
      if (count_ == kMaxListedFailures) {
        return;
      }
      const std::string at = fmt::format("{}.{}.member", path, ++place);
      if (item.IsNull()) {
        Fail("null", at, "Member must not be null");
      } else {
        Check(*shape.element, item, at);
      }
    }
  }

  void CheckMap(const Shape& shape, const json::Value& value, const std::string& path) {
    CheckLength(shape, value, path, static_cast<int64_t>(value.Members().size()));
    const auto breaks = [](const Shape& text, std::string_view entry) {
      return Length(entry) < text.min || Length(entry) > text.max;
    };
    const auto lengths = [](const Shape& text) {
      return fmt::format(
          "[Member must have length less than or equal to {}, Member must have length greater than "
          "or equal to {}]",
          text.max, text.min);
    };
    if (std::ranges::any_of(value.Members(), [&](const json::Member& entry) {
          return breaks(*shape.key, entry.name);
        })) {
      Fail(Quoted(shape, value), path,
           fmt::format("Map keys must satisfy constraint: {}", lengths(*shape.key)));
    }
    if (std::ranges::any_of(value.Members(), [&](const json::Member& entry) {
          return breaks(*shape.element, entry.value.AsString().value_or(""));
        })) {
      Fail(Quoted(shape, value), path,
           fmt::format("Map value must satisfy constraint: {}", lengths(*shape.element)));
    }
  }

  static std::string Quoted(const Shape& shape, const json::Value& value) {
    return fmt::format("'{}'", Print(shape, value));
  }

  void Fail(std::string_view value, std::string_view path, std::string_view constraint) {
    if (count_ == kMaxListedFailures) {
      return;
    }
    ++count_;
    text_.append(text_.empty() ? "" : "; ");
    text_.append(
        fmt::format("Value {} at '{}' failed to satisfy constraint: {}", value, path, constraint));
  }

  std::string text_;
  size_t count_ = 0;
};

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// 0|([1-9]\d{0,more})
bool IsDecimal(std::string_view text, size_t more) {
  if (text == "0") {
    return true;
  }
  return !text.empty() && text.size() <= more + 1 && text.front() != '0' &&
         std::ranges::all_of(text, IsDigit);
}

}  // namespace

const Pattern kNamePattern = {"[a-zA-Z0-9_.-]+", [](std::string_view text) {
                                return !text.empty() && std::ranges::all_of(text, [](char c) {
                                  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                         IsDigit(c) || c == '_' || c == '.' || c == '-';
                                });
                              }};
const Pattern kSequencePattern = {"0|([1-9]\\d{0,128})",
                                  [](std::string_view text) { return IsDecimal(text, 128); }};
const Pattern kHashKeyPattern = {"0|([1-9]\\d{0,38})",
                                 [](std::string_view text) { return IsDecimal(text, 38); }};

Checked CheckTypes(const Shape& shape, const json::Value& value) {
  if (value.IsNull()) {
    return {};
  }
  switch (shape.kind) {
    case Shape::Kind::kList:
      if (value.IsObject()) {
        return TypeError("Start of structure or map found where not expected.");
      }
      if (!value.IsArray()) {
        return TypeError("Expected list or null");
      }
      for (const json::Value& item : value.Items()) {
        if (auto checked = CheckTypes(*shape.element, item); !checked) {
          return checked;
        }
      }
      return {};
    case Shape::Kind::kMap:
    case Shape::Kind::kStructure:
      if (value.IsArray()) {
        return TypeError("Start of list found where not expected");
      }
      if (!value.IsObject()) {
        return TypeError(shape.kind == Shape::Kind::kMap ? "Expected map or null"
                                                         : "Expected null");
      }
      if (shape.kind == Shape::Kind::kStructure) {
        return CheckMembers(shape, value);
      }
      for (const json::Member& entry : value.Members()) {
        if (auto checked = CheckTypes(*shape.element, entry.value); !checked) {
          return checked;
        }
      }
      return {};
    default:
      return CheckScalar(shape, value);
  }
}

Checked CheckConstraints(const Shape& shape, const json::Value& request) {
  ConstraintPass pass;
  pass.CheckStructure(shape, request, "");
  return pass.Result();
}

Checked CheckRequest(const Shape& shape, const json::Value& request) {
  if (auto checked = CheckTypes(shape, request); !checked) {
    return checked;
  }
  return CheckConstraints(shape, request);
}

}  // namespace weir::ingest::aws
