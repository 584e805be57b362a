#pragma once

namespace weir::server {

/// Reads the command line, runs the command, returns the exit status. What main() is.
int RunCommandLine(int argc, char** argv);

}  // namespace weir::server
