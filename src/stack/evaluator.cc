#include "stack/evaluator.h"

#include <algorithm>
#include <charconv>

namespace weir::stack {

namespace {

constexpr int kMaxConditionDepth = 32;

const std::vector<std::string_view> kFunctions = {
    "Ref",     "Fn::GetAtt", "Fn::Sub", "Fn::Join",  "Fn::Select",    "Fn::If",   "Fn::Equals",
    "Fn::Not", "Fn::And",    "Fn::Or",  "Condition", "Fn::FindInMap", "Fn::Split"};

std::vector<std::string> SplitText(std::string_view text, std::string_view delimiter) {
  std::vector<std::string> parts;
  while (true) {
    const size_t at = delimiter.empty() ? std::string_view::npos : text.find(delimiter);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(at + delimiter.size());
  }
}

Node ListNode(const std::vector<std::string>& values, Position at) {
  Node node;
  node.kind = Node::Kind::kList;
  node.at = at;
  for (const std::string& value : values) {
    node.items.push_back(TextNode(value, at));
  }
  return node;
}

}  // namespace

Evaluator::Evaluator(const Node& root, std::string stack_name, Problems& problems)
    : root_(root), stack_name_(std::move(stack_name)), problems_(problems) {}

Node Evaluator::Broken(Position at) const {
  Node node;
  node.kind = Node::Kind::kBroken;
  node.at = at;
  return node;
}

std::vector<std::string_view> Evaluator::ReferenceNames() const {
  std::vector<std::string_view> names;
  for (const std::string_view section : {"Parameters", "Resources"}) {
    if (const Node* node = root_.Find(section)) {
      for (const Member& member : node->members) {
        names.push_back(member.key);
      }
    }
  }
  return names;
}

Node Evaluator::Evaluate(const Node& node, const std::string& path) {
  if (node.IsList()) {
    Node list = node;
    list.items.clear();
    for (size_t i = 0; i < node.items.size(); ++i) {
      Node item = Evaluate(node.items[i], fmt::format("{}[{}]", path, i));
      if (item.kind != Node::Kind::kNoValue) {
        list.items.push_back(std::move(item));
      }
    }
    return list;
  }
  if (!node.IsMap()) {
    return node;
  }
  if (node.members.size() == 1) {
    const Member& only = node.members[0];
    if (only.key == "Ref" || only.key.starts_with("Fn::")) {
      return Call(only.key, only.value, path, only.at);
    }
  }
  Node map = node;
  map.members.clear();
  for (const Member& member : node.members) {
    Node value = Evaluate(member.value, path.empty() ? member.key : path + "." + member.key);
    if (value.kind != Node::Kind::kNoValue) {
      map.members.push_back({member.key, member.at, std::move(value)});
    }
  }
  return map;
}

Node Evaluator::Call(const std::string& function, const Node& argument, const std::string& path,
                     Position at) {
  if (function == "Ref") {
    if (!argument.IsScalar()) {
      problems_.Add(path, at, "Ref needs the name of a parameter or resource");
      return Broken(at);
    }
    return Reference(argument.text, path, at);
  }
  using Member = Node (Evaluator::*)(const Node&, const std::string&, Position);
  static const std::map<std::string, Member, std::less<>> kCalls = {
      {"Fn::GetAtt", &Evaluator::GetAttribute},
      {"Fn::Sub", &Evaluator::Substitute},
      {"Fn::Join", &Evaluator::Join},
      {"Fn::Select", &Evaluator::Select},
      {"Fn::Split", &Evaluator::Split},
      {"Fn::FindInMap", &Evaluator::FindInMap},
      {"Fn::If", &Evaluator::If}};
  if (const auto found = kCalls.find(function); found != kCalls.end()) {
    return (this->*found->second)(argument, path, at);
  }
  if (std::find(kFunctions.begin(), kFunctions.end(), function) != kFunctions.end()) {
    problems_.Add(path, at, "{} may only be used in Conditions", function);
  } else {
    problems_.Add(path, at, "intrinsic function {} is not supported{}", function,
                  DidYouMean(function, kFunctions));
  }
  return Broken(at);
}

std::optional<std::string> Evaluator::PseudoParameter(std::string_view name) const {
  if (name == "AWS::StackName") {
    return stack_name_;
  }
  if (name == "AWS::Region") {
    return std::string(kRegion);
  }
  if (name == "AWS::AccountId") {
    return std::string(kAccountId);
  }
  if (name == "AWS::Partition") {
    return "aws";
  }
  if (name == "AWS::URLSuffix") {
    return "amazonaws.com";
  }
  if (name == "AWS::StackId") {
    return fmt::format("arn:aws:cloudformation:{}:{}:stack/{}", kRegion, kAccountId, stack_name_);
  }
  return {};
}

Node Evaluator::Reference(const std::string& name, const std::string& path, Position at) {
  if (name == "AWS::NoValue") {
    Node node;
    node.kind = Node::Kind::kNoValue;
    node.at = at;
    return node;
  }
  if (std::optional<std::string> value = PseudoParameter(name)) {
    return TextNode(std::move(*value), at);
  }
  if (const auto found = parameters_.find(name); found != parameters_.end()) {
    return found->second.is_list ? ListNode(found->second.values, at)
                                 : TextNode(found->second.values.front(), at);
  }
  const Node* parameters = root_.Find("Parameters");
  if (parameters != nullptr && parameters->Find(name) != nullptr) {
    return Broken(at);  // its problem is recorded already
  }
  const Node* resources = root_.Find("Resources");
  if (resources == nullptr || resources->Find(name) == nullptr) {
    problems_.Add(path, at, "no parameter or resource named '{}'{}", name,
                  DidYouMean(name, ReferenceNames()));
    return Broken(at);
  }
  if (!resolve_) {
    problems_.Add(path, at, "a resource ('{}') cannot be used here", name);
    return Broken(at);
  }
  std::optional<std::string> value = resolve_(name, "", path, at);
  return value.has_value() ? TextNode(std::move(*value), at) : Broken(at);
}

Node Evaluator::GetAttribute(const Node& argument, const std::string& path, Position at) {
  std::string id;
  std::string attribute;
  if (argument.IsScalar()) {
    const size_t dot = argument.text.find('.');
    id = argument.text.substr(0, dot);
    attribute = dot == std::string::npos ? "" : argument.text.substr(dot + 1);
  } else if (argument.IsList() && argument.items.size() == 2 && argument.items[0].IsScalar() &&
             argument.items[1].IsScalar()) {
    id = argument.items[0].text;
    attribute = argument.items[1].text;
  }
  if (id.empty() || attribute.empty()) {
    problems_.Add(path, at,
                  "Fn::GetAtt needs a resource and an attribute, for example ClickStream.Arn");
    return Broken(at);
  }
  const Node* resources = root_.Find("Resources");
  if (resources == nullptr || resources->Find(id) == nullptr || !resolve_) {
    std::vector<std::string_view> names;
    for (size_t i = 0; resources != nullptr && i < resources->members.size(); ++i) {
      names.push_back(resources->members[i].key);
    }
    problems_.Add(path, at, "no resource named '{}'{}", id, DidYouMean(id, names));
    return Broken(at);
  }
  std::optional<std::string> value = resolve_(id, attribute, path, at);
  return value.has_value() ? TextNode(std::move(*value), at) : Broken(at);
}

Node Evaluator::Substitute(const Node& argument, const std::string& path, Position at) {
  const bool with_map = argument.IsList() && argument.items.size() == 2 &&
                        argument.items[0].IsScalar() && argument.items[1].IsMap();
  if (!argument.IsScalar() && !with_map) {
    problems_.Add(path, at, "Fn::Sub needs text, or a list of text and a map of variables");
    return Broken(at);
  }
  const std::string& text = with_map ? argument.items[0].text : argument.text;
  std::string out;
  for (size_t i = 0; i < text.size();) {
    if (!std::string_view(text).substr(i).starts_with("${")) {
      out += text[i++];
      continue;
    }
    const size_t end = text.find('}', i);
    if (end == std::string::npos) {
      problems_.Add(path, at, "Fn::Sub: '${{' without '}}'");
      return Broken(at);
    }
    const std::string name = text.substr(i + 2, end - i - 2);
    i = end + 1;
    if (name.starts_with('!')) {
      out += "${" + name.substr(1) + "}";
      continue;
    }
    Node value;
    const Node* own = with_map ? argument.items[1].Find(name) : nullptr;
    if (own != nullptr) {
      value = Evaluate(*own, path);
    } else if (name.find('.') != std::string::npos) {
      value = GetAttribute(TextNode(name, at), path, at);
    } else {
      value = Reference(name, path, at);
    }
    if (!value.IsScalar()) {
      if (value.kind != Node::Kind::kBroken) {
        problems_.Add(path, at, "Fn::Sub: '{}' is {}, not text", name, value.KindName());
      }
      return Broken(at);
    }
    out += value.text;
  }
  return TextNode(std::move(out), at);
}

Node Evaluator::Join(const Node& argument, const std::string& path, Position at) {
  if (!argument.IsList() || argument.items.size() != 2) {
    problems_.Add(path, at, "Fn::Join needs a list of a delimiter and a list");
    return Broken(at);
  }
  const Node delimiter = Evaluate(argument.items[0], path);
  const Node list = Evaluate(argument.items[1], path);
  if (delimiter.kind == Node::Kind::kBroken || list.kind == Node::Kind::kBroken) {
    return Broken(at);
  }
  std::string out;
  for (size_t i = 0; i < list.items.size(); ++i) {
    if (list.items[i].kind == Node::Kind::kBroken) {
      return Broken(at);
    }
    if (!list.items[i].IsScalar()) {
      problems_.Add(path, at, "Fn::Join: item {} is {}, not text", i, list.items[i].KindName());
      return Broken(at);
    }
    out += (i == 0 ? "" : delimiter.text) + list.items[i].text;
  }
  if (!delimiter.IsScalar() || !list.IsList()) {
    problems_.Add(path, at, "Fn::Join needs a list of a delimiter and a list");
    return Broken(at);
  }
  return TextNode(std::move(out), at);
}

Node Evaluator::Select(const Node& argument, const std::string& path, Position at) {
  if (!argument.IsList() || argument.items.size() != 2) {
    problems_.Add(path, at, "Fn::Select needs a list of an index and a list");
    return Broken(at);
  }
  const Node index = Evaluate(argument.items[0], path);
  const Node list = Evaluate(argument.items[1], path);
  if (index.kind == Node::Kind::kBroken || list.kind == Node::Kind::kBroken) {
    return Broken(at);
  }
  size_t position = 0;
  const char* end = index.text.data() + index.text.size();
  const auto [stop, error] = std::from_chars(index.text.data(), end, position);
  if (!index.IsScalar() || error != std::errc() || stop != end || position >= list.items.size()) {
    problems_.Add(path, at, "Fn::Select: index '{}' is not in a list of {}", index.text,
                  list.items.size());
    return Broken(at);
  }
  return list.items[position];
}

Node Evaluator::Split(const Node& argument, const std::string& path, Position at) {
  if (!argument.IsList() || argument.items.size() != 2) {
    problems_.Add(path, at, "Fn::Split needs a list of a delimiter and text");
    return Broken(at);
  }
  const Node delimiter = Evaluate(argument.items[0], path);
  const Node text = Evaluate(argument.items[1], path);
  if (delimiter.kind == Node::Kind::kBroken || text.kind == Node::Kind::kBroken) {
    return Broken(at);
  }
  if (!delimiter.IsScalar() || delimiter.text.empty() || !text.IsScalar()) {
    problems_.Add(path, at, "Fn::Split needs a list of a delimiter and text");
    return Broken(at);
  }
  return ListNode(SplitText(text.text, delimiter.text), at);
}

Node Evaluator::FindInMap(const Node& argument, const std::string& path, Position at) {
  if (!argument.IsList() || argument.items.size() != 3) {
    problems_.Add(path, at, "Fn::FindInMap needs a list of a mapping and two keys");
    return Broken(at);
  }
  const Node* level = root_.Find("Mappings");
  std::string walked = "Mappings";
  for (const Node& item : argument.items) {
    const Node key = Evaluate(item, path);
    if (key.kind == Node::Kind::kBroken) {
      return Broken(at);
    }
    const Node* next = level == nullptr || !key.IsScalar() ? nullptr : level->Find(key.text);
    if (next == nullptr) {
      std::vector<std::string_view> names;
      for (size_t i = 0; level != nullptr && i < level->members.size(); ++i) {
        names.push_back(level->members[i].key);
      }
      problems_.Add(path, at, "Fn::FindInMap: no '{}' in {}{}", key.text, walked,
                    DidYouMean(key.text, names));
      return Broken(at);
    }
    walked += "." + key.text;
    level = next;
  }
  Node value = *level;
  value.at = at;
  return value;
}

Node Evaluator::If(const Node& argument, const std::string& path, Position at) {
  if (!argument.IsList() || argument.items.size() != 3 || !argument.items[0].IsScalar()) {
    problems_.Add(path, at, "Fn::If needs a list of a condition's name and two values");
    return Broken(at);
  }
  const bool holds = ConditionHolds(argument.items[0].text, path, at);
  return Evaluate(argument.items[holds ? 1 : 2], path);
}

bool Evaluator::ConditionHolds(const std::string& name, const std::string& path, Position at) {
  if (const auto found = conditions_.find(name); found != conditions_.end()) {
    return found->second;
  }
  const Node* section = root_.Find("Conditions");
  const Member* condition = section == nullptr ? nullptr : section->FindMember(name);
  if (condition == nullptr) {
    std::vector<std::string_view> names;
    for (size_t i = 0; section != nullptr && i < section->members.size(); ++i) {
      names.push_back(section->members[i].key);
    }
    problems_.Add(path, at, "no condition named '{}'{}", name, DidYouMean(name, names));
    return false;
  }
  if (!conditions_in_work_.insert(name).second) {
    problems_.Add("Conditions." + name, condition->at, "the condition depends on itself");
    return false;
  }
  const bool holds = Condition(condition->value, "Conditions." + name, 0);
  conditions_in_work_.erase(name);
  conditions_[name] = holds;
  return holds;
}

void Evaluator::CheckConditions() {
  if (const Node* section = root_.Find("Conditions")) {
    for (const Member& member : section->members) {
      ConditionHolds(member.key, "Conditions", member.at);
    }
  }
}

bool Evaluator::Condition(const Node& node, const std::string& path, int depth) {
  if (!node.IsMap() || node.members.size() != 1 || depth > kMaxConditionDepth) {
    problems_.Add(path, node.at,
                  "a condition is one of Fn::Equals, Fn::Not, Fn::And, Fn::Or, Condition");
    return false;
  }
  return ConditionCall(node.members[0], path, depth);
}

bool Evaluator::ConditionCall(const Member& call, const std::string& path, int depth) {
  const Node& argument = call.value;
  if (call.key == "Condition" && argument.IsScalar()) {
    return ConditionHolds(argument.text, path, call.at);
  }
  const size_t count = argument.items.size();
  if (call.key == "Fn::Equals" && count == 2) {
    const Node left = Evaluate(argument.items[0], path);
    const Node right = Evaluate(argument.items[1], path);
    return left.IsScalar() && right.IsScalar() && left.text == right.text;
  }
  if (call.key == "Fn::Not" && count == 1) {
    return !Condition(argument.items[0], path, depth + 1);
  }
  const bool is_and = call.key == "Fn::And";
  if ((is_and || call.key == "Fn::Or") && count >= 2 && count <= 10) {
    bool result = is_and;
    for (const Node& item : argument.items) {
      const bool holds = Condition(item, path, depth + 1);
      result = is_and ? result && holds : result || holds;
    }
    return result;
  }
  problems_.Add(
      path, call.at,
      "a condition is one of Fn::Equals (2 values), Fn::Not (1), Fn::And and Fn::Or (2 to 10), "
      "Condition; not {} of {} values",
      call.key, count);
  return false;
}

}  // namespace weir::stack
