#include "auth/keyring.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "auth/key_definition.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/logging.h"
#include "base/private_file.h"
#include "crypto/digest.h"
#include "crypto/secret_box.h"

namespace weir::auth {
namespace {

constexpr int64_t kMinuteMillis = 60'000;
constexpr std::string_view kIdPrefix = "WEIR";
constexpr size_t kIdRandomBytes = 10;
constexpr size_t kSecretRandomBytes = 30;
/// No key can have it: '0' is no character of an id.
constexpr std::string_view kNobody = "WEIR0000000000000000";

/// RFC 4648 base32 of a multiple of five bytes.
std::string ToBase32(std::string_view bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string text;
  uint32_t buffer = 0;
  int bits = 0;
  for (const char byte : bytes) {
    buffer = (buffer << 8 | static_cast<uint8_t>(byte)) & 0xFFFF;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += kAlphabet[buffer >> bits & 31];
    }
  }
  return text;
}

std::string HashOf(std::string_view secret) {
  return std::string(crypto::AsBytes(crypto::Sha256(secret)));
}

/// The wrapping key as it stands in its file: hex and a line end.
base::Result<crypto::SecretBox> ReadWrappingKey(base::FileSystem& files, const std::string& path) {
  ASSIGN_OR_RETURN(std::string text, base::ReadPrivateFile(files, path));
  if (text.ends_with('\n')) {
    text.pop_back();
  }
  const auto key = base::FromHex(text);
  if (!key.has_value() || key->size() != crypto::SecretBox::kKeyBytes) {
    return base::Fail(base::Code::kDataLoss,
                      "'{}' is not a wrapping key ({} hex digits): restore it from a backup", path,
                      2 * crypto::SecretBox::kKeyBytes);
  }
  return crypto::SecretBox::Create(*key);
}

base::Result<void> MakeWrappingKey(base::FileSystem& files, const std::string& path) {
  const std::string temporary = path + ".tmp";
  if (files.Exists(temporary)) {
    RETURN_IF_ERROR(files.Remove(temporary));
  }
  {
    ASSIGN_OR_RETURN(const std::unique_ptr<base::File> file,
                     files.Open(temporary, base::OpenMode::kCreateNewPrivate));
    RETURN_IF_ERROR(
        file->WriteAt(0, base::ToHex(crypto::RandomBytes(crypto::SecretBox::kKeyBytes)) + "\n"));
    RETURN_IF_ERROR(file->SyncData());
  }
  RETURN_IF_ERROR(files.Rename(temporary, path));
  return files.SyncDirectory(base::ParentPath(path));
}

struct Entry {
  explicit Entry(StoredKey stored)
      : key(std::move(stored)),
        used_minute(key.info.last_used.has_value() ? key.info.last_used->millis / kMinuteMillis
                                                   : -1) {}

  StoredKey key;
  std::atomic<int64_t> used_minute;  ///< -1: never.
};

class CatalogKeyring : public Keyring {
 public:
  CatalogKeyring(base::Clock& clock, catalog::Catalog& catalog, const crypto::SecretBox& box)
      : clock_(clock),
        catalog_(catalog),
        box_(box),
        nobodys_secret_(NewSecret()),
        nobodys_hash_(HashOf(nobodys_secret_)),
        nobodys_box_(box_.Seal(nobodys_secret_, kNobody)) {}

  ~CatalogKeyring() override {
    const auto saved = SaveUses();
    if (!saved.has_value()) {
      base::LogEvent(base::LogLevel::kWarning, "auth.uses_not_saved", saved.error().message);
    }
  }

  base::Result<void> Load(const std::vector<catalog::Resource>& resources) {
    for (const catalog::Resource& resource : resources) {
      ASSIGN_OR_RETURN(StoredKey key, ReadKey(resource));
      if (!key.info.revoked.has_value()) {
        const auto secret = box_.Open(key.secret_box, key.info.id);
        if (!secret.has_value()) {
          return base::Fail(base::Code::kDataLoss,
                            "the secret of access key '{}' cannot be opened with the wrapping key "
                            "in secret.key ({}): restore the file that belongs to this catalog",
                            key.info.id, secret.error().message);
        }
      }
      entries_.try_emplace(key.info.id, key);
    }
    return {};
  }

  base::Result<NewKey> Create(std::string_view name, std::vector<Role> roles,
                              std::vector<std::string> streams) override {
    RETURN_IF_ERROR(CheckKeyName(name));
    RETURN_IF_ERROR(CheckScopes(streams));
    std::ranges::sort(roles);
    roles.erase(std::ranges::unique(roles).begin(), roles.end());
    if (roles.empty()) {
      return base::Fail(base::Code::kInvalidArgument,
                        "key '{}' has no role: give at least one of ingest, viewer, analyst, "
                        "operator, admin",
                        name);
    }
    const std::lock_guard changing(change_mutex_);
    return Add(name, std::move(roles), std::move(streams));
  }

