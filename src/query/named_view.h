#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "query/protocol.h"

namespace weir::query {

/// The view that a named query makes.
struct NamedView {
  std::string database;  ///< Lower case; "" for main, where bare names are.
  std::string name;      ///< Lower case.
  std::string select;    ///< What it stands for.
};

/// Reads "CREATE [OR REPLACE] VIEW [database.]name AS SELECT …", or a bare SELECT, whose view has
/// the named query's name. kInvalidArgument for anything else and for names that are not [a-z0-9_-]
/// in any case; the SELECT is not looked at.
base::Result<NamedView> ReadNamedView(const NamedQuery& query);

}  // namespace weir::query
