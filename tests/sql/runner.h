#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "test_file.h"

namespace weir::sql_test {

// How a test file is run.
struct RunMode {
  std::string name;
  size_t batch_records = 1000;
  uint32_t shards = 1;
  // One shard is split and later two are merged in the middle of the input.
  bool reshard = false;
  // All input before the first step; else step by step as each record comes.
  bool at_once = true;
  // n: the application is created anew after each record, with a checkpoint after every n-th; more
  // than there are records: never a checkpoint. 0: it stays.
  size_t checkpoint_every = 0;
};

std::vector<RunMode> AllModes();

// Lines by stream, in the form of the test files' expectations.
using Lines = std::map<std::string, std::vector<std::string>>;

// Runs the file over a simulated file system and log; afterwards computes the outputs again from
// the log, which must agree.
base::Result<Lines> RunTest(const TestFile& file, const RunMode& mode);

}  // namespace weir::sql_test