  base::Result<NewKey> Rotate(std::string_view name) override {
    const std::lock_guard changing(change_mutex_);
    const std::vector<KeyInfo> keys = List();
    const auto newest = std::ranges::find_if(
        keys.rbegin(), keys.rend(),
        [name](const KeyInfo& key) { return key.name == name && !key.revoked.has_value(); });
    if (newest == keys.rend()) {
      return base::Fail(base::Code::kNotFound, "no active key is named '{}'", name);
    }
    return Add(name, newest->roles, newest->streams);
  }

  base::Result<void> Revoke(std::string_view id) override {
    const std::lock_guard changing(change_mutex_);
    const Entry* const entry = FindEntry(id);
    if (entry == nullptr) {
      return base::Fail(base::Code::kNotFound, "no access key has the id '{}'", id);
    }
    if (entry->key.info.revoked.has_value()) {
      return {};
    }
    StoredKey revoked = {.info = InfoOf(*entry), .secret_hash = "", .secret_box = ""};
    revoked.info.revoked = model::Rowtime{clock_.WallMillis()};
    const catalog::ResourceChange change = {.resource = KeyResource(revoked)};
    RETURN_IF_ERROR(catalog_.Apply({&change, 1}));
    const std::unique_lock lock(mutex_);
    entries_.find(id)->second.key = std::move(revoked);
    return {};
  }

  std::vector<KeyInfo> List() const override {
    std::vector<KeyInfo> keys;
    {
      const std::shared_lock lock(mutex_);
      for (const auto& [id, entry] : entries_) {
        keys.push_back(InfoOf(entry));
      }
    }
    std::ranges::stable_sort(keys, {}, &KeyInfo::created);
    return keys;
  }

  bool empty() const override {
    const std::shared_lock lock(mutex_);
    return std::ranges::all_of(
        entries_, [](const auto& item) { return item.second.key.info.revoked.has_value(); });
  }

  std::optional<Identity> Authenticate(std::string_view token) const override {
    const size_t dot = token.find('.');
    const std::string_view id = token.substr(0, dot);
    const std::string_view secret =
        dot == std::string_view::npos ? std::string_view() : token.substr(dot + 1);
    const std::string hash = HashOf(secret);
    const std::shared_lock lock(mutex_);
    const Entry* const entry = FindActive(id);
    const bool equal = crypto::EqualInConstantTime(
        hash, entry == nullptr ? nobodys_hash_ : entry->key.secret_hash);
    return equal && entry != nullptr ? std::optional(Holder(*entry)) : std::nullopt;
  }

  Lookup Find(std::string_view id) const override {
    std::string box = nobodys_box_;
    std::optional<Identity> identity;
    {
      const std::shared_lock lock(mutex_);
      const Entry* const entry = FindActive(id);
      if (entry != nullptr) {
        box = entry->key.secret_box;
        identity = Holder(*entry);
      }
    }
    auto secret = box_.Open(box, identity.has_value() ? id : kNobody);
    CHECK(secret.has_value());  // Load and Create have opened or made every one.
    return {std::move(*secret), std::move(identity)};
  }

  std::optional<Identity> IdentityOf(std::string_view id) const override {
    const std::shared_lock lock(mutex_);
    const Entry* const entry = FindActive(id);
    return entry == nullptr ? std::nullopt : std::optional(Holder(*entry));
  }

  void Touch(std::string_view id) override {
    const int64_t minute = clock_.WallMillis() / kMinuteMillis;
    const std::shared_lock lock(mutex_);
    const auto found = entries_.find(id);
    if (found != entries_.end() && found->second.used_minute.load() < minute) {
      found->second.used_minute.store(minute);
    }
  }

  base::Result<void> SaveUses() override {
    const std::lock_guard changing(change_mutex_);
    std::vector<std::pair<std::string, model::Rowtime>> used;
    std::vector<catalog::ResourceChange> changes;
    {
      const std::shared_lock lock(mutex_);
      for (const auto& [id, entry] : entries_) {
        StoredKey key = entry.key;
        key.info = InfoOf(entry);
        if (key.info.last_used != entry.key.info.last_used) {
          used.emplace_back(id, *key.info.last_used);
          changes.push_back({.resource = KeyResource(key)});
        }
      }
    }
    if (changes.empty()) {
      return {};
    }
    RETURN_IF_ERROR(catalog_.Apply(changes));
    const std::unique_lock lock(mutex_);
    for (const auto& [id, time] : used) {
      entries_.find(id)->second.key.info.last_used = time;
    }
    return {};
  }

 private:
  using Entries = std::map<std::string, Entry, std::less<>>;

  static std::string NewSecret() { return base::ToBase64(crypto::RandomBytes(kSecretRandomBytes)); }

  static Identity Holder(const Entry& entry) {
    const KeyInfo& info = entry.key.info;
    return {.key_id = info.id, .roles = info.roles, .streams = info.streams};
  }

