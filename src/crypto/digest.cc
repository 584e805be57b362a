#include "crypto/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <climits>
#include <memory>

#include "base/bytes.h"
#include "base/check.h"

namespace weir::crypto {
namespace {

constexpr size_t kBlockBytes = 64;

/// Looked up once: a lookup costs more than hashing a short text.
const EVP_MD* Algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
  CHECK_NOTE(algorithm != nullptr, "OpenSSL has no SHA-256");
  return algorithm;
}

/// One running hash. Each thread has one that it uses again and again, because making one
/// allocates.
class Hasher {
 public:
  Hasher() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) { CHECK(context_ != nullptr); }

  void Start() {
    CHECK(EVP_DigestInit_ex2(context_.get(), Algorithm(), nullptr) == 1);
    bytes_ = 0;
  }

  void Add(std::string_view bytes) {
    bytes_ += bytes.size();
    CHECK(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
  }

  Sha256Digest Finish() {
    Sha256Digest digest;
    CHECK(EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) == 1);
    blocks_ += (bytes_ + kEndBytes + kBlockBytes - 1) / kBlockBytes;
    return digest;
  }

  uint64_t blocks() const { return blocks_; }

 private:
  /// What ends a text: a bit and its length.
  static constexpr size_t kEndBytes = 9;

  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
  uint64_t bytes_ = 0;  ///< of the text that is being hashed
  uint64_t blocks_ = 0;
};

Hasher& ThreadHasher() {
  thread_local Hasher hasher;
  return hasher;
}

}  // namespace

Sha256Digest Sha256(std::string_view bytes) {
  Hasher& hasher = ThreadHasher();
  hasher.Start();
  hasher.Add(bytes);
  return hasher.Finish();
}

Sha256Digest HmacSha256(std::string_view key, std::string_view bytes) {
  std::array<char, kBlockBytes> pad{};
  if (key.size() > kBlockBytes) {
    const Sha256Digest shorter = Sha256(key);
    AsBytes(shorter).copy(pad.data(), shorter.size());
  } else {
    key.copy(pad.data(), key.size());
  }
  constexpr char kInner = 0x36;
  constexpr char kOuter = 0x5c;
  for (char& byte : pad) {
    byte ^= kInner;
  }
  Hasher& hasher = ThreadHasher();
  hasher.Start();
  hasher.Add({pad.data(), pad.size()});
  hasher.Add(bytes);
  const Sha256Digest inner = hasher.Finish();
  for (char& byte : pad) {
    byte ^= kInner ^ kOuter;
  }
  hasher.Start();
  hasher.Add({pad.data(), pad.size()});
  hasher.Add(AsBytes(inner));
  OPENSSL_cleanse(pad.data(), pad.size());
  return hasher.Finish();
}

std::string_view AsBytes(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string Hex(const Sha256Digest& digest) {
  return base::ToHex(AsBytes(digest));
}

uint64_t HashedBlocks() {
  return ThreadHasher().blocks();
}

bool EqualInConstantTime(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string RandomBytes(size_t count) {
  CHECK(count <= INT_MAX);
  std::string bytes(count, '\0');
  CHECK_NOTE(
      RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) == 1,
      "the operating system gives no entropy");
  return bytes;
}

}  // namespace weir::crypto
