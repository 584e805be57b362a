#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

namespace weir::crypto {

// Frees an OpenSSL object with the function that its type wants.
template <auto kFree>
struct Deleter {
  void operator()(auto* object) const { kFree(object); }
};

using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Deleter<X509_free>>;

}  // namespace weir::crypto
