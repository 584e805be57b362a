#include "crypto/secret_box.h"

#include <openssl/evp.h>

#include <climits>
#include <memory>

#include "base/check.h"
#include "crypto/digest.h"

namespace weir::crypto {
namespace {

constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const EVP_CIPHER* Algorithm() {
  static const EVP_CIPHER* const algorithm = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  CHECK_NOTE(algorithm != nullptr, "OpenSSL has no AES-256-GCM");
  return algorithm;
}

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* Bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

int Size(std::string_view text) {
  CHECK(text.size() <= INT_MAX);
  return static_cast<int>(text.size());
}

/// A context into which key, nonce and the authenticated `context` have gone.
Context Start(bool seal, const unsigned char* key, std::string_view nonce,
              std::string_view context) {
  Context cipher(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  CHECK(cipher != nullptr);
  CHECK(EVP_CipherInit_ex2(cipher.get(), Algorithm(), key, Bytes(nonce), seal ? 1 : 0, nullptr) ==
        1);
  int written = 0;
  CHECK(EVP_CipherUpdate(cipher.get(), nullptr, &written, Bytes(context), Size(context)) == 1);
  return cipher;
}

}  // namespace

SecretBox::SecretBox(std::string_view key) {
  key.copy(reinterpret_cast<char*>(key_.data()), key_.size());
}

base::Result<SecretBox> SecretBox::Create(std::string_view key) {
  if (key.size() != kKeyBytes) {
    return base::Fail(base::Code::kInvalidArgument, "a wrapping key has {} bytes, this one {}",
                      kKeyBytes, key.size());
  }
  return SecretBox(key);
}

std::string SecretBox::Seal(std::string_view secret, std::string_view context) const {
  std::string box = RandomBytes(kNonceBytes);
  const Context cipher = Start(true, key_.data(), box, context);
  box.resize(kNonceBytes + secret.size() + kTagBytes);
  unsigned char* const ciphertext = Bytes(box) + kNonceBytes;
  unsigned char* const tag = ciphertext + secret.size();
  int written = 0;
  CHECK(EVP_CipherUpdate(cipher.get(), ciphertext, &written, Bytes(secret), Size(secret)) == 1);
  CHECK(static_cast<size_t>(written) == secret.size());
  CHECK(EVP_CipherFinal_ex(cipher.get(), tag, &written) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag) == 1);
  return box;
}

base::Result<std::string> SecretBox::Open(std::string_view box, std::string_view context) const {
  if (box.size() < kNonceBytes + kTagBytes) {
    return base::Fail(base::Code::kDataLoss, "a sealed secret of {} bytes is cut off", box.size());
  }
  const std::string_view nonce = box.substr(0, kNonceBytes);
  const std::string_view ciphertext = box.substr(kNonceBytes, box.size() - kNonceBytes - kTagBytes);
  std::string tag(box.substr(box.size() - kTagBytes));
  const Context cipher = Start(false, key_.data(), nonce, context);
  std::string secret(ciphertext.size(), '\0');
  int written = 0;
  CHECK(EVP_CipherUpdate(cipher.get(), Bytes(secret), &written, Bytes(ciphertext),
                         Size(ciphertext)) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1);
  if (EVP_CipherFinal_ex(cipher.get(), Bytes(tag), &written) != 1) {
    return base::Fail(base::Code::kDataLoss,
                      "a sealed secret was changed, or belongs to another key or name");
  }
  return secret;
}

}  // namespace weir::crypto
