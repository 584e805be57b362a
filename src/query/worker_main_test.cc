#include <gtest/gtest.h>

#include <string_view>

#include "query/worker.h"

/// The room's test program is its own worker.
int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == weir::query::kWorkerCommand) {
    return weir::query::RunWorker();
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
