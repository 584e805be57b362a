#include <cstdio>

#include "server/commands.h"
#include "server/data_folder.h"
#include "server/exit_code.h"

namespace weir::server {

int RunStackValidate(const StackChoice& choice) {
  const auto plan = LoadPlan(choice);
  if (!plan.has_value()) {
    return Report(plan.error());
  }
  for (const std::string& note : plan->notes) {
    (void)std::fprintf(stderr, "note: %s\n", note.c_str());
  }
  (void)std::printf("valid: %zu resources\n", plan->resources.size());
  return kExitOk;
}

int RunStackDeploy(const StackChoice& choice, const std::string& data, bool dry_run) {
  const auto plan = LoadPlan(choice);
  if (!plan.has_value()) {
    return Report(plan.error());
  }
  auto folder = DataFolder::Open({.path = data, .purpose = "stack deploy"});
  if (!folder.has_value()) {
    return ReportOpenFailure(folder.error());
  }
  catalog::Catalog& catalog = (*folder)->catalog();
  const auto report =
      dry_run ? stack::PreviewDeploy(*plan, catalog) : stack::Deploy(*plan, catalog);
  if (!report.has_value()) {
    return Report(report.error());
  }
  for (const stack::ResourceEffect& effect : report->effects) {
    (void)std::printf("%-10s %-40s %s\n", std::string(stack::EffectName(effect.kind)).c_str(),
                      effect.type.c_str(), effect.name.c_str());
  }
  for (const std::string& note : plan->notes) {
    (void)std::fprintf(stderr, "note: %s\n", note.c_str());
  }
  return kExitOk;
}

int RunStackDescribe(const StackChoice& choice, const std::string& data) {
  if (data.empty()) {
    const auto plan = LoadPlan(choice);
    if (!plan.has_value()) {
      return Report(plan.error());
    }
    (void)std::fputs(stack::DescribePlan(*plan).c_str(), stdout);
    return kExitOk;
  }
  auto folder = DataFolder::Open({.path = data, .purpose = "stack describe", .create = false});
  if (!folder.has_value()) {
    return ReportOpenFailure(folder.error());
  }
  const auto resources = (*folder)->catalog().List("");
  if (!resources.has_value()) {
    return Report(resources.error());
  }
  (void)std::fputs(stack::DescribeResources(*resources).c_str(), stdout);
  auto engine = stack::Engine::Open((*folder)->parts(),
                                    {.checkpoint_directory = (*folder)->checkpoint_directory()});
  if (!engine.has_value()) {
    return Report(engine.error());
  }
  (void)std::fputs(stack::DescribeStatus(**engine, (*folder)->log()).c_str(), stdout);
  return kExitOk;
}

}  // namespace weir::server
