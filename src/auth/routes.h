#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "auth/credentials.h"
#include "auth/gate.h"
#include "auth/keyring.h"
#include "auth/refusals.h"
#include "net/http_server.h"

namespace weir::auth {

/// POST /v1/session (a key becomes a session's cookie), GET (who am I), DELETE (log out). What is
/// given must outlive the server.
void RegisterSessionRoutes(net::HttpServer& server, Gate& gate, Credentials& credentials,
                           Refusals& refusals);

/// GET and POST /v1/keys, POST /v1/keys/{name}/rotate, DELETE /v1/keys/{id}: for admins.
void RegisterKeyRoutes(net::HttpServer& server, Gate& gate, Keyring& keyring);

/// {"key_id":…,"name":…,"roles":[…],"streams":[…],"created":…,"revoked":…,"last_used":…}: how keys
/// are told of everywhere. `secret` is added unless empty.
std::string KeyJson(const KeyInfo& key, std::string_view secret = {});

/// kInvalidArgument names the one that is no role.
base::Result<std::vector<Role>> ParseRoles(const std::vector<std::string>& names);

}  // namespace weir::auth