  static KeyInfo InfoOf(const Entry& entry) {
    KeyInfo info = entry.key.info;
    const int64_t minute = entry.used_minute.load();
    if (minute >= 0) {
      info.last_used = model::Rowtime{minute * kMinuteMillis};
    }
    return info;
  }

  /// Under mutex_ or change_mutex_, as the next.
  const Entry* FindEntry(std::string_view id) const {
    const auto found = entries_.find(id);
    return found == entries_.end() ? nullptr : &found->second;
  }

  const Entry* FindActive(std::string_view id) const {
    const Entry* const entry = FindEntry(id);
    return entry == nullptr || entry->key.info.revoked.has_value() ? nullptr : entry;
  }

  /// Under change_mutex_, by which entries_ changes only here, in Revoke and in SaveUses.
  base::Result<NewKey> Add(std::string_view name, std::vector<Role> roles,
                           std::vector<std::string> streams) {
    std::vector<catalog::ResourceChange> changes;
    ASSIGN_OR_RETURN(const std::string forgotten, MakeRoom(name));
    if (!forgotten.empty()) {
      changes.push_back({.kind = catalog::ResourceChange::Kind::kDelete,
                         .resource = {.type = std::string(kKeyType), .name = forgotten}});
    }
    NewKey made;
    made.secret = NewSecret();
    made.info.id = std::string(kIdPrefix) + ToBase32(crypto::RandomBytes(kIdRandomBytes));
    made.info.name = name;
    made.info.roles = std::move(roles);
    made.info.streams = std::move(streams);
    StoredKey stored = {.info = made.info,
                        .secret_hash = HashOf(made.secret),
                        .secret_box = box_.Seal(made.secret, made.info.id)};
    changes.push_back({.resource = KeyResource(stored)});
    RETURN_IF_ERROR(catalog_.Apply(changes));
    ASSIGN_OR_RETURN(const catalog::Resource resource, catalog_.Get(kKeyType, made.info.id));
    made.info.created = resource.created;
    stored.info.created = resource.created;
    const std::unique_lock lock(mutex_);
    entries_.erase(forgotten);
    entries_.try_emplace(made.info.id, std::move(stored));
    return made;
  }

  /// Whether one more key of `name` may be made; the id of the revoked key that must go for it, or
  /// "".
  base::Result<std::string> MakeRoom(std::string_view name) const {
    size_t active_of_name = 0;
    const KeyInfo* oldest_revoked = nullptr;
    for (const auto& [id, entry] : entries_) {
      const KeyInfo& info = entry.key.info;
      if (!info.revoked.has_value()) {
        active_of_name += info.name == name ? 1 : 0;
      } else if (oldest_revoked == nullptr || *info.revoked < *oldest_revoked->revoked) {
        oldest_revoked = &info;
      }
    }
    if (active_of_name >= kMaxActivePerName) {
      return base::Fail(base::Code::kLimitExceeded,
                        "'{}' has {} active keys already: revoke one of them first", name,
                        active_of_name);
    }
    if (entries_.size() < kMaxKeys) {
      return std::string();
    }
    if (oldest_revoked == nullptr) {
      return base::Fail(base::Code::kLimitExceeded,
                        "there are {} active keys, the most that can be: revoke some first",
                        kMaxKeys);
    }
    return oldest_revoked->id;
  }

  base::Clock& clock_;
  catalog::Catalog& catalog_;
  const crypto::SecretBox box_;
  /// Stand in for those of unknown keys, so that these cost the same.
  const std::string nobodys_secret_;
  const std::string nobodys_hash_;
  const std::string nobodys_box_;

  std::mutex change_mutex_;  ///< Held for a whole change, with its commit; before mutex_.
  mutable std::shared_mutex mutex_;
  Entries entries_;
};

}  // namespace

base::Result<std::unique_ptr<Keyring>> Keyring::Open(base::FileSystem& files, base::Clock& clock,
                                                     catalog::Catalog& catalog,
                                                     std::string secret_key_path) {
  ASSIGN_OR_RETURN(const std::vector<catalog::Resource> resources, catalog.List(kKeyType));
  if (!files.Exists(secret_key_path)) {
    for (const catalog::Resource& resource : resources) {
      ASSIGN_OR_RETURN(const StoredKey key, ReadKey(resource));
      if (!key.info.revoked.has_value()) {
        return base::Fail(base::Code::kDataLoss,
                          "there are access keys, but '{}', which opens their secrets, is missing: "
                          "restore it from a backup",
                          secret_key_path);
      }
    }
    RETURN_IF_ERROR(MakeWrappingKey(files, secret_key_path));
  }
  ASSIGN_OR_RETURN(const crypto::SecretBox box, ReadWrappingKey(files, secret_key_path));
  auto keyring = std::make_unique<CatalogKeyring>(clock, catalog, box);
  RETURN_IF_ERROR(keyring->Load(resources));
  return keyring;
}

}  // namespace weir::auth
