#include "stack/deploy.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/time_format.h"
#include "registry/registry.h"
#include "sql/compiler.h"
#include "stack/definitions.h"
#include "stack/schema.h"

namespace weir::stack {

namespace {

using Kind = ResourceEffect::Kind;
using Key = std::pair<std::string, std::string>;  ///< Type, name.

constexpr json::Limits kLimits{.max_bytes = 1 << 20, .max_depth = 64, .max_keys = 2'000};

bool HoldsData(std::string_view type) {
  return type == "AWS::Kinesis::Stream" || type == "AWS::KinesisAnalytics::Application" ||
         type == "AWS::KinesisAnalytics::ApplicationOutput" ||
         type == "AWS::KinesisFirehose::DeliveryStream" || type == "AWS::S3::Bucket";
}

/// `value` without the members that may change freely, at any depth.
json::Value Without(const json::Value& value, const std::set<std::string_view>& free) {
  if (value.IsArray()) {
    json::Value list = json::Value::Array();
    for (const json::Value& item : value.Items()) {
      list.Append(Without(item, free));
    }
    return list;
  }
  if (!value.IsObject()) {
    return value;
  }
  json::Value object = json::Value::Object();
  for (const json::Member& member : value.Members()) {
    if (!free.contains(member.name)) {
      object.Set(member.name, Without(member.value, free));
    }
  }
  return object;
}

/// The compiled plan of an application's code, or the code itself when it does not compile.
std::string PlanText(const catalog::Resource& application) {
  std::vector<DefinitionIssue> issues;
  const Definitions definitions = ReadDefinitions({&application, 1}, issues);
  if (definitions.applications.empty()) {
    return application.definition;
  }
  const stream::ApplicationDefinition& definition = definitions.applications.front();
  sql::InputStream input{definition.input.name_prefix + "_001", {}};
  for (const stream::InputColumn& column : definition.input.columns) {
    input.schema.push_back({column.name, column.type});
  }
  const auto program = sql::Compile(definition.code, {&input, 1});
  return program.has_value() ? program->ToString() : definition.code;
}

/// Why the resource cannot become what the plan says, or "".
std::string RefusalOf(const catalog::Resource& before, const catalog::Resource& after) {
  std::set<std::string_view> free;
  if (after.type == registry::kStreamType) {
    return "";  // Its shards follow the rules of the registry.
  }
  if (after.type == "AWS::KinesisAnalytics::Application") {
    free = {"ApplicationDescription", "ApplicationCode"};
  } else if (after.type == "AWS::KinesisFirehose::DeliveryStream") {
    free = {"BufferingHints", "Prefix", "ErrorOutputPrefix"};
  } else if (!HoldsData(after.type)) {
    return "";
  }
  const auto old_value = json::Parse(before.definition, kLimits);
  const auto new_value = json::Parse(after.definition, kLimits);
  if (old_value.has_value() && new_value.has_value() &&
      Without(*old_value, free) == Without(*new_value, free) &&
      (after.type != "AWS::KinesisAnalytics::Application" || PlanText(before) == PlanText(after))) {
    return "";
  }
  std::string may;
  for (const std::string_view name : free) {
    may += (may.empty() ? "" : ", ") + std::string(name);
  }
  return fmt::format(
      "{} '{}' cannot be changed so: results that are already stored would get another meaning. {} "
      "Give it another "
      "name, or deploy into a new data folder.",
      after.type, after.name,
      may.empty() ? "Nothing of it may change." : fmt::format("Only {} may change.", may));
}

struct Comparison {
  DeployReport report;
  std::vector<catalog::ResourceChange> changes;
};

/// A stream keeps what the API has changed of it; other resources are what the template says.
base::Result<void> Restate(catalog::Catalog& catalog, model::Rowtime now,
                           catalog::Resource& resource) {
  if (resource.type == registry::kStreamType) {
    auto restated = registry::RestateStream(catalog, resource, now);
    if (!restated.has_value()) {
      return std::unexpected(base::Within(fmt::format("{} '{}'", resource.type, resource.name),
                                          std::move(restated).error()));
    }
    resource.definition = *std::move(restated);
  }
  return {};
}

base::Result<Comparison> Compare(const Plan& plan, catalog::Catalog& catalog, model::Rowtime now) {
  ASSIGN_OR_RETURN(const std::vector<catalog::Resource> existing, catalog.List(""));
  std::map<Key, const catalog::Resource*> before;
  for (const catalog::Resource& resource : existing) {
    before.emplace(Key(resource.type, resource.name), &resource);
  }
  Comparison result;
  std::string refusals;
  const auto refuse = [&refusals](const std::string& reason) {
    refusals += reason.empty() || refusals.empty() ? reason : "\n" + reason;
  };
  std::vector<catalog::Resource> after;
  std::set<Key> planned;
  for (catalog::Resource& resource : plan.ToResources()) {
    const Key key(resource.type, resource.name);
    planned.insert(key);
    ResourceEffect effect{Kind::kCreate, resource.type, resource.name, resource.logical_id};
    if (const auto found = before.find(key); found != before.end()) {
      const catalog::Resource& old = *found->second;
      if (old.stack != plan.stack_name) {
        refuse(fmt::format("{} '{}' belongs to {}; choose another name", resource.type,
                           resource.name,
                           old.stack.empty() ? "no stack" : fmt::format("stack '{}'", old.stack)));
      } else {
        RETURN_IF_ERROR(Restate(catalog, now, resource));
        refuse(old.definition == resource.definition ? "" : RefusalOf(old, resource));
      }
      resource.created = old.created;
      effect.kind = old.definition == resource.definition && old.logical_id == resource.logical_id
                        ? Kind::kUnchanged
                        : Kind::kUpdate;
    }
    if (effect.kind != Kind::kUnchanged) {
      result.changes.push_back({catalog::ResourceChange::Kind::kPut, resource});
    }
    result.report.effects.push_back(std::move(effect));
    after.push_back(std::move(resource));
  }
  for (const catalog::Resource& resource : existing) {
    if (resource.stack != plan.stack_name) {
      after.push_back(resource);
    } else if (!planned.contains(Key(resource.type, resource.name))) {
      refuse(HoldsData(resource.type)
                 ? fmt::format("{} '{}' is no longer in the template, but it holds data or state "
                               "and cannot be "
                               "removed; keep it, or deploy into a new data folder",
                               resource.type, resource.name)
                 : "");
      result.report.effects.push_back(
          {Kind::kRemove, resource.type, resource.name, resource.logical_id});
      result.changes.push_back({catalog::ResourceChange::Kind::kDelete, resource});
    }
  }
  if (!refusals.empty()) {
    return base::Fail(base::Code::kFailedPrecondition, "{}", refusals);
  }
  // What is stored already may have what earlier releases took.
  if (!result.changes.empty()) {
    RETURN_IF_ERROR(CheckDefinitions(after));
  }
  return result;
}

}  // namespace

std::string_view EffectName(ResourceEffect::Kind kind) {
  switch (kind) {
    case Kind::kCreate:
      return "create";
    case Kind::kUpdate:
      return "update";
    case Kind::kUnchanged:
      return "unchanged";
    case Kind::kRemove:
      return "remove";
  }
  return "";
}

base::Result<DeployReport> PreviewDeploy(const Plan& plan, catalog::Catalog& catalog,
                                         base::Clock& clock) {
  ASSIGN_OR_RETURN(Comparison comparison,
                   Compare(plan, catalog, model::Rowtime{clock.WallMillis()}));
  return std::move(comparison.report);
}

base::Result<DeployReport> Deploy(const Plan& plan, catalog::Catalog& catalog, base::Clock& clock) {
  ASSIGN_OR_RETURN(Comparison comparison,
                   Compare(plan, catalog, model::Rowtime{clock.WallMillis()}));
  if (!comparison.changes.empty()) {
    RETURN_IF_ERROR(catalog.Apply(comparison.changes));
  }
  return std::move(comparison.report);
}

std::string DescribeResources(const std::vector<catalog::Resource>& resources) {
  std::string text = fmt::format("{:<12} {:<40} {:<36} {}\n", "stack", "type", "name", "created");
  for (const catalog::Resource& resource : resources) {
    if (FindResourceType(resource.type) != nullptr) {
      text += fmt::format("{:<12} {:<40} {:<36} {}\n", resource.stack, resource.type, resource.name,
                          base::FormatRfc3339(resource.created.millis));
    }
  }
  return text;
}

}  // namespace weir::stack
