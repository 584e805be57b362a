#pragma once

/// The door of the stack room for templates: text in, plan out. Nothing is changed by it.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "json/document.h"
#include "stack/problem.h"

namespace weir::stack {

inline constexpr size_t kMaxResources = 500;

struct TemplateInput {
  std::string text;       ///< YAML or JSON.
  std::string file_name;  ///< For messages.
  std::string stack_name = "weir";
  std::map<std::string, std::string> parameters;
};

/// A resource with every value computed and checked.
struct PlannedResource {
  std::string logical_id;
  std::string type;
  std::string name;                     ///< Physical name, unique within the type.
  std::string arn;                      ///< "" when the type has none.
  json::Value properties;               ///< Without ignored ones; what the catalog keeps.
  std::vector<std::string> depends_on;  ///< Logical ids.
  bool ignored = false;                 ///< Accepted, without effect.
};

struct PlannedOutput {
  std::string name;
  std::string value;
  std::string description;
};

/// What a template asks for.
struct Plan {
  std::string stack_name;
  std::string description;
  /// Each after those it depends on.
  std::vector<PlannedResource> resources;
  std::vector<PlannedOutput> outputs;
  /// What was accepted and ignored.
  std::vector<std::string> notes;

  /// The resources with an effect, as the catalog keeps them.
  std::vector<catalog::Resource> ToResources() const;
};

/// Checks everything: syntax, parameters, intrinsics, types, properties, references, cycles,
/// streaming SQL, and that the resources fit together. kInvalidArgument tells every problem, one a
/// line, as
/// "<file>:<line>:<column>: <path>: <message>"; they are also put into `problems` when given.
base::Result<Plan> PlanTemplate(const TemplateInput& input,
                                std::vector<Problem>* problems = nullptr);

/// Text for people: resources with types, names and dependencies, outputs, notes.
std::string DescribePlan(const Plan& plan);

}  // namespace weir::stack
