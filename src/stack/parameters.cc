// The Parameters section: types, defaults and constraints. Part of Evaluator.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <regex>

#include "stack/evaluator.h"

namespace weir::stack {

namespace {

constexpr size_t kMaxParameters = 200;
constexpr size_t kMaxParameterBytes = 4'096;

const std::vector<std::string_view> kParameterKeys = {
    "Type",           "Default",       "Description",
    "AllowedPattern", "AllowedValues", "ConstraintDescription",
    "MinLength",      "MaxLength",     "MinValue",
    "MaxValue",       "NoEcho"};

const std::vector<std::string_view> kParameterTypes = {"String", "Number", "CommaDelimitedList",
                                                       "List<Number>"};

std::optional<double> Number(const std::string& text) {
  if (text.empty()) {
    return {};
  }
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  return *end == '\0' && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::vector<std::string> CommaList(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const size_t comma = text.find(',');
    std::string_view part = text.substr(0, comma);
    while (part.starts_with(' ')) {
      part.remove_prefix(1);
    }
    while (part.ends_with(' ')) {
      part.remove_suffix(1);
    }
    parts.emplace_back(part);
    if (comma == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(comma + 1);
  }
}

/// What `value` breaks of one numeric bound, or "".
std::string BrokenBound(const Node& definition, std::string_view key, double value, bool lower) {
  const Node* bound = definition.Find(key);
  if (bound == nullptr) {
    return "";
  }
  const std::optional<double> limit = Number(bound->text);
  if (!limit.has_value()) {
    return fmt::format("{} '{}' is not a number", key, bound->text);
  }
  if (lower ? value < *limit : value > *limit) {
    return fmt::format("{} {} {}", value, lower ? "is less than" : "is more than", bound->text);
  }
  return "";
}

/// What `value` breaks of AllowedPattern, or "".
std::string BrokenPattern(const Node& definition, const std::string& value) {
  const Node* pattern = definition.Find("AllowedPattern");
  if (pattern == nullptr) {
    return "";
  }
  try {
    // The whole value must match, as in CloudFormation.
    if (!std::regex_match(value, std::regex(pattern->text, std::regex::ECMAScript))) {
      return fmt::format("'{}' does not match the pattern {}", value, pattern->text);
    }
  } catch (const std::regex_error& error) {
    return fmt::format("AllowedPattern {} is not a regular expression", pattern->text);
  }
  return "";
}

std::string BrokenAllowed(const Node& definition, const std::string& value) {
  const Node* allowed = definition.Find("AllowedValues");
  if (allowed == nullptr) {
    return "";
  }
  std::vector<std::string_view> values;
  std::string list;
  for (const Node& item : allowed->items) {
    values.push_back(item.text);
    list += (list.empty() ? "" : ", ") + item.text;
  }
  if (std::find(values.begin(), values.end(), value) != values.end()) {
    return "";
  }
  return fmt::format("'{}' is not one of: {}{}", value, list, DidYouMean(value, values));
}

}  // namespace

bool Evaluator::CheckParameterValue(const Node& definition, const std::string& value,
                                    const std::string& path, Position at) {
  const Node* type = definition.Find("Type");
  std::string wrong;
  if (value.size() > kMaxParameterBytes) {
    wrong = fmt::format("the value has {} bytes, at most {} are taken", value.size(),
                        kMaxParameterBytes);
  } else if (type != nullptr && (type->text == "Number" || type->text == "List<Number>")) {
    const std::optional<double> number = Number(value);
    if (!number.has_value()) {
      wrong = fmt::format("'{}' is not a number", value);
    } else {
      wrong = BrokenBound(definition, "MinValue", *number, true);
      wrong = wrong.empty() ? BrokenBound(definition, "MaxValue", *number, false) : wrong;
    }
  } else {
    const auto length = static_cast<double>(value.size());
    wrong = BrokenBound(definition, "MinLength", length, true);
    wrong = wrong.empty() ? BrokenBound(definition, "MaxLength", length, false) : wrong;
    wrong = wrong.empty() ? wrong : "length " + wrong;
    wrong = wrong.empty() ? BrokenPattern(definition, value) : wrong;
  }
  wrong = wrong.empty() ? BrokenAllowed(definition, value) : wrong;
  if (wrong.empty()) {
    return true;
  }
  const Node* description = definition.Find("ConstraintDescription");
  if (description != nullptr && description->IsScalar()) {
    wrong += ": " + description->text;
  }
  problems_.AddText(path, at, std::move(wrong));
  return false;
}

void Evaluator::CheckParameter(const Member& member,
                               const std::map<std::string, std::string>& given) {
  const std::string path = "Parameters." + member.key;
  const Node& definition = member.value;
  if (!definition.IsMap()) {
    problems_.Add(path, member.at, "a parameter is a map with Type");
    return;
  }
  for (const Member& entry : definition.members) {
    if (std::find(kParameterKeys.begin(), kParameterKeys.end(), entry.key) ==
        kParameterKeys.end()) {
      problems_.Add(path + "." + entry.key, entry.at, "a parameter has no property '{}'{}",
                    entry.key, DidYouMean(entry.key, kParameterKeys));
    }
  }
  const Member* type = definition.FindMember("Type");
  if (type == nullptr) {
    problems_.Add(path, member.at, "Type is missing");
    return;
  }
  const std::string& kind = type->value.text;
  if (std::find(kParameterTypes.begin(), kParameterTypes.end(), kind) == kParameterTypes.end()) {
    problems_.Add(path + ".Type", type->value.at, "unknown parameter type '{}'{}", kind,
                  DidYouMean(kind, kParameterTypes));
    return;
  }
  std::string value;
  Position at = member.at;
  if (const auto found = given.find(member.key); found != given.end()) {
    value = found->second;
  } else if (const Member* preset = definition.FindMember("Default")) {
    value = preset->value.text;
    at = preset->value.at;
  } else {
    problems_.Add(path, member.at, "has no value and no Default; give it with --parameter {}=…",
                  member.key);
    return;
  }
  Parameter parameter;
  parameter.is_list = kind == "CommaDelimitedList" || kind == "List<Number>";
  parameter.values = parameter.is_list ? CommaList(value) : std::vector<std::string>{value};
  for (const std::string& item : parameter.values) {
    if (!CheckParameterValue(definition, item, path, at)) {
      return;
    }
  }
  parameters_[member.key] = std::move(parameter);
}

void Evaluator::SetParameters(const std::map<std::string, std::string>& given) {
  const Node* section = root_.Find("Parameters");
  std::vector<std::string_view> names;
  if (section != nullptr) {
    if (section->members.size() > kMaxParameters) {
      problems_.Add("Parameters", section->at, "{} parameters, at most {} are taken",
                    section->members.size(), kMaxParameters);
      return;
    }
    for (const Member& member : section->members) {
      names.push_back(member.key);
      CheckParameter(member, given);
    }
  }
  for (const auto& [name, value] : given) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      problems_.Add("Parameters", {}, "the template has no parameter '{}'{}", name,
                    DidYouMean(name, names));
    }
  }
}

}  // namespace weir::stack
