#include "auth/identity.h"

#include <algorithm>

namespace weir::auth {
namespace {

bool ScopeHolds(std::string_view scope, std::string_view stream) {
  if (scope.ends_with('*')) {
    scope.remove_suffix(1);
    return stream.starts_with(scope);
  }
  return !stream.empty() && scope == stream;
}

}  // namespace

std::string_view RoleName(Role role) {
  switch (role) {
    case Role::kIngest:
      return "ingest";
    case Role::kViewer:
      return "viewer";
    case Role::kAnalyst:
      return "analyst";
    case Role::kOperator:
      return "operator";
    case Role::kAdmin:
      return "admin";
  }
  return "none";
}

std::optional<Role> RoleOf(std::string_view name) {
  for (const Role role :
       {Role::kIngest, Role::kViewer, Role::kAnalyst, Role::kOperator, Role::kAdmin}) {
    if (RoleName(role) == name) {
      return role;
    }
  }
  return std::nullopt;
}

bool RoleAllows(Role role, Action action) {
  switch (role) {
    case Role::kIngest:
      return action == Action::kPutRecords || action == Action::kDescribeStream;
    case Role::kViewer:
      return action == Action::kViewDashboard;
    case Role::kAnalyst:
      return RoleAllows(Role::kViewer, action) || action == Action::kQuery ||
             action == Action::kReadRecords || action == Action::kDescribeStream;
    case Role::kOperator:
      return RoleAllows(Role::kAnalyst, action) || action == Action::kManageStreams ||
             action == Action::kOperate;
    case Role::kAdmin:
      return true;
  }
  return false;
}

bool IsOnStream(Action action) {
  switch (action) {
    case Action::kPutRecords:
    case Action::kDescribeStream:
    case Action::kReadRecords:
    case Action::kManageStreams:
      return true;
    case Action::kViewDashboard:
    case Action::kQuery:
    case Action::kOperate:
    case Action::kManageKeys:
      return false;
  }
  return true;
}

bool IsOfAllStreams(Action action) {
  // A key that is bound to streams could otherwise make itself one that is not, or see figures of
  // other streams. What it queries is judged table by table.
  return action == Action::kManageKeys || action == Action::kViewDashboard ||
         action == Action::kOperate;
}

bool Identity::May(Action action, std::string_view stream) const {
  if (std::ranges::none_of(roles, [action](Role role) { return RoleAllows(role, action); })) {
    return false;
  }
  if (IsOfAllStreams(action)) {
    return Holds("");
  }
  return !IsOnStream(action) || Holds(stream);
}

bool Identity::Holds(std::string_view stream) const {
  return streams.empty() || std::ranges::any_of(streams, [stream](std::string_view scope) {
           return ScopeHolds(scope, stream);
         });
}

Identity Everyone() {
  return {.key_id = "", .roles = {Role::kAdmin}, .streams = {}};
}

}  // namespace weir::auth
