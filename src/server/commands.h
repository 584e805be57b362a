#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "query/query.h"
#include "server/config.h"
#include "server/deploy_stack.h"

namespace weir::server {

// Each command runs to its end and returns the process's exit status. Data goes to stdout, talk to
// stderr.

struct ServeOptions {
  Config config;
  StackChoice stack;
  bool demo = false;
  bool totals = false;  ///< A line of totals every 10 s; also with `demo`.
};

int RunServe(const ServeOptions& options);

/// Where a command's data is: a running server, or a data folder that none uses.
struct Target {
  std::string server;  ///< URL, or "".
  std::string data;
  std::string ca;        ///< PEM file of the authorities to trust, or "".
  std::string key_file;  ///< File with "<key id>.<secret>", or "" for WEIR_KEY.
};

struct PutCommand {
  Target target;
  std::string stream;
  std::vector<std::string> files;
  std::string format = "auto";  ///< auto, json, csv
  std::string partition_key;
  std::string arrival_field;
};

int RunPut(const PutCommand& command);

struct GenerateCommand {
  bool orders = false;  ///< Else clicks.
  Target target;        ///< A server, or nothing.
  std::string stream;
  double rate = 100;
  double duration_seconds = 0;  ///< 0: until stopped.
  uint64_t count = 0;           ///< With `out`.
  std::string out;
  uint64_t seed = 1;
  std::string start;  ///< ISO 8601, or "".
  std::string truth;  ///< "", "table" or "json": printed at the end.
  double duplicates = 0;
  double out_of_order = 0;
  double late = 0;
  double other = 0.3;
  double mobile = 0.58;
  double tablet = 0.09;
  std::vector<std::string> promotions;  ///< "P1=weight:conversion"
};

int RunGenerate(const GenerateCommand& command);

struct QueryCommand {
  Target target;
  std::string sql;
  query::OutputFormat format = query::OutputFormat::kTable;
};

int RunQuery(const QueryCommand& command);

struct KeysCommand {
  enum class What : uint8_t { kCreate, kList, kRotate, kRevoke };
  What what = What::kList;
  Target target;
  std::string name;  ///< Or the id, to revoke.
  std::vector<std::string> roles;
  std::vector<std::string> streams;
  bool json = false;
};

int RunKeys(const KeysCommand& command);

struct ReplayCommand {
  std::string data;
  StackChoice stack;
  std::vector<std::string> puts;  ///< "Stream=file"
  std::string arrival_field;
  std::string partition_key;
};

int RunReplay(const ReplayCommand& command);

int RunVerify(const std::string& data);

int RunStackValidate(const StackChoice& choice);
/// With `dry_run` only tells what would change.
int RunStackDeploy(const StackChoice& choice, const std::string& data, bool dry_run);
/// Of a running server or a data folder, or, without either, of a template.
int RunStackDescribe(const StackChoice& choice, const Target& target);

}  // namespace weir::server
