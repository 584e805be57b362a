#include "ingest/aws/cbor_document.h"

#include <bit>
#include <cmath>
#include <string>
#include <unordered_set>
#include <utility>

#include "base/bytes.h"
#include "ingest/aws/cbor_reader.h"
#include "json/validate.h"

namespace weir::ingest::aws::cbor {
namespace {

constexpr int64_t kMillisPerSecond = 1'000;
constexpr size_t kMaxQuotedKey = 64;

// Half precision (RFC 8949, appendix D).
double HalfToDouble(uint16_t bits) {
  const int exponent = bits >> 10 & 0x1F;
  const int fraction = bits & 0x3FF;
  double value = 0;
  if (exponent == 0) {
    value = std::ldexp(fraction, -24);
  } else if (exponent < 31) {
    value = std::ldexp(fraction + 1024, exponent - 25);
  } else {
    value = fraction == 0 ? HUGE_VAL : std::nan("");
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

class DocumentReader {
 public:
  explicit DocumentReader(std::string_view bytes) : reader_(bytes) {}

  base::Result<json::Value> Read() {
    ASSIGN_OR_RETURN(json::Value value, ReadItem(0));
    if (!reader_.AtEnd()) {
      return Bad("bytes follow the document");
    }
    return value;
  }

 private:
  std::unexpected<base::Error> Bad(std::string_view reason) const {
    return base::Fail(base::Code::kInvalidArgument, "CBOR: {} at offset {}", reason,
                      reader_.offset());
  }

  std::unexpected<base::Error> Limit(std::string_view what, size_t limit) const {
    return base::Fail(base::Code::kLimitExceeded, "CBOR: more than {} {} at offset {}", limit, what,
                      reader_.offset());
  }

  base::Result<Head> ReadHead() {
    Head head;
    const bool ended = reader_.AtEnd();
    if (!reader_.ReadHead(head)) {
      return Bad(ended ? "the document breaks off" : "an item is cut off or malformed");
    }
    if (++items_ > kMaxItems) {
      return Limit("items", kMaxItems);
    }
    return head;
  }

  base::Result<json::Value> ReadItem(size_t depth) {
    ASSIGN_OR_RETURN(const Head head, ReadHead());
    return ReadValue(head, depth);
  }

  base::Result<json::Value> ReadValue(const Head& head, size_t depth) {
    switch (head.major) {
      case Major::kUnsigned:
        return json::Value(head.number);
      case Major::kNegative:
        return Negative(head.number);
      case Major::kBytes: {
        ASSIGN_OR_RETURN(const std::string bytes, ReadString(head));
        return json::Value(base::ToBase64(bytes));
      }
      case Major::kText: {
        ASSIGN_OR_RETURN(std::string text, ReadText(head));
        return json::Value(std::move(text));
      }
      case Major::kList:
        return ReadList(head, depth);
      case Major::kMap:
        return ReadMap(head, depth);
      case Major::kTag:
        return ReadTime(head);
      case Major::kSimple:
        return ReadSimple(head);
    }
    return Bad("an item is malformed");
  }

  base::Result<json::Value> Negative(uint64_t number) const {
    if (number > static_cast<uint64_t>(INT64_MAX)) {
      return Bad("an integer below -2^63");
    }
    return json::Value(static_cast<int64_t>(~number));
  }

  // The bytes of a string that may come in pieces.
  base::Result<std::string> ReadString(const Head& head) {
    std::string_view piece;
    if (!head.indefinite) {
      if (!reader_.ReadBytes(head.number, piece)) {
        return Bad("a string is longer than the document");
      }
      return std::string(piece);
    }
    std::string whole;
    while (!reader_.TakeBreak()) {
      ASSIGN_OR_RETURN(const Head part, ReadHead());
      if (part.major != head.major || part.indefinite) {
        return Bad("a piece of a string is of another kind");
      }
      if (!reader_.ReadBytes(part.number, piece)) {
        return Bad("a string is longer than the document");
      }
      whole.append(piece);
    }
    return whole;
  }

  base::Result<std::string> ReadText(const Head& head) {
    ASSIGN_OR_RETURN(std::string text, ReadString(head));
    if (!json::IsValidUtf8(text)) {
      return Bad("text is not UTF-8");
    }
    return text;
  }

  base::Result<json::Value> ReadList(const Head& head, size_t depth) {
    if (depth == kMaxDepth) {
      return Limit("nested lists and maps", kMaxDepth);
    }
    json::Value list = json::Value::Array();
    for (uint64_t i = 0; head.indefinite ? !reader_.TakeBreak() : i < head.number; ++i) {
      ASSIGN_OR_RETURN(json::Value item, ReadItem(depth + 1));
      list.Append(std::move(item));
    }
    return list;
  }

  base::Result<json::Value> ReadMap(const Head& head, size_t depth) {
    if (depth == kMaxDepth) {
      return Limit("nested lists and maps", kMaxDepth);
    }
    json::Value map = json::Value::Object();
    std::unordered_set<std::string> keys;
    for (uint64_t i = 0; head.indefinite ? !reader_.TakeBreak() : i < head.number; ++i) {
      if (keys.size() == kMaxKeys) {
        return Limit("keys in one map", kMaxKeys);
      }
      ASSIGN_OR_RETURN(const Head key_head, ReadHead());
      if (key_head.major != Major::kText) {
        return Bad("a key is no text");
      }
      ASSIGN_OR_RETURN(std::string key, ReadText(key_head));
      if (!keys.insert(key).second) {
        return Bad(fmt::format("key '{}' stands twice", key.substr(0, kMaxQuotedKey)));
      }
      ASSIGN_OR_RETURN(json::Value value, ReadItem(depth + 1));
      map.AddMember(std::move(key), std::move(value));
    }
    return map;
  }

  base::Result<json::Value> ReadTime(const Head& tag) {
    if (tag.number != kTimeTag) {
      return Bad(fmt::format("tag {} is not understood", tag.number));
    }
    ASSIGN_OR_RETURN(const Head head, ReadHead());
    if (head.major == Major::kSimple) {
      ASSIGN_OR_RETURN(json::Value seconds, ReadSimple(head));
      if (!seconds.IsNumber()) {
        return Bad("a time is no number");
      }
      return seconds;
    }
    if (head.major != Major::kUnsigned || head.number > static_cast<uint64_t>(INT64_MAX)) {
      return Bad("a time is no number of milliseconds since 1970");
    }
    return json::Value::Decimal(
        fmt::format("{}.{:03}", head.number / kMillisPerSecond, head.number % kMillisPerSecond));
  }

  base::Result<json::Value> ReadSimple(const Head& head) const {
    switch (head.first) {
      case kFalse:
        return json::Value(false);
      case kTrue:
        return json::Value(true);
      case kNull:
        return json::Value();
      case kHalf:
        return Finite(HalfToDouble(static_cast<uint16_t>(head.number)));
      case kFloat:
        return Finite(std::bit_cast<float>(static_cast<uint32_t>(head.number)));
      case kDouble:
        return Finite(std::bit_cast<double>(head.number));
      default:
        return Bad(head.IsBreak() ? "a break without a beginning"
                                  : "a simple value has no meaning");
    }
  }

  base::Result<json::Value> Finite(double value) const {
    if (!std::isfinite(value)) {
      return Bad("a number is not finite");
    }
    return json::Value(value);
  }

  Reader reader_;
  size_t items_ = 0;
};

}  // namespace

base::Result<json::Value> ReadDocument(std::string_view bytes) {
  return DocumentReader(bytes).Read();
}

}  // namespace weir::ingest::aws::cbor
