#include "auth/signature_response.h"

#include <string>

#include "json/document.h"

namespace weir::auth {

namespace {

constexpr std::string_view kJson = "application/x-amz-json-1.1";
constexpr std::string_view kCbor = "application/x-amz-cbor-1.1";
constexpr char kMapOfTwo = '\xA2';

/// RFC 8949 §3: text of up to 65,535 bytes.
void AppendCborText(std::string_view text, std::string& out) {
  const auto size = static_cast<uint16_t>(text.size());
  out += '\x79';
  out += static_cast<char>(size >> 8);
  out += static_cast<char>(size & 0xFF);
  out += text.substr(0, size);
}

}  // namespace

net::Response ResponseTo(const SignatureRefusal& refusal, const net::Request& request) {
  net::Response response{.status = 400,
                         .content_type = std::string(kJson),
                         .headers = {{"x-amzn-errortype", refusal.type}}};
  if (request.Header("content-type").starts_with(kCbor)) {
    response.content_type = kCbor;
    response.body = kMapOfTwo;
    for (const std::string_view text :
         {std::string_view("__type"), std::string_view(refusal.type), std::string_view("message"),
          std::string_view(refusal.message)}) {
      AppendCborText(text, response.body);
    }
    return response;
  }
  json::Value body = json::Value::Object();
  body.Set("__type", refusal.type).Set("message", refusal.message);
  response.body = body.Serialize();
  return response;
}

}  // namespace weir::auth
