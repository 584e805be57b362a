#pragma once

#include <optional>
#include <string_view>

#include "auth/identity.h"
#include "net/http_server.h"

namespace weir::auth {

/// What a request must show, as far as its head tells, before its body is read.
enum class Need : uint8_t {
  kNothing,    ///< open to everyone: the page, liveness, logging in; doors that check by themselves
  kSignature,  ///< signed by an active key; the door asks for the action
  kKey,        ///< any active key or session; the door asks for the action
  kAction,     ///< a key or session that may do `action`
};

struct Access {
  Need need = Need::kKey;
  std::optional<Action> action;
};

/// The one table of who may reach what. Paths that it does not name need a key of any role.
Access AccessOf(const net::Request& head);

}  // namespace weir::auth
