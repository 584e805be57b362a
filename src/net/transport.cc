#include "net/transport.h"

#include <algorithm>
#include <utility>

#include "net/http1_connection.h"
#include "net/http2_connection.h"
#include "net/text.h"

namespace weir::net {
namespace {

// Encrypted at once: a slow reader is seen to make progress at such steps.
constexpr size_t kEncryptBytes = 64 << 10;
constexpr std::string_view kPlainHttp =
    "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: 97\r\n"
    "connection: close\r\n\r\n"
    R"({"error":{"code":"invalid_argument","message":"this port speaks TLS only: write https:// URLs"}})"
    "\n";
// A connection of HTTP/2 begins so, and no request of HTTP/1.1 does; it goes on with what only
// HTTP/2 has to judge.
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\n";
static_assert(kPlainHttp.size() - kPlainHttp.find("\r\n\r\n") - 4 == 97);

}  // namespace

Transport::Transport(ConnectionSite site)
    : site_(std::move(site)),
      connection_(std::make_unique<Http1Connection>(site_)),
      tls_(site_.service.tls != nullptr ? site_.service.tls->Accept() : nullptr) {}

void Transport::SpeakHttp2() {
  connection_ = std::make_unique<Http2Connection>(site_);
  if (site_.service.draining) {
    connection_->OnDrain();
  }
}

// While the bytes may still become the preface they go to HTTP/1.1, too, which waits for the rest
// of a head as long as it waits for any.
void Transport::ChooseByFirstBytes(std::string_view bytes) {
  const size_t more = std::min(bytes.size(), kPreface.size() - preface_bytes_);
  if (bytes.substr(0, more) != kPreface.substr(preface_bytes_, more)) {
    chosen_ = true;
    return;
  }
  if (preface_bytes_ + more == kPreface.size()) {
    chosen_ = true;
    SpeakHttp2();
    connection_->OnBytes(kPreface.substr(0, preface_bytes_));
  }
  preface_bytes_ += more;
}

void Transport::OnBytes(std::string_view bytes) {
  if (tls_ == nullptr) {
    if (!chosen_) {
      ChooseByFirstBytes(bytes);
    }
    return connection_->OnBytes(bytes);
  }
  if (failed_ || bytes.empty()) {
    return;
  }
  // A TLS record begins with its type, which is no letter; a request with its method.
  if (!std::exchange(begun_, true) && ToLower(bytes.front()) >= 'a' &&
      ToLower(bytes.front()) <= 'z') {
    sending_ = kPlainHttp;
    return Fail("plain_http");
  }
  const auto fed = tls_->Feed(bytes);
  if (!chosen_ && tls_->handshake_done()) {
    chosen_ = true;
    if (tls_->protocol() == "h2") {
      SpeakHttp2();
    }
  }
  if (const std::string plaintext = tls_->TakePlaintext(); !plaintext.empty()) {
    connection_->OnBytes(plaintext);
  }
  if (!fed) {
    Fail("protocol");
  } else if (tls_->ended()) {
    connection_->OnEnd();
  }
}

void Transport::OnEnd() {
  connection_->OnEnd();
}

void Transport::Fail(std::string_view why) {
  failed_ = true;
  failure_ = why;
}

std::string_view Transport::Output() {
  if (sent_ == sending_.size()) {
    sending_.clear();
    sent_ = 0;
    Refill();
  }
  return std::string_view(sending_).substr(sent_);
}

void Transport::Refill() {
  if (tls_ == nullptr) {
    sending_ = connection_->TakeOutput();
    return;
  }
  sending_ = tls_->TakeOutput();
  if (!sending_.empty() || failed_ || !tls_->handshake_done()) {
    return;
  }
  if (encrypted_ == plaintext_.size()) {
    plaintext_ = connection_->TakeOutput();
    encrypted_ = 0;
  }
  const std::string_view next = std::string_view(plaintext_).substr(encrypted_, kEncryptBytes);
  if (next.empty()) {
    return;
  }
  if (!tls_->Send(next)) {
    return Fail("protocol");
  }
  encrypted_ += next.size();
  covered_ = next.size();
  sending_ = tls_->TakeOutput();
}

void Transport::OnSent(size_t bytes) {
  sent_ += bytes;
  if (tls_ == nullptr) {
    connection_->OnSent(bytes);
  } else if (sent_ == sending_.size() && covered_ > 0) {
    connection_->OnSent(std::exchange(covered_, 0));
  }
}

void Transport::End() {
  if (tls_ != nullptr && !failed_) {
    tls_->End();
  }
}

}  // namespace weir::net
