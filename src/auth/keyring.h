#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/identity.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "model/record.h"

namespace weir::auth {

/// A key without its secret.
struct KeyInfo {
  std::string id;    ///< "WEIR" and 16 characters of A-Z2-7: an access key id for AWS clients.
  std::string name;  ///< What people call it; two active keys may have one name (rotation).
  std::vector<Role> roles;
  std::vector<std::string> streams;
  model::Rowtime created;
  std::optional<model::Rowtime> revoked;
  std::optional<model::Rowtime> last_used;  ///< To the minute.
};

/// A key with its secret, which is shown once.
struct NewKey {
  KeyInfo info;
  std::string secret;  ///< 40 characters of Base64: the secret access key; "<id>.<secret>" is the
                       ///< bearer token.
};

/// All keys of a data folder. Kept in the catalog (resource type "Weir::AccessKey"): SHA-256 of the
/// secret for bearer tokens, the secret itself wrapped for SigV4, whose key lies in the data
/// folder's `secret.key` (0600). Thread-safe.
class Keyring {
 public:
  static constexpr size_t kMaxKeys = 10'000;
  static constexpr int kMaxActivePerName = 2;

  /// Makes the wrapping key when there is none. kDataLoss when keys exist but `secret_key_path` is
  /// missing or another's.
  static base::Result<std::unique_ptr<Keyring>> Open(base::FileSystem& files, base::Clock& clock,
                                                     catalog::Catalog& catalog,
                                                     std::string secret_key_path);
  virtual ~Keyring() = default;

  /// kInvalidArgument for a bad name, scope or no role; kLimitExceeded when the name has two active
  /// keys.
  virtual base::Result<NewKey> Create(std::string_view name, std::vector<Role> roles,
                                      std::vector<std::string> streams) = 0;
  /// A second key of the same name, roles and scope; the first stays until it is revoked.
  virtual base::Result<NewKey> Rotate(std::string_view name) = 0;
  /// By id. Revoking twice is fine. kNotFound for an unknown one.
  virtual base::Result<void> Revoke(std::string_view id) = 0;
  virtual std::vector<KeyInfo> List() const = 0;
  virtual bool empty() const = 0;

  /// The secret and identity of an active key. For an unknown or revoked id a dummy secret and no
  /// identity, in the same work: callers go on and fail at the signature.
  struct Lookup {
    std::string secret;
    std::optional<Identity> identity;
  };

  virtual Lookup Find(std::string_view id) = 0;
  /// Notes that the key was used now.
  virtual void Touch(std::string_view id) = 0;
};

}  // namespace weir::auth
