#pragma once

#include <memory>
#include <string_view>

#include "ingest/aws/call.h"
#include "net/http_server.h"

namespace weir::ingest::aws {

/// One AWS API behind the door. Its functions are called as net's handlers are and must not block.
/// Thread-safe.
class Service {
 public:
  /// How an operation wants its request.
  enum class Form { kUnknown, kDocument, kBody };

  virtual ~Service() = default;

  /// kUnknown for what is no operation of the API.
  virtual Form FormOf(std::string_view operation) const = 0;
  /// Answers a call of an operation of form kDocument.
  virtual void Handle(Call call, std::unique_ptr<net::Responder> responder) = 0;
  /// Answers a call of an operation of form kBody.
  virtual void HandleBody(BodyCall call, std::unique_ptr<net::Responder> responder) = 0;
};

}  // namespace weir::ingest::aws
