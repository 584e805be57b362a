#include <cstdio>

#include "server/commands.h"
#include "server/data_folder.h"
#include "server/exit_code.h"
#include "server/remote.h"
#include "server/stack_routes.h"

namespace weir::server {

namespace {

constexpr int64_t kTimeoutMillis = 60'000;

base::Result<std::string> AskServer(const Target& target) {
  ASSIGN_OR_RETURN(const auto server, RemoteServer::Open(target, kTimeoutMillis));
  ASSIGN_OR_RETURN(const json::Value body, server->Send("GET", "/v1/stack", ""));
  return body.StringAt("description");
}

}  // namespace

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

int RunStackDescribe(const StackChoice& choice, const Target& target) {
  if (!target.server.empty()) {
    const auto text = AskServer(target);
    if (!text.has_value()) {
      return ReportRemote(text.error());
    }
    (void)std::fputs(text->c_str(), stdout);
    return kExitOk;
  }
  if (target.data.empty()) {
    const auto plan = LoadPlan(choice);
    if (!plan.has_value()) {
      return Report(plan.error());
    }
    (void)std::fputs(stack::DescribePlan(*plan).c_str(), stdout);
    return kExitOk;
  }
  auto folder =
      DataFolder::Open({.path = target.data, .purpose = "stack describe", .create = false});
  if (!folder.has_value()) {
    return ReportOpenFailure(folder.error());
  }
  auto engine = stack::Engine::Open((*folder)->parts(),
                                    {.checkpoint_directory = (*folder)->checkpoint_directory()});
  if (!engine.has_value()) {
    return Report(engine.error());
  }
  const auto text = DescribeDeployed((*folder)->catalog(), **engine, (*folder)->log());
  if (!text.has_value()) {
    return Report(text.error());
  }
  (void)std::fputs(text->c_str(), stdout);
  return kExitOk;
}

}  // namespace weir::server
