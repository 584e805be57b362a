#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::auth {

/// What a key may do. Each role has its own actions (RoleAllows); a key may have several.
enum class Role : uint8_t {
  kIngest,    ///< put records into streams and describe those; reads nothing
  kViewer,    ///< the dashboard and its figures
  kAnalyst,   ///< viewer, SQL queries, reading records of streams
  kOperator,  ///< analyst, creating, changing and deleting streams, metrics, deploying
  kAdmin,     ///< everything, keys included
};

/// What someone wants to do.
enum class Action : uint8_t {
  kPutRecords,      ///< on a stream
  kDescribeStream,  ///< on a stream, or listing them
  kReadRecords,     ///< on a stream
  kManageStreams,   ///< on a stream: create, reshard, retention, tags, delete
  kViewDashboard,
  kQuery,
  kOperate,  ///< metrics, the stack, readiness in detail
  kManageKeys,
};

/// "ingest", "viewer", …
std::string_view RoleName(Role role);
/// The role of that name, or nothing.
std::optional<Role> RoleOf(std::string_view name);
bool RoleAllows(Role role, Action action);
/// Whether the action is on a stream and therefore bound by the key's scope.
bool IsOnStream(Action action);
/// Whether the action is about all streams at once and therefore for keys without a scope alone.
bool IsOfAllStreams(Action action);

/// Who asks. `streams` bounds the actions on streams, and what queries may read: names, or prefixes
/// that end in '*'; empty for all streams.
struct Identity {
  std::string key_id;  ///< "" for everyone while authentication is off.
  std::vector<Role> roles;
  std::vector<std::string> streams;

  /// Whether a role allows `action` and the scope holds `stream`, for actions on streams, or all
  /// streams, for actions that are about all. "" stands for all, too; a scope that holds all is
  /// empty or has "*".
  bool May(Action action, std::string_view stream = {}) const;
  /// Whether the scope holds `stream`, whatever the roles allow. A query may read the tables that
  /// such streams feed.
  bool Holds(std::string_view stream) const;
};

/// Everyone, while authentication is off (loopback only).
Identity Everyone();

}  // namespace weir::auth
