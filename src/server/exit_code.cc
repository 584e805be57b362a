#include "server/exit_code.h"

#include <cstdio>

namespace weir::server {

int ExitCodeOf(const base::Error& error) {
  switch (error.code) {
    case base::Code::kInvalidArgument:
    case base::Code::kAlreadyExists:
    case base::Code::kLimitExceeded:
      return kExitUsage;
    case base::Code::kNotFound:
      return kExitNoInput;
    case base::Code::kFailedPrecondition:
      return kExitConfig;
    case base::Code::kUnavailable:
      return kExitTemporary;
    case base::Code::kDiskFull:
    case base::Code::kIo:
      return kExitIo;
    case base::Code::kPermission:
      return kExitPermission;
    case base::Code::kDataLoss:
      return kExitData;
    case base::Code::kInternal:
      break;
  }
  return kExitInternal;
}

int Report(const base::Error& error, int exit_code) {
  (void)std::fprintf(stderr, "weir: %s\n", error.message.c_str());
  return exit_code;
}

int Report(const base::Error& error) {
  return Report(error, ExitCodeOf(error));
}

int ReportRemote(const base::Error& error) {
  return error.code == base::Code::kUnavailable ? Report(error, kExitUnavailable) : Report(error);
}

}  // namespace weir::server
