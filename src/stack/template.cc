#include "stack/template.h"

#include <algorithm>
#include <set>

#include "stack/definitions.h"
#include "stack/evaluator.h"
#include "stack/schema.h"

namespace weir::stack {

namespace {

constexpr size_t kMaxStackName = 40;

const std::vector<std::string_view> kSections = {"AWSTemplateFormatVersion",
                                                 "Description",
                                                 "Metadata",
                                                 "Parameters",
                                                 "Mappings",
                                                 "Conditions",
                                                 "Resources",
                                                 "Outputs"};
const std::vector<std::string_view> kResourceKeys = {
    "Type",     "Properties",     "DependsOn",          "Condition",
    "Metadata", "DeletionPolicy", "UpdateReplacePolicy"};

std::string ReplaceAll(std::string text, std::string_view what, std::string_view with) {
  for (size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

std::vector<std::string_view> Keys(const Node& node) {
  std::vector<std::string_view> keys;
  for (const Member& member : node.members) {
    keys.push_back(member.key);
  }
  return keys;
}

/// The deepest part of `node` that the path ("Inputs[0].InputSchema") leads to.
Position Locate(const Node& node, std::string_view path) {
  const Node* at = &node;
  Position found = node.at;
  while (!path.empty() && at != nullptr) {
    if (path.front() == '[') {
      const size_t close = path.find(']');
      const size_t index =
          static_cast<size_t>(std::atoi(std::string(path.substr(1, close - 1)).c_str()));
      at = at->IsList() && index < at->items.size() ? &at->items[index] : nullptr;
      path.remove_prefix(std::min(path.size(), close + 1));
    } else {
      const size_t end = path.find_first_of(".[");
      const Member* member = at->FindMember(path.substr(0, end));
      at = member == nullptr ? nullptr : &member->value;
      path.remove_prefix(std::min(path.size(), end));
      if (member != nullptr) {
        found = member->at;
      }
    }
    if (path.starts_with('.')) {
      path.remove_prefix(1);
    }
    if (at != nullptr && at->at.line > 0) {
      found = at->at;
    }
  }
  return found;
}

class Planner {
 public:
  Planner(const TemplateInput& input, Problems& problems)
      : input_(input),
        problems_(problems),
        root_(LoadYaml(input.text, problems)),
        evaluator_(root_, input.stack_name, problems) {}

  Plan Make() {
    plan_.stack_name = input_.stack_name;
    if (!problems_.empty() || !CheckSections()) {
      return std::move(plan_);
    }
    evaluator_.SetParameters(input_.parameters);
    evaluator_.CheckConditions();
    evaluator_.SetResolver([this](const std::string& id, const std::string& attribute,
                                  const std::string& path,
                                  Position at) { return Resolve(id, attribute, path, at); });
    for (const Member& member : resources_->members) {
      StartResource(member);
    }
    for (auto& [id, work] : works_) {
      EvaluateResource(id, work);
    }
    CheckNamesOnce();
    OrderResources();
    EvaluateOutputs();
    if (problems_.empty()) {
      CheckDefinitions();
    }
    return std::move(plan_);
  }

 private:
  struct Work {
    const Member* member = nullptr;
    const ResourceType* type = nullptr;
    bool active = true;
    std::optional<std::string> name;
    bool naming = false;
    bool evaluating = false;
    std::set<std::string> depends_on;
    Node properties;
    json::Value value;
  };

  bool CheckSections() {
    for (const Member& section : root_.members) {
      if (std::find(kSections.begin(), kSections.end(), section.key) == kSections.end()) {
        problems_.Add(section.key, section.at, "unknown section '{}'{}", section.key,
                      DidYouMean(section.key, kSections));
      } else if (section.key != "Description" && section.key != "AWSTemplateFormatVersion" &&
                 !section.value.IsMap()) {
        problems_.Add(section.key, section.at, "must be a map, not {}", section.value.KindName());
        return false;
      }
    }
    if (const Node* version = root_.Find("AWSTemplateFormatVersion");
        version != nullptr && version->text != "2010-09-09") {
      problems_.Add("AWSTemplateFormatVersion", version->at, "must be '2010-09-09', not '{}'",
                    version->text);
    }
    if (const Node* description = root_.Find("Description")) {
      plan_.description = description->text;
    }
    if (input_.stack_name.empty() || input_.stack_name.size() > kMaxStackName ||
        input_.stack_name.find_first_not_of(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") !=
            std::string::npos) {
      problems_.Add("", {}, "stack name '{}' must be 1 to {} letters, digits and '-'",
                    input_.stack_name, kMaxStackName);
    }
    resources_ = root_.Find("Resources");
    if (resources_ == nullptr || resources_->members.empty()) {
      problems_.Add("Resources", root_.at, "is missing: a template has at least one resource");
      return false;
    }
    if (resources_->members.size() > kMaxResources) {
      problems_.Add("Resources", resources_->at, "{} resources, at most {} are taken",
                    resources_->members.size(), kMaxResources);
      return false;
    }
    return true;
  }

  void StartResource(const Member& member) {
    const std::string path = "Resources." + member.key;
    const Node& node = member.value;
    const Member* type = node.FindMember("Type");
    if (type == nullptr || !type->value.IsScalar()) {
      problems_.Add(path, member.at, "Type is missing");
      return;
    }
    for (const Member& entry : node.members) {
      if (std::find(kResourceKeys.begin(), kResourceKeys.end(), entry.key) == kResourceKeys.end()) {
        problems_.Add(path + "." + entry.key, entry.at, "a resource has no '{}'{}", entry.key,
                      DidYouMean(entry.key, kResourceKeys));
      }
    }
    Work work;
    work.member = &member;
    work.type = FindResourceType(type->value.text);
    if (work.type == nullptr) {
      std::vector<std::string_view> names;
      for (const ResourceType& known : ResourceTypes()) {
        names.push_back(known.name);
      }
      problems_.Add(path + ".Type", type->value.at, "unknown resource type '{}'{}",
                    type->value.text, DidYouMean(type->value.text, names));
      return;
    }
    if (const Member* condition = node.FindMember("Condition")) {
      work.active =
          evaluator_.ConditionHolds(condition->value.text, path + ".Condition", condition->at);
    }
    if (work.active) {
      ReadDependsOn(path, node, work);
    }
    works_.emplace(member.key, std::move(work));
  }

  void ReadDependsOn(const std::string& path, const Node& node, Work& work) {
    const Node* depends = node.Find("DependsOn");
    if (depends == nullptr) {
      return;
    }
    std::vector<const Node*> names;
    if (depends->IsList()) {
      for (const Node& item : depends->items) {
        names.push_back(&item);
      }
    } else {
      names.push_back(depends);
    }
    for (const Node* name : names) {
      if (!name->IsScalar() || resources_->Find(name->text) == nullptr) {
        problems_.Add(path + ".DependsOn", name->at, "no resource named '{}'{}", name->text,
                      DidYouMean(name->text, Keys(*resources_)));
      } else {
        work.depends_on.insert(name->text);
      }
    }
  }

  std::optional<std::string> Resolve(const std::string& id, const std::string& attribute,
                                     const std::string& path, Position at) {
    const auto found = works_.find(id);
    if (found == works_.end()) {
      return {};  // its problem is recorded already
    }
    Work& work = found->second;
    if (!work.active) {
      problems_.Add(path, at, "resource '{}' is left out by its condition", id);
      return {};
    }
    if (!current_.empty()) {
      works_.at(current_).depends_on.insert(id);
    }
    if (!attribute.empty() && (attribute != "Arn" || work.type->arn.empty())) {
      problems_.Add(path, at, "{} has no attribute '{}'{}", work.type->name, attribute,
                    work.type->arn.empty() ? "" : "; it has: Arn");
      return {};
    }
    const std::optional<std::string> name = NameOf(id, work);
    if (!name.has_value()) {
      return {};
    }
    return attribute.empty() ? *name : ArnOf(work, *name);
  }

  static std::string ArnOf(const Work& work, std::string_view name) {
    std::string arn = ReplaceAll(std::string(work.type->arn), "{region}", kRegion);
    arn = ReplaceAll(std::move(arn), "{account}", kAccountId);
    return ReplaceAll(std::move(arn), "{name}", name);
  }

  /// The physical name, computed when first needed, so that references may go in any order.
  std::optional<std::string> NameOf(const std::string& id, Work& work) {
    if (work.name.has_value()) {
      return work.name;
    }
    const std::string path = "Resources." + id;
    if (work.naming) {
      problems_.Add(path, work.member->at, "the resource's name depends on itself");
      return {};
    }
    std::string_view property = work.type->name_property;
    const Node* at = work.member->value.Find("Properties");
    while (at != nullptr && !property.empty()) {
      const size_t dot = property.find('.');
      at = at->Find(property.substr(0, dot));
      property.remove_prefix(dot == std::string_view::npos ? property.size() : dot + 1);
    }
    if (at == nullptr || work.type->name_property.empty()) {
      work.name = DefaultName(id, work);
      return work.name;
    }
    work.naming = true;
    const std::string before = std::exchange(current_, id);
    const Node value =
        evaluator_.Evaluate(*at, path + ".Properties." + std::string(work.type->name_property));
    current_ = before;
    work.naming = false;
    if (value.kind == Node::Kind::kNoValue) {
      work.name = DefaultName(id, work);
    } else if (value.IsScalar()) {
      work.name = value.text;
    }
    return work.name;
  }

  std::string DefaultName(const std::string& id, const Work& work) const {
    if (work.type->name_property.empty() || work.type->name == "AWS::Athena::NamedQuery") {
      return work.type->name == "AWS::Athena::NamedQuery" ? id : input_.stack_name + "-" + id;
    }
    std::string name = input_.stack_name + "-" + id;
    if (work.type->name == "AWS::S3::Bucket" || work.type->name == "AWS::Glue::Database") {
      std::transform(name.begin(), name.end(), name.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      });
    }
    return name;
  }

  void EvaluateResource(const std::string& id, Work& work) {
    if (!work.active) {
      return;
    }
    const std::string path = "Resources." + id + ".Properties";
    current_ = id;
    NameOf(id, work);
    const Member* properties = work.member->value.FindMember("Properties");
    Node empty;
    empty.kind = Node::Kind::kMap;
    empty.at = work.member->at;
    work.properties = properties == nullptr ? empty : evaluator_.Evaluate(properties->value, path);
    current_.clear();
    if (work.type->ignored) {
      plan_.notes.push_back(
          fmt::format("Resources.{} ({}) is accepted and ignored", id, work.type->name));
      return;
    }
    if (!work.properties.IsMap()) {
      if (work.properties.kind != Node::Kind::kBroken) {
        problems_.Add(path, properties->at, "must be a map, not {}", work.properties.KindName());
      }
      return;
    }
    const Position at = properties == nullptr ? work.member->at : properties->at;
    work.value =
        CheckProperties(work.type->properties, work.properties, path, at, problems_, plan_.notes);
  }

  /// Two resources of one type and name would be one.
  void CheckNamesOnce() {
    std::map<std::pair<std::string_view, std::string>, std::string> seen;
    for (const auto& [id, work] : works_) {
      if (!work.active || work.type->ignored || !work.name.has_value()) {
        continue;
      }
      const auto [found, inserted] = seen.emplace(std::pair(work.type->name, *work.name), id);
      if (!inserted) {
        problems_.Add("Resources." + id, work.member->at, "has the same name '{}' as Resources.{}",
                      *work.name, found->second);
      }
    }
  }

  /// Depth first, each resource after those it depends on. A resource that is met again while its
  /// own dependencies are in work closes a circle.
  bool Visit(const std::string& id, std::vector<std::string>& trail, std::set<std::string>& done) {
    if (done.contains(id)) {
      return true;
    }
    const auto cycle = std::find(trail.begin(), trail.end(), id);
    if (cycle != trail.end()) {
      std::string text;
      for (auto it = cycle; it != trail.end(); ++it) {
        text += *it + " -> ";
      }
      problems_.Add("Resources." + id, works_.at(id).member->at, "depends on itself: {}{}", text,
                    id);
      return false;
    }
    trail.push_back(id);
    const Work& work = works_.at(id);
    for (const std::string& next : work.depends_on) {
      if (works_.contains(next) && !Visit(next, trail, done)) {
        return false;
      }
    }
    trail.pop_back();
    done.insert(id);
    if (work.active) {
      AddPlanned(id, work);
    }
    return true;
  }

  void OrderResources() {
    std::set<std::string> done;
    for (const Member& member : resources_->members) {
      std::vector<std::string> trail;
      if (works_.contains(member.key) && !Visit(member.key, trail, done)) {
        return;
      }
    }
  }

  void AddPlanned(const std::string& id, const Work& work) {
    PlannedResource planned;
    planned.logical_id = id;
    planned.type = std::string(work.type->name);
    planned.name = work.name.value_or("");
    planned.arn = work.type->arn.empty() ? "" : ArnOf(work, planned.name);
    planned.properties = work.value;
    planned.depends_on.assign(work.depends_on.begin(), work.depends_on.end());
    planned.ignored = work.type->ignored;
    plan_.resources.push_back(std::move(planned));
  }

  void EvaluateOutputs() {
    const Node* outputs = root_.Find("Outputs");
    for (size_t i = 0; outputs != nullptr && i < outputs->members.size(); ++i) {
      const Member& member = outputs->members[i];
      const std::string path = "Outputs." + member.key;
      const std::vector<std::string_view> keys = {"Value", "Description", "Condition", "Export"};
      for (const Member& entry : member.value.members) {
        if (std::find(keys.begin(), keys.end(), entry.key) == keys.end()) {
          problems_.Add(path + "." + entry.key, entry.at, "an output has no '{}'{}", entry.key,
                        DidYouMean(entry.key, keys));
        }
      }
      if (const Member* condition = member.value.FindMember("Condition");
          condition != nullptr &&
          !evaluator_.ConditionHolds(condition->value.text, path + ".Condition", condition->at)) {
        continue;
      }
      const Member* value = member.value.FindMember("Value");
      if (value == nullptr) {
        problems_.Add(path, member.at, "Value is missing");
        continue;
      }
      const Node result = evaluator_.Evaluate(value->value, path + ".Value");
      const Node* description = member.value.Find("Description");
      plan_.outputs.push_back(
          {member.key, result.text, description == nullptr ? "" : description->text});
    }
  }

  /// Whether the resources fit together, and the streaming SQL.
  void CheckDefinitions() {
    std::vector<DefinitionIssue> issues;
    ReadDefinitions(plan_.ToResources(), issues);
    for (const DefinitionIssue& issue : issues) {
      for (const auto& [id, work] : works_) {
        if (work.active && work.type->name == issue.type && work.name == issue.name) {
          const std::string path =
              "Resources." + id + ".Properties" + (issue.path.empty() ? "" : "." + issue.path);
          const Position at =
              issue.path.empty() ? work.member->at : Locate(work.properties, issue.path);
          problems_.AddText(path, at, issue.message);
        }
      }
    }
  }

  const TemplateInput& input_;
  Problems& problems_;
  const Node root_;
  Evaluator evaluator_;
  const Node* resources_ = nullptr;
  std::map<std::string, Work> works_;
  std::string current_;  ///< Whose properties are being evaluated.
  Plan plan_;
};

}  // namespace

std::vector<catalog::Resource> Plan::ToResources() const {
  std::vector<catalog::Resource> list;
  for (const PlannedResource& planned : resources) {
    if (planned.ignored) {
      continue;
    }
    catalog::Resource resource;
    resource.type = planned.type;
    resource.name = planned.name;
    resource.stack = stack_name;
    resource.logical_id = planned.logical_id;
    resource.definition = planned.properties.Serialize();
    list.push_back(std::move(resource));
  }
  return list;
}

base::Result<Plan> PlanTemplate(const TemplateInput& input, std::vector<Problem>* problems) {
  Problems found;
  Plan plan = Planner(input, found).Make();
  if (problems != nullptr) {
    *problems = found.Sorted();
  }
  if (!found.empty()) {
    return base::Fail(base::Code::kInvalidArgument, "{}", found.ToText(input.file_name));
  }
  return plan;
}

std::string DescribePlan(const Plan& plan) {
  std::string text = fmt::format("stack {}: {}\n\n", plan.stack_name, plan.description);
  text += fmt::format("{:<28} {:<40} {}\n", "logical id", "type", "name");
  for (const PlannedResource& resource : plan.resources) {
    text += fmt::format("{:<28} {:<40} {}{}\n", resource.logical_id, resource.type, resource.name,
                        resource.ignored ? " (accepted and ignored)" : "");
  }
  if (!plan.outputs.empty()) {
    text += "\noutputs\n";
    for (const PlannedOutput& output : plan.outputs) {
      text += fmt::format("{:<28} {}\n", output.name, output.value);
    }
  }
  if (!plan.notes.empty()) {
    text += "\nnotes\n";
    for (const std::string& note : plan.notes) {
      text += "- " + note + "\n";
    }
  }
  return text;
}

}  // namespace weir::stack
