#include "server/deploy_stack.h"

#include <algorithm>
#include <utility>

#include "base/file_system.h"
#include "base/logging.h"
#include "stack/shipped.h"

namespace weir::server {

base::Result<stack::Plan> LoadPlan(const StackChoice& choice) {
  stack::TemplateInput input;
  input.stack_name = choice.name;
  if (choice.file.empty()) {
    input.text = stack::ShippedTemplate();
    input.file_name = stack::kShippedTemplateName;
  } else {
    auto text = base::ReadFile(base::SystemFileSystem(), choice.file);
    if (!text.has_value()) {
      return base::Fail(
          text.error().code,
          "{}; give the path of a template, or none for the shipped ad-to-order stack",
          text.error().message);
    }
    input.text = std::move(*text);
    input.file_name = choice.file;
  }
  for (const std::string& parameter : choice.parameters) {
    const size_t equals = parameter.find('=');
    if (equals == std::string::npos || equals == 0) {
      return base::Fail(base::Code::kInvalidArgument, "--parameter '{}' must be Name=value",
                        parameter);
    }
    input.parameters[parameter.substr(0, equals)] = parameter.substr(equals + 1);
  }
  return stack::PlanTemplate(input);
}

base::Result<void> DeployChoice(const StackChoice& choice, catalog::Catalog& catalog) {
  if (choice.file.empty() && choice.parameters.empty()) {
    ASSIGN_OR_RETURN(const std::vector<catalog::Resource> existing, catalog.List(""));
    // Keys, and streams that the API made, are of no stack.
    if (std::ranges::any_of(existing, [](const auto& it) { return !it.stack.empty(); })) {
      return {};
    }
  }
  ASSIGN_OR_RETURN(const stack::Plan plan, LoadPlan(choice));
  ASSIGN_OR_RETURN(const stack::DeployReport report, stack::Deploy(plan, catalog));
  size_t changed = 0;
  for (const stack::ResourceEffect& effect : report.effects) {
    if (effect.kind != stack::ResourceEffect::Kind::kUnchanged) {
      ++changed;
      base::LogEvent(base::LogLevel::kDebug, "stack.resource", stack::EffectName(effect.kind),
                     {{"type", effect.type}, {"name", effect.name}});
    }
  }
  base::LogEvent(base::LogLevel::kInfo, "stack.deployed",
                 fmt::format("stack '{}' deployed", plan.stack_name),
                 {{"resources", report.effects.size()}, {"changed", changed}});
  return {};
}

}  // namespace weir::server
