#include "crypto/certificate.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "crypto/openssl_ptr.h"

namespace weir::crypto {
namespace {

constexpr int64_t kDaySeconds = 86'400;
// The longest that browsers accept.
constexpr int64_t kValidDays = 397;
// Clocks of clients may be behind.
constexpr int64_t kBackdatedSeconds = 3'600;
constexpr int kSerialBits = 127;
constexpr size_t kMaxHostBytes = 253;
constexpr size_t kMaxCommonNameBytes = 64;

using NamesPtr = std::unique_ptr<GENERAL_NAMES, Deleter<GENERAL_NAMES_free>>;
using AddressPtr = std::unique_ptr<ASN1_OCTET_STRING, Deleter<ASN1_OCTET_STRING_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>>;
using NumberPtr = std::unique_ptr<BIGNUM, Deleter<BN_free>>;

std::unexpected<base::Error> Failed(std::string_view what) {
  return base::Fail(base::Code::kInternal, "cannot {}: {}", what, LastOpenSslError());
}

std::string Text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(size)};
}

bool AddName(GENERAL_NAMES* names, std::string_view host) {
  GENERAL_NAME* name = GENERAL_NAME_new();
  if (name == nullptr || sk_GENERAL_NAME_push(names, name) == 0) {
    GENERAL_NAME_free(name);
    return false;
  }
  if (AddressPtr address(a2i_IPADDRESS(std::string(host).c_str())); address != nullptr) {
    GENERAL_NAME_set0_value(name, GEN_IPADD, address.release());
    return true;
  }
  ASN1_IA5STRING* text = ASN1_IA5STRING_new();
  GENERAL_NAME_set0_value(name, GEN_DNS, text);
  return text != nullptr && ASN1_STRING_set(text, host.data(), static_cast<int>(host.size())) == 1;
}

base::Result<void> AddNames(X509* certificate, std::string_view host) {
  std::vector<std::string_view> hosts = {"localhost", "127.0.0.1", "::1"};
  const bool any_address = host == "0.0.0.0" || host == "::";
  if (!any_address && std::find(hosts.begin(), hosts.end(), host) == hosts.end()) {
    hosts.push_back(host);
  }
  const NamesPtr names(GENERAL_NAMES_new());
  for (const std::string_view one : hosts) {
    if (names == nullptr || !AddName(names.get(), one)) {
      return Failed("name the certificate's hosts");
    }
  }
  if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0) != 1) {
    return Failed("name the certificate's hosts");
  }
  const std::string_view common = any_address ? "localhost" : host.substr(0, kMaxCommonNameBytes);
  X509_NAME* subject = X509_get_subject_name(certificate);
  if (X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                 reinterpret_cast<const unsigned char*>(common.data()),
                                 static_cast<int>(common.size()), -1, 0) != 1 ||
      X509_set_issuer_name(certificate, subject) != 1) {
    return Failed("name the certificate");
  }
  return {};
}

base::Result<void> AddExtensions(X509* certificate) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  constexpr std::array<std::pair<int, const char*>, 5> kExtensions = {
      {{NID_basic_constraints, "critical,CA:FALSE"},
       {NID_key_usage, "critical,digitalSignature"},
       {NID_ext_key_usage, "serverAuth"},
       {NID_subject_key_identifier, "hash"},
       {NID_authority_key_identifier, "keyid:always"}}};
  for (const auto& [nid, value] : kExtensions) {
    const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
    if (extension == nullptr || X509_add_ext(certificate, extension.get(), -1) != 1) {
      return Failed("extend the certificate");
    }
  }
  return {};
}

base::Result<void> AddSerial(X509* certificate) {
  const NumberPtr serial(BN_new());
  if (serial == nullptr || BN_rand(serial.get(), kSerialBits, 0, BN_RAND_BOTTOM_ANY) != 1 ||
      BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) == nullptr) {
    return Failed("number the certificate");
  }
  return {};
}

base::Result<TlsIdentity> Write(X509* certificate, EVP_PKEY* key) {
  const BioPtr certificate_text(BIO_new(BIO_s_mem()));
  const BioPtr key_text(BIO_new(BIO_s_secmem()));
  if (PEM_write_bio_X509(certificate_text.get(), certificate) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(key_text.get(), key, nullptr, nullptr, 0, nullptr, nullptr) !=
          1) {
    return Failed("write the certificate");
  }
  return TlsIdentity{Text(certificate_text.get()), Text(key_text.get())};
}

}  // namespace

bool IsHostName(std::string_view host) {
  return !host.empty() && host.size() <= kMaxHostBytes &&
         std::all_of(host.begin(), host.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '.' || c == '_';
         });
}

std::string LastOpenSslError() {
  std::string text;
  for (unsigned long code = ERR_get_error(); code != 0; code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    if (text.empty()) {
      text = reason != nullptr ? reason : fmt::format("error {:x}", code);
    }
  }
  return text.empty() ? "unknown reason" : text;
}

base::Result<TlsIdentity> SignYourself(std::string_view host, Validity validity) {
  const AddressPtr address(a2i_IPADDRESS(std::string(host).c_str()));
  ERR_clear_error();
  if (address == nullptr && !IsHostName(host)) {
    return base::Fail(base::Code::kInvalidArgument,
                      "cannot make a certificate for '{}': neither a host name nor an address",
                      host);
  }
  const KeyPtr key(EVP_EC_gen("P-256"));
  const CertificatePtr certificate(X509_new());
  if (key == nullptr || certificate == nullptr ||
      X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
      X509_set_pubkey(certificate.get(), key.get()) != 1 ||
      ASN1_TIME_set(X509_getm_notBefore(certificate.get()), validity.not_before) == nullptr ||
      ASN1_TIME_set(X509_getm_notAfter(certificate.get()), validity.not_after) == nullptr) {
    return Failed("make a certificate");
  }
  RETURN_IF_ERROR(AddSerial(certificate.get()));
  RETURN_IF_ERROR(AddNames(certificate.get(), host));
  RETURN_IF_ERROR(AddExtensions(certificate.get()));
  if (X509_sign(certificate.get(), key.get(), EVP_sha256()) == 0) {
    return Failed("sign the certificate");
  }
  return Write(certificate.get(), key.get());
}

base::Result<TlsIdentity> MakeSelfSigned(std::string_view host) {
  const int64_t now = base::SystemClock().WallMillis() / 1'000;
  return SignYourself(
      host, {.not_before = now - kBackdatedSeconds, .not_after = now + kValidDays * kDaySeconds});
}

base::Result<std::string> Fingerprint(std::string_view certificate_pem) {
  const BioPtr text(
      BIO_new_mem_buf(certificate_pem.data(),
                      static_cast<int>(std::min<size_t>(certificate_pem.size(), kMaxPemBytes))));
  const CertificatePtr certificate(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (certificate == nullptr ||
      X509_digest(certificate.get(), EVP_sha256(), digest.data(), &size) != 1) {
    return base::Fail(base::Code::kInvalidArgument, "cannot read the certificate: {}",
                      LastOpenSslError());
  }
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    fmt::format_to(std::back_inserter(hex), "{}{:02X}", i == 0 ? "" : ":", digest[i]);
  }
  return hex;
}

}  // namespace weir::crypto
