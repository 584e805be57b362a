#include "json/value_path.h"

#include <algorithm>
#include <charconv>

namespace weir::json {
namespace {

using base::Code;
using base::Fail;

constexpr std::string_view kNameEnds = ".[]'\"=?@ ";

bool TakePrefix(std::string_view& rest, std::string_view prefix) {
  if (!rest.starts_with(prefix)) {
    return false;
  }
  rest.remove_prefix(prefix.size());
  return true;
}

/// A name up to one of the characters that cannot be in it; nothing when it is empty.
std::optional<std::string> TakeName(std::string_view& rest) {
  const size_t size = std::min(rest.find_first_of(kNameEnds), rest.size());
  if (size == 0) {
    return std::nullopt;
  }
  std::string name(rest.substr(0, size));
  rest.remove_prefix(size);
  return name;
}

/// 'text' or "text", without escapes.
std::optional<std::string> TakeQuoted(std::string_view& rest) {
  if (rest.empty() || (rest.front() != '\'' && rest.front() != '"')) {
    return std::nullopt;
  }
  const size_t end = rest.find(rest.front(), 1);
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  std::string text(rest.substr(1, end - 1));
  if (text.find('\\') != std::string::npos) {
    return std::nullopt;
  }
  rest.remove_prefix(end + 1);
  return text;
}

}  // namespace

std::optional<ValuePath::Step> ValuePath::TakeDotted(std::string_view& rest) {
  std::optional<std::string> name = TakeName(rest);
  if (!name.has_value()) {
    return std::nullopt;
  }
  return Step{.kind = Step::Kind::kMember, .key = *std::move(name), .equals = {}};
}

std::optional<ValuePath::Step> ValuePath::TakeBracketed(std::string_view& rest) {
  Step step;
  if (TakePrefix(rest, "?@.")) {
    step.kind = Step::Kind::kWhere;
    std::optional<std::string> name = TakeName(rest);
    if (!name.has_value() || !TakePrefix(rest, "==")) {
      return std::nullopt;
    }
    step.key = *std::move(name);
    std::optional<std::string> text = TakeQuoted(rest);
    if (!text.has_value()) {
      return std::nullopt;
    }
    step.equals = *std::move(text);
  } else if (std::optional<std::string> name = TakeQuoted(rest); name.has_value()) {
    step.key = *std::move(name);
  } else {
    step.kind = Step::Kind::kElement;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), step.index);
    if (error != std::errc()) {
      return std::nullopt;
    }
    rest.remove_prefix(static_cast<size_t>(end - rest.data()));
  }
  return TakePrefix(rest, "]") ? std::optional(std::move(step)) : std::nullopt;
}

base::Result<ValuePath> ValuePath::Parse(std::string_view text) {
  if (text.size() > kMaxBytes) {
    return Fail(Code::kInvalidArgument, "JSON path '{}…' is longer than {} bytes",
                text.substr(0, 64), kMaxBytes);
  }
  std::string_view rest = text;
  ValuePath path;
  bool fine = TakePrefix(rest, "$");
  while (fine && !rest.empty()) {
    std::optional<Step> step;
    if (TakePrefix(rest, ".")) {
      step = TakeDotted(rest);
    } else if (TakePrefix(rest, "[")) {
      step = TakeBracketed(rest);
    }
    fine = step.has_value();
    if (fine) {
      path.steps_.push_back(*std::move(step));
    }
  }
  if (!fine) {
    return Fail(Code::kInvalidArgument,
                "JSON path '{}' does not parse: use a form like $.a.b, $['a b'], $.list[0] or "
                "$.list[?@.name=='x'].value",
                text);
  }
  return path;
}

const Value* ValuePath::Find(const Value& root) const {
  const Value* at = &root;
  for (const Step& step : steps_) {
    if (step.kind == Step::Kind::kMember) {
      at = at->Find(step.key);
    } else if (step.kind == Step::Kind::kElement) {
      at = step.index < at->Items().size() ? &at->Items()[step.index] : nullptr;
    } else {
      const auto& items = at->Items();
      const auto found = std::ranges::find_if(items, [&step](const Value& item) {
        const Value* member = item.Find(step.key);
        return member != nullptr && member->AsString() == step.equals;
      });
      at = found == items.end() ? nullptr : &*found;
    }
    if (at == nullptr) {
      return nullptr;
    }
  }
  return at;
}

}  // namespace weir::json
