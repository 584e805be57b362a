#include "stack/node.h"

#include <set>

#include <yaml-cpp/yaml.h>

namespace weir::stack {

namespace {

Position PositionOf(const YAML::Mark& mark) {
  return mark.is_null() ? Position{} : Position{mark.line + 1, mark.column + 1};
}

/// "!Sub" -> "Fn::Sub"; "" for a tag that is no intrinsic's.
std::string LongForm(std::string_view tag) {
  if (tag == "!Ref" || tag == "!Condition") {
    return std::string(tag.substr(1));
  }
  for (const std::string_view name :
       {"!GetAtt", "!Sub", "!Join", "!Select", "!If", "!Equals", "!Not", "!And", "!Or",
        "!FindInMap", "!Split", "!Base64", "!GetAZs", "!ImportValue", "!Cidr", "!Transform"}) {
    if (tag == name) {
      return "Fn::" + std::string(tag.substr(1));
    }
  }
  return "";
}

class Reader {
 public:
  explicit Reader(Problems& problems) : problems_(problems) {}

  Node Read(const YAML::Node& yaml, const std::string& path, int depth) {
    Node node;
    node.at = PositionOf(yaml.Mark());
    if (stopped_) {
      return node;
    }
    if (++count_ > kMaxTemplateNodes || depth > kMaxTemplateDepth) {
      stopped_ = true;
      problems_.Add(path, node.at,
                    "the template is too large or too deep (at most {} values, {} levels)",
                    kMaxTemplateNodes, kMaxTemplateDepth);
      return node;
    }
    ReadValue(yaml, path, depth, node);
    const std::string tag = yaml.Tag();
    if (tag.size() < 2 || tag[0] != '!') {
      return node;
    }
    const std::string name = LongForm(tag);
    if (name.empty()) {
      problems_.Add(path, node.at, "unknown tag '{}'", tag);
      return node;
    }
    Node call;
    call.kind = Node::Kind::kMap;
    call.at = node.at;
    call.members.push_back({name, node.at, std::move(node)});
    return call;
  }

 private:
  void ReadValue(const YAML::Node& yaml, const std::string& path, int depth, Node& node) {
    switch (yaml.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null:
        return;
      case YAML::NodeType::Scalar:
        node.kind = Node::Kind::kScalar;
        node.text = yaml.Scalar();
        node.quoted = yaml.Tag() == "!";
        return;
      case YAML::NodeType::Sequence:
        node.kind = Node::Kind::kList;
        for (const YAML::Node& item : yaml) {
          node.items.push_back(
              Read(item, fmt::format("{}[{}]", path, node.items.size()), depth + 1));
        }
        return;
      case YAML::NodeType::Map:
        ReadMap(yaml, path, depth, node);
        return;
    }
  }

  void ReadMap(const YAML::Node& yaml, const std::string& path, int depth, Node& node) {
    node.kind = Node::Kind::kMap;
    std::set<std::string> seen;
    for (const auto& entry : yaml) {
      const Position at = PositionOf(entry.first.Mark());
      if (!entry.first.IsScalar()) {
        problems_.Add(path, at, "a key must be text");
        continue;
      }
      const std::string key = entry.first.Scalar();
      const std::string inside = path.empty() ? key : path + "." + key;
      if (!seen.insert(key).second) {
        problems_.Add(inside, at, "this key stands here twice");
        continue;
      }
      node.members.push_back({key, at, Read(entry.second, inside, depth + 1)});
    }
  }

  Problems& problems_;
  size_t count_ = 0;
  bool stopped_ = false;
};

}  // namespace

const Member* Node::FindMember(std::string_view key) const {
  for (const Member& member : members) {
    if (member.key == key) {
      return &member;
    }
  }
  return nullptr;
}

const Node* Node::Find(std::string_view key) const {
  const Member* member = FindMember(key);
  return member == nullptr ? nullptr : &member->value;
}

std::string_view Node::KindName() const {
  switch (kind) {
    case Kind::kScalar:
      return "text";
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a map";
    case Kind::kNull:
    case Kind::kNoValue:
    case Kind::kBroken:
      break;
  }
  return "nothing";
}

Node TextNode(std::string text, Position at) {
  Node node;
  node.kind = Node::Kind::kScalar;
  node.text = std::move(text);
  node.at = at;
  return node;
}

Node LoadYaml(std::string_view text, Problems& problems) {
  if (text.size() > kMaxTemplateBytes) {
    problems.Add("", {}, "the template has {} bytes, at most {} are read", text.size(),
                 kMaxTemplateBytes);
    return {};
  }
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    if (documents.size() != 1 || !documents[0].IsMap()) {
      problems.Add("", {1, 1}, "a template is one YAML or JSON map with 'Resources'");
      return {};
    }
    Node root = Reader(problems).Read(documents[0], "", 0);
    return root;
  } catch (const YAML::Exception& error) {
    problems.AddText("", PositionOf(error.mark), "not YAML: " + error.msg);
    return {};
  }
}

}  // namespace weir::stack
