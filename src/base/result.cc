#include "base/result.h"

namespace weir::base {

std::string_view CodeName(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
      return "invalid_argument";
    case Code::kNotFound:
      return "not_found";
    case Code::kAlreadyExists:
      return "already_exists";
    case Code::kFailedPrecondition:
      return "failed_precondition";
    case Code::kLimitExceeded:
      return "limit_exceeded";
    case Code::kUnavailable:
      return "unavailable";
    case Code::kDiskFull:
      return "disk_full";
    case Code::kPermission:
      return "permission";
    case Code::kDataLoss:
      return "data_loss";
    case Code::kIo:
      return "io";
    case Code::kInternal:
      return "internal";
  }
  return "unknown";
}

Error Within(std::string_view place, Error error) {
  error.message = fmt::format("{}: {}", place, error.message);
  return error;
}

}  // namespace weir::base
