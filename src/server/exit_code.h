#pragma once

#include "base/result.h"

namespace weir::server {

/// What the program's exit status says, as in sysexits.h; docs/operations.md lists them.
enum ExitCode : int {
  kExitOk = 0,
  kExitUsage = 64,         ///< Wrong command line, template or SQL.
  kExitData = 65,          ///< Stored data is damaged, or input lines were refused.
  kExitNoInput = 66,       ///< A named file or thing does not exist.
  kExitUnavailable = 69,   ///< The server named by --server cannot be reached.
  kExitInternal = 70,      ///< A bug.
  kExitCannotCreate = 73,  ///< The data folder is in use or cannot be made.
  kExitIo = 74,            ///< Reading, writing or syncing failed.
  kExitTemporary = 75,     ///< Try again later.
  kExitPermission = 77,
  kExitConfig = 78,  ///< Wrong configuration, or a data folder of a newer format.
};

/// The status for an error that ends a command.
int ExitCodeOf(const base::Error& error);

/// Prints "weir: <message>" to stderr and returns the status.
int Report(const base::Error& error);

/// Prints the message with a status of its own.
int Report(const base::Error& error, int exit_code);

/// As Report, for what a server answered: one that cannot be reached is kExitUnavailable.
int ReportRemote(const base::Error& error);

}  // namespace weir::server
