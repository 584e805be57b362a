#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "stack/deploy.h"
#include "stack/template.h"

namespace weir::server {

/// Which template, and what for.
struct StackChoice {
  std::string file;  ///< "" is the shipped template.
  std::string name = "weir";
  std::vector<std::string> parameters;  ///< "Name=value"
};

/// Reads and checks the template. kNotFound when the file is missing; kInvalidArgument tells every
/// problem with it.
base::Result<stack::Plan> LoadPlan(const StackChoice& choice);

/// Deploys what was chosen; with no file, the shipped template, but only when no stack is deployed
/// yet.
base::Result<void> DeployChoice(const StackChoice& choice, catalog::Catalog& catalog);

}  // namespace weir::server
