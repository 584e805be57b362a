#include "stack/schema.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

namespace weir::stack {

namespace {

std::string JoinNames(const std::vector<std::string_view>& names) {
  std::string text;
  for (const std::string_view name : names) {
    text += (text.empty() ? "" : ", ") + std::string(name);
  }
  return text;
}

bool HasNameCharacters(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

/// Also refuses "1e3" and such, which JSON would take: numbers of templates are plain.
bool IsPlainNumber(std::string_view text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  const size_t point = digits.find('.');
  const std::string_view whole = digits.substr(0, point);
  const std::string_view fraction =
      point == std::string_view::npos ? "0" : digits.substr(point + 1);
  const auto all_digits = [](std::string_view part) {
    return !part.empty() && part.size() <= 18 &&
           std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  return all_digits(whole) && all_digits(fraction) && (whole.size() == 1 || whole[0] != '0');
}

json::Value CheckText(const Shape& shape, const Node& node, const std::string& path,
                      Problems& problems) {
  const std::string& text = node.text;
  if (!shape.allowed.empty()) {
    if (std::find(shape.allowed.begin(), shape.allowed.end(), text) == shape.allowed.end()) {
      problems.Add(path, node.at, "'{}' is not one of: {}{}", text, JoinNames(shape.allowed),
                   DidYouMean(text, shape.allowed));
    }
    return json::Value(text);
  }
  const auto size = static_cast<double>(text.size());
  if (size < shape.min || size > shape.max) {
    problems.Add(path, node.at, "must have {} to {} bytes, not {}", shape.min, shape.max,
                 text.size());
  } else if (shape.name_characters && !HasNameCharacters(text)) {
    problems.Add(path, node.at, "'{}' may only have letters, digits, '_', '.' and '-'", text);
  }
  return json::Value(text);
}

json::Value CheckNumber(const Shape& shape, const Node& node, const std::string& path,
                        Problems& problems) {
  const bool whole = shape.kind == Shape::Kind::kInteger;
  if (!IsPlainNumber(node.text) || (whole && node.text.find('.') != std::string::npos)) {
    problems.Add(path, node.at, "must be a {}, not '{}'", shape.ToString(), node.text);
    return {};
  }
  const double value = std::strtod(node.text.c_str(), nullptr);
  if (value < shape.min || value > shape.max) {
    problems.Add(path, node.at, "must be a {}, not {}", shape.ToString(), node.text);
  }
  return json::Value::Decimal(node.text);
}

json::Value Anything(const Node& node) {
  if (node.IsList()) {
    json::Value list = json::Value::Array();
    for (const Node& item : node.items) {
      list.Append(Anything(item));
    }
    return list;
  }
  if (node.IsMap()) {
    json::Value map = json::Value::Object();
    for (const Member& member : node.members) {
      map.Set(member.key, Anything(member.value));
    }
    return map;
  }
  return node.IsScalar() ? json::Value(node.text) : json::Value();
}

Node::Kind WantedKind(Shape::Kind kind) {
  switch (kind) {
    case Shape::Kind::kList:
      return Node::Kind::kList;
    case Shape::Kind::kObject:
      return Node::Kind::kMap;
    default:
      return Node::Kind::kScalar;
  }
}

json::Value CheckList(const Shape& shape, const Node& node, const std::string& path,
                      Problems& problems, std::vector<std::string>& notes) {
  const auto count = static_cast<double>(node.items.size());
  if (count < shape.min || count > shape.max) {
    problems.Add(path, node.at, "must have {} to {} items, not {}", shape.min, shape.max,
                 node.items.size());
  }
  json::Value list = json::Value::Array();
  for (size_t i = 0; i < node.items.size(); ++i) {
    list.Append(CheckShape(shape.element.front(), node.items[i], fmt::format("{}[{}]", path, i),
                           problems, notes));
  }
  return list;
}

}  // namespace

std::string Shape::ToString() const {
  switch (kind) {
    case Kind::kText:
      return allowed.empty() ? "text" : "one of " + JoinNames(allowed);
    case Kind::kInteger:
      return fmt::format("whole number {:.0f}..{:.0f}", min, max);
    case Kind::kNumber:
      return fmt::format("number {}..{}", min, max);
    case Kind::kBoolean:
      return "true or false";
    case Kind::kList:
      return "list";
    case Kind::kObject:
      return "map";
    case Kind::kAnything:
      return "anything";
  }
  return "";
}

json::Value CheckShape(const Shape& shape, const Node& node, const std::string& path,
                       Problems& problems, std::vector<std::string>& notes) {
  if (node.kind == Node::Kind::kBroken) {
    return {};
  }
  if (shape.kind == Shape::Kind::kAnything) {
    return Anything(node);
  }
  if (node.kind != WantedKind(shape.kind)) {
    problems.Add(path, node.at, "must be {} {}, not {}",
                 shape.kind == Shape::Kind::kInteger || shape.kind == Shape::Kind::kNumber ||
                         shape.kind == Shape::Kind::kList || shape.kind == Shape::Kind::kObject
                     ? "a"
                     : "",
                 shape.ToString(), node.KindName());
    return {};
  }
  switch (shape.kind) {
    case Shape::Kind::kText:
      return CheckText(shape, node, path, problems);
    case Shape::Kind::kInteger:
    case Shape::Kind::kNumber:
      return CheckNumber(shape, node, path, problems);
    case Shape::Kind::kBoolean:
      if (node.text != "true" && node.text != "false") {
        problems.Add(path, node.at, "must be true or false, not '{}'", node.text);
      }
      return json::Value(node.text == "true");
    case Shape::Kind::kList:
      return CheckList(shape, node, path, problems, notes);
    case Shape::Kind::kObject:
      return CheckProperties(shape.properties, node, path, node.at, problems, notes);
    case Shape::Kind::kAnything:
      break;
  }
  return {};
}

json::Value CheckProperties(const std::vector<Property>& properties, const Node& node,
                            const std::string& path, Position at, Problems& problems,
                            std::vector<std::string>& notes) {
  json::Value object = json::Value::Object();
  std::vector<std::string_view> names;
  for (const Property& property : properties) {
    names.push_back(property.name);
    if (property.use == Property::Use::kRequired && node.Find(property.name) == nullptr) {
      problems.Add(path, at, "{} is missing", property.name);
    }
  }
  for (const Member& member : node.members) {
    const std::string inside = path + "." + member.key;
    const auto found = std::find_if(properties.begin(), properties.end(),
                                    [&](const Property& p) { return p.name == member.key; });
    if (found == properties.end()) {
      problems.Add(inside, member.at, "unknown property '{}'{}", member.key,
                   DidYouMean(member.key, names));
      continue;
    }
    switch (found->use) {
      case Property::Use::kRefused:
        problems.Add(inside, member.at, "is not supported: {}", found->note);
        break;
      case Property::Use::kIgnored:
        notes.push_back(fmt::format("{} has no meaning here and is ignored", inside));
        break;
      case Property::Use::kOptional:
      case Property::Use::kRequired:
        object.Set(member.key, CheckShape(found->shape, member.value, inside, problems, notes));
        break;
    }
  }
  return object;
}

const ResourceType* FindResourceType(std::string_view name) {
  for (const ResourceType& type : ResourceTypes()) {
    if (type.name == name) {
      return &type;
    }
  }
  return nullptr;
}

}  // namespace weir::stack
