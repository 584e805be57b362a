#include <cstring>

#include "query/worker.h"
#include "server/command_line.h"

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], weir::query::kWorkerCommand) == 0) {
    return weir::query::RunWorker();
  }
  return weir::server::RunCommandLine(argc, argv);
}
