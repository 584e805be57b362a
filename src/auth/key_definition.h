#pragma once

#include <string>
#include <string_view>

#include "auth/keyring.h"
#include "base/result.h"
#include "catalog/catalog.h"

namespace weir::auth {

inline constexpr std::string_view kKeyType = "Weir::AccessKey";

/// A key as the catalog keeps it; the resource's name is its id.
struct StoredKey {
  KeyInfo info;
  std::string secret_hash;  ///< SHA-256, 32 bytes; "" once revoked.
  std::string secret_box;   ///< By crypto::SecretBox with the id as context; "" once revoked.
};

/// kDataLoss when the definition is not one that KeyResource made.
base::Result<StoredKey> ReadKey(const catalog::Resource& resource);
catalog::Resource KeyResource(const StoredKey& key);

/// kInvalidArgument, naming what is wrong.
base::Result<void> CheckKeyName(std::string_view name);
base::Result<void> CheckScopes(const std::vector<std::string>& streams);

}  // namespace weir::auth
