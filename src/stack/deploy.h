#pragma once

/// The door of the stack room for deploying: a plan becomes what the catalog holds.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "stack/template.h"

namespace weir::stack {

/// What deploying does, or did, to one resource.
struct ResourceEffect {
  enum class Kind : uint8_t { kCreate, kUpdate, kUnchanged, kRemove };
  Kind kind = Kind::kCreate;
  std::string type;
  std::string name;
  std::string logical_id;
};

/// "create", "update", "unchanged" or "remove".
std::string_view EffectName(ResourceEffect::Kind kind);

struct DeployReport {
  std::vector<ResourceEffect> effects;  ///< In the plan's order, removals last.
};

/// Compares the plan with what the catalog holds of its stack, and checks that it fits the other
/// stacks. Changes nothing.
///
/// What the API has changed of a stream since stays (registry::RestateStream): the same template
/// again never undoes a reshard, another ShardCount is one.
///
/// kFailedPrecondition for changes that would give stored results another meaning (an application's
/// input, plan or outputs, what a delivery stream delivers and where) and for the removal of what
/// holds data or state (streams, applications, outputs, delivery streams, buckets).
/// kInvalidArgument when it does not fit the other stacks.
base::Result<DeployReport> PreviewDeploy(const Plan& plan, catalog::Catalog& catalog,
                                         base::Clock& clock = base::SystemClock());

/// Does it, in one catalog transaction. Deploying the same again changes nothing. An engine sees it
/// when it is opened.
base::Result<DeployReport> Deploy(const Plan& plan, catalog::Catalog& catalog,
                                  base::Clock& clock = base::SystemClock());

/// Resources of a catalog with their stacks, for people: those of the types that a template may
/// have. Keys, and what the API notes besides, are not listed.
std::string DescribeResources(const std::vector<catalog::Resource>& resources);

}  // namespace weir::stack
