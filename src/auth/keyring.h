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
/// folder's `secret.key` (0600). Revoking erases both. Thread-safe.
class Keyring {
 public:
  /// Revoked ones included, of which the oldest makes room for a new key.
  static constexpr size_t kMaxKeys = 10'000;
  static constexpr size_t kMaxActivePerName = 2;
  static constexpr size_t kMaxNameBytes = 64;
  static constexpr size_t kMaxScopes = 100;

  /// Makes the wrapping key when there is none. kDataLoss when active keys exist but
  /// `secret_key_path` is missing or another's.
  static base::Result<std::unique_ptr<Keyring>> Open(base::FileSystem& files, base::Clock& clock,
                                                     catalog::Catalog& catalog,
                                                     std::string secret_key_path);
  /// Saves the uses.
  virtual ~Keyring() = default;

  /// kInvalidArgument for a bad name ([A-Za-z0-9_.@-]), scope or no role; kLimitExceeded when the
  /// name has two active keys, or kMaxKeys are active.
  virtual base::Result<NewKey> Create(std::string_view name, std::vector<Role> roles,
                                      std::vector<std::string> streams) = 0;
  /// A second key of the same name, roles and scope as the newest active one, which stays until it
  /// is revoked. kNotFound without an active key of that name.
  virtual base::Result<NewKey> Rotate(std::string_view name) = 0;
  /// By id. Revoking twice is fine. kNotFound for an unknown one.
  virtual base::Result<void> Revoke(std::string_view id) = 0;
  /// Revoked ones too, oldest first.
  virtual std::vector<KeyInfo> List() const = 0;
  /// Whether no key is active.
  virtual bool empty() const = 0;

  /// Who shows the bearer token "<id>.<secret>"; nothing when it is wrong, unknown or revoked. The
  /// same work in every case.
  virtual std::optional<Identity> Authenticate(std::string_view token) const = 0;

  /// The secret and identity of an active key. For an unknown or revoked id a dummy secret and no
  /// identity, in the same work: callers go on and fail at the signature.
  struct Lookup {
    std::string secret;
    std::optional<Identity> identity;
  };

  virtual Lookup Find(std::string_view id) const = 0;
  /// What an active key may do; nothing for an unknown or revoked id.
  virtual std::optional<Identity> IdentityOf(std::string_view id) const = 0;
  /// Notes that the key was used now. Cheap: in memory until SaveUses.
  virtual void Touch(std::string_view id) = 0;
  /// Makes the times of last use durable that have changed by a minute or more. For every few
  /// minutes; what a crash loses is the last of them.
  virtual base::Result<void> SaveUses() = 0;
};

}  // namespace weir::auth
