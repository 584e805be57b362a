#include "lake/prefix.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include "base/crc32c.h"
#include "base/random.h"
#include "base/time_format.h"
#include "lake/object_store.h"

namespace weir::lake {
namespace {

constexpr std::string_view kDefaultPattern = "yyyy/MM/dd/HH/";
constexpr size_t kRandomCharacters = 11;

std::string RandomString(std::string_view identity, uint32_t occurrence) {
  static constexpr std::string_view kAlphabet =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const uint64_t low = base::Crc32c(identity, occurrence);
  const uint64_t high = base::Crc32c(identity, ~occurrence);
  base::Random random(high << 32 | low);
  std::string text;
  for (size_t i = 0; i < kRandomCharacters; ++i) {
    text.push_back(kAlphabet[random.Below(kAlphabet.size())]);
  }
  return text;
}

int DayOfYear(const base::CivilTime& time) {
  const int64_t midnight =
      base::FromCivil({.year = time.year, .month = time.month, .day = time.day});
  return static_cast<int>((midnight - base::FromCivil({.year = time.year})) / 86'400'000) + 1;
}

std::string FieldText(const base::CivilTime& time, char letter, int width) {
  const auto padded = [width](int value) { return fmt::format("{:0{}}", value, width); };
  switch (letter) {
    case 'y':
    case 'u':
      return width == 2 ? fmt::format("{:02}", time.year % 100) : padded(time.year);
    case 'M':
      return padded(time.month);
    case 'd':
      return padded(time.day);
    case 'D':
      return padded(DayOfYear(time));
    case 'H':
      return padded(time.hour);
    case 'm':
      return padded(time.minute);
    case 's':
      return padded(time.second);
    default:  // 'S': the first digits of the fraction
      return fmt::format("{:03}000000", time.millisecond).substr(0, static_cast<size_t>(width));
  }
}

// The greatest count of each letter that we write; 0 for letters that we do not know.
int MaxWidth(char letter) {
  switch (letter) {
    case 'y':
    case 'u':
      return 4;
    case 'M':
    case 'd':
    case 'H':
    case 'm':
    case 's':
      return 2;
    case 'D':
      return 3;
    case 'S':
      return 9;
    default:
      return 0;
  }
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower;
}

}  // namespace

base::Result<PrefixExpression> PrefixExpression::Parse(std::string_view text, Use use) {
  if (text.size() > kMaxExpressionBytes) {
    return base::Fail(base::Code::kInvalidArgument, "a prefix of {} bytes; at most {} are allowed",
                      text.size(), kMaxExpressionBytes);
  }
  PrefixExpression expression;
  RETURN_IF_ERROR(expression.ParseText(
      text.empty() && use == Use::kErrors ? "!{firehose:error-output-type}/" : text, use));
  if (use == Use::kErrors && !expression.Has(Part::Kind::kErrorType) &&
      std::ranges::any_of(expression.parts_, &Part::dynamic)) {
    return base::Fail(
        base::Code::kInvalidArgument,
        "error prefix '{}' has expressions but not !{{firehose:error-output-type}}; add it", text);
  }
  if (!expression.Has(Part::Kind::kField)) {
    RETURN_IF_ERROR(expression.AddPattern(kDefaultPattern));
  }
  RETURN_IF_ERROR(expression.Check());
  return expression;
}

bool PrefixExpression::Has(Part::Kind kind) const {
  return std::ranges::any_of(parts_, [kind](const Part& part) { return part.kind == kind; });
}

base::Result<void> PrefixExpression::ParseText(std::string_view text, Use use) {
  while (!text.empty()) {
    const size_t start = text.find("!{");
    AddLiteral(text.substr(0, start), false);
    if (start == std::string_view::npos) {
      return {};
    }
    const size_t end = text.find('}', start);
    if (end == std::string_view::npos) {
      return base::Fail(base::Code::kInvalidArgument, "prefix expression '{}' has no closing brace",
                        text.substr(start));
    }
    RETURN_IF_ERROR(AddExpression(text.substr(start + 2, end - start - 2), use));
    text.remove_prefix(end + 1);
  }
  return {};
}

base::Result<void> PrefixExpression::AddExpression(std::string_view expression, Use use) {
  constexpr std::string_view kTimestamp = "timestamp:";
  if (expression.starts_with(kTimestamp)) {
    return AddPattern(expression.substr(kTimestamp.size()));
  }
  if (expression == "firehose:random-string") {
    parts_.push_back(Part{.kind = Part::Kind::kRandom, .dynamic = true});
    return {};
  }
  if (expression == "firehose:error-output-type") {
    if (use != Use::kErrors) {
      return base::Fail(base::Code::kInvalidArgument,
                        "!{{firehose:error-output-type}} belongs into the error prefix only");
    }
    parts_.push_back(Part{.kind = Part::Kind::kErrorType, .dynamic = true});
    return {};
  }
  return base::Fail(base::Code::kInvalidArgument,
                    "unknown prefix expression '!{{{}}}'; known are timestamp:<pattern>, "
                    "firehose:random-string and "
                    "firehose:error-output-type",
                    expression);
}

base::Result<void> PrefixExpression::AddPattern(std::string_view pattern) {
  if (pattern.empty()) {
    return base::Fail(base::Code::kInvalidArgument,
                      "!{{timestamp:}} needs a pattern, for example yyyy/MM/dd/HH/");
  }
  for (size_t at = 0; at < pattern.size();) {
    const char c = pattern[at];
    if (c == '\'') {
      const size_t end = pattern.find('\'', at + 1);
      if (end == std::string_view::npos) {
        return base::Fail(base::Code::kInvalidArgument, "timestamp pattern '{}' has an open quote",
                          pattern);
      }
      // Two quotes are one quote, within quoted text as well.
      const bool doubled = end + 1 < pattern.size() && pattern[end + 1] == '\'' && end > at + 1;
      AddLiteral(end == at + 1 ? "'" : pattern.substr(at + 1, end - at - 1), true);
      AddLiteral(doubled ? "'" : "", true);
      at = end + 1;
    } else if (std::isalpha(static_cast<unsigned char>(c)) != 0) {
      const size_t end = std::min(pattern.find_first_not_of(c, at), pattern.size());
      RETURN_IF_ERROR(AddField(pattern, c, static_cast<int>(end - at)));
      at = end;
    } else if (std::string_view("[]{}#").find(c) != std::string_view::npos) {
      return base::Fail(base::Code::kInvalidArgument,
                        "timestamp pattern '{}': '{}' is reserved; quote it", pattern, c);
    } else {
      AddLiteral(pattern.substr(at, 1), true);
      ++at;
    }
  }
  return {};
}

base::Result<void> PrefixExpression::AddField(std::string_view pattern, char letter, int width) {
  if (width > MaxWidth(letter)) {
    return base::Fail(base::Code::kInvalidArgument,
                      "timestamp pattern '{}': '{}' is not supported; use yyyy MM dd DDD HH mm ss "
                      "SSS, and quote text",
                      pattern, std::string(static_cast<size_t>(width), letter));
  }
  parts_.push_back(
      Part{.kind = Part::Kind::kField, .dynamic = true, .letter = letter, .width = width});
  return {};
}

void PrefixExpression::AddLiteral(std::string_view text, bool dynamic) {
  if (!text.empty()) {
    parts_.push_back(
        Part{.kind = Part::Kind::kLiteral, .dynamic = dynamic, .text = std::string(text)});
  }
}

base::Result<void> PrefixExpression::Check() {
  // Fields write digits only, in nearly fixed width, so that one evaluation stands for all.
  const PrefixInput sample{.arrival = model::Rowtime{1'606'780'799'999},
                           .identity = "sample",
                           .error_type = "format-conversion-failed"};
  std::string text;
  const std::vector<Folder> folders = FoldersOf(sample, text);
  if (text.size() > kMaxPrefixBytes) {
    return base::Fail(base::Code::kInvalidArgument,
                      "the prefix '{}…' has {} bytes when evaluated, at most {} are allowed",
                      text.substr(0, 60), text.size(), kMaxPrefixBytes);
  }
  RETURN_IF_ERROR(CheckKey("bucket", text + "object"));
  int bare = 0;
  for (const Folder& folder : folders) {
    const size_t equals = folder.name.find('=');
    std::optional<std::string> key;
    if (equals != std::string::npos && equals > 0) {
      key = Lower(folder.name.substr(0, equals));
    } else if (folder.dynamic) {
      key = fmt::format("partition_{}", bare++);
    }
    if (key.has_value() && std::ranges::find(partition_keys_, *key) != partition_keys_.end()) {
      return base::Fail(base::Code::kInvalidArgument, "the prefix names partition '{}' twice",
                        *key);
    }
    if (key.has_value()) {
      partition_keys_.push_back(*key);
    }
  }
  return {};
}

std::vector<PrefixExpression::Folder> PrefixExpression::FoldersOf(const PrefixInput& input,
                                                                  std::string& text) const {
  const base::CivilTime time = base::ToCivil(input.arrival.millis);
  uint32_t randoms = 0;
  std::vector<Folder> folders;
  Folder folder;
  for (const Part& part : parts_) {
    std::string piece;
    switch (part.kind) {
      case Part::Kind::kLiteral:
        piece = part.text;
        break;
      case Part::Kind::kField:
        piece = FieldText(time, part.letter, part.width);
        break;
      case Part::Kind::kRandom:
        piece = RandomString(input.identity, randoms++);
        break;
      case Part::Kind::kErrorType:
        piece = input.error_type;
        break;
    }
    text += piece;
    for (const char c : piece) {
      if (c == '/') {
        folders.push_back(std::exchange(folder, Folder{}));
      } else {
        folder.name.push_back(c);
        folder.dynamic = folder.dynamic || part.dynamic;
      }
    }
  }
  return folders;
}

Prefix PrefixExpression::Evaluate(const PrefixInput& input) const {
  Prefix prefix;
  size_t key = 0;
  for (const Folder& folder : FoldersOf(input, prefix.text)) {
    const size_t equals = folder.name.find('=');
    if (equals != std::string::npos && equals > 0) {
      prefix.partition[partition_keys_[key++]] = folder.name.substr(equals + 1);
    } else if (folder.dynamic) {
      prefix.partition[partition_keys_[key++]] = folder.name;
    }
  }
  return prefix;
}

}  // namespace weir::lake
