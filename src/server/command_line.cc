#include "server/command_line.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>

#include <CLI/CLI.hpp>

#include "base/file_system.h"
#include "base/logging.h"
#include "server/commands.h"
#include "server/exit_code.h"
#include "server/version.h"

namespace weir::server {

namespace {

/// Flags that are settings of the configuration, by setting name.
using Flags = std::map<std::string, std::string>;

void AddConfigOptions(CLI::App& app, Flags& flags, std::string& file) {
  app.add_option("--config", file, "TOML file with settings; see `weir check-config`");
  for (const Setting& setting : Settings()) {
    std::string option = "--" + std::string(setting.name);
    for (char& c : option) {
      c = c == '_' ? '-' : c;
    }
    app.add_option_function<std::string>(
        option,
        [&flags, name = std::string(setting.name)](const std::string& value) {
          flags[name] = value;
        },
        std::string(setting.description));
  }
}

std::map<std::string, std::string> Environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (const size_t equals = text.find('=');
        text.starts_with("WEIR_") && equals != std::string::npos) {
      variables[text.substr(0, equals)] = text.substr(equals + 1);
    }
  }
  return variables;
}

void SetUpLogging(const Config& config) {
  const bool text =
      config.log_format == "text" || (config.log_format == "auto" && isatty(STDERR_FILENO) == 1);
  const base::LogLevel level = config.log_level == "debug"     ? base::LogLevel::kDebug
                               : config.log_level == "warning" ? base::LogLevel::kWarning
                               : config.log_level == "error"   ? base::LogLevel::kError
                                                               : base::LogLevel::kInfo;
  base::SetUpLogging(text ? base::LogFormat::kText : base::LogFormat::kJson, level);
}

/// Everything that the command line can set.
struct CommandLine {
  CLI::App app{
      "Weir measures how many of the people who clicked a promotion ordered: live, exactly once."};
  Flags flags;
  std::string config_file;
  ServeOptions serve;
  PutCommand put;
  GenerateCommand generate;
  QueryCommand query;
  KeysCommand keys;
  ReplayCommand replay;
  StackChoice stack;
  Target stack_target;
  std::string data;
  bool dry_run = false;
  std::string format = "table";
  std::function<int()> run;
};

void AddStackChoice(CLI::App& app, StackChoice& choice, bool positional) {
  app.add_option(positional ? "template" : "--stack", choice.file,
                 "CloudFormation template (default: the shipped ad-to-order stack)");
  app.add_option("--stack-name", choice.name, "name of the stack")->capture_default_str();
  app.add_option("--parameter", choice.parameters, "Name=value, as often as needed");
}

/// How to reach the server that `server` names. There is no option for the key itself: others on
/// the machine can read a command line.
void AddAccess(CLI::App& app, Target& target, CLI::Option& server) {
  app.add_option("--ca", target.ca, "PEM file of the certificate or authority to trust")
      ->needs(&server);
  app.add_option("--key-file", target.key_file,
                 "file with <key id>.<secret>; without, the environment's WEIR_KEY")
      ->needs(&server);
}

void AddTarget(CLI::App& app, Target& target) {
  auto* server = app.add_option("--server", target.server,
                                "URL of a running server, for example http://127.0.0.1:8080");
  auto* data = app.add_option("--data", target.data, "data folder that no server uses");
  server->excludes(data);
  data->excludes(server);
  AddAccess(app, target, *server);
}

base::Result<Config> ConfigOf(const CommandLine& line) {
  return LoadConfig(base::SystemFileSystem(),
                    {.flags = line.flags, .environment = Environment(), .file = line.config_file});
}

void AddServe(CommandLine& line) {
  CLI::App& app =
      *line.app.add_subcommand("serve", "serve: doors, applications, delivery, queries, dashboard");
  app.footer(
      "Examples:\n  weir serve --data data --listen 127.0.0.1:8080 --demo\n"
      "  weir serve --data data --stack my-stack.yaml --parameter ClickBucketName=clicks");
  AddConfigOptions(app, line.flags, line.config_file);
  AddStackChoice(app, line.serve.stack, false);
  app.add_flag("--demo", line.serve.demo, "send the stack's demo traffic");
  app.add_flag("--totals", line.serve.totals, "print a line of totals every 10 s");
  app.callback([&line] {
    line.run = [&line] {
      auto config = ConfigOf(line);
      if (!config.has_value()) {
        return Report(config.error(), kExitConfig);
      }
      SetUpLogging(*config);
      line.serve.config = std::move(*config);
      return RunServe(line.serve);
    };
  });
}

void AddCheckConfig(CommandLine& line) {
  CLI::App& app = *line.app.add_subcommand("check-config",
                                           "print the configuration that `serve` would run with");
  app.footer("Example:\n  weir check-config --config weir.toml");
  AddConfigOptions(app, line.flags, line.config_file);
  app.callback([&line] {
    line.run = [&line] {
      const auto config = ConfigOf(line);
      if (!config.has_value()) {
        return Report(config.error(), kExitConfig);
      }
      (void)std::fputs(FormatConfig(*config).c_str(), stdout);
      return static_cast<int>(kExitOk);
    };
  });
}

/// Runs `command`, which talks in plain text.
void SetRun(CommandLine& line, CLI::App& app, std::function<int()> command) {
  app.callback([&line, command = std::move(command)] {
    line.run = [command] {
      base::SetUpLogging(
          isatty(STDERR_FILENO) == 1 ? base::LogFormat::kText : base::LogFormat::kJson,
          base::LogLevel::kWarning);
      return command();
    };
  });
}

int NeedTarget(const Target& target) {
  if (target.server.empty() && target.data.empty()) {
    return Report({base::Code::kInvalidArgument, "needs --server URL or --data DIR"});
  }
  return kExitOk;
}

void AddPut(CommandLine& line) {
  CLI::App& app = *line.app.add_subcommand("put", "put the records of files into a stream");
  app.footer(
      "Examples:\n  weir put ClickStream clicks.jsonl --server http://127.0.0.1:8080\n"
      "  weir put OrderStream orders.csv --data data");
  app.add_option("stream", line.put.stream, "name of the stream")->required();
  app.add_option("files", line.put.files, "JSON lines, or CSV with a header")->required();
  AddTarget(app, line.put.target);
  app.add_option("--format", line.put.format, "auto (by name), json or csv")
      ->check(CLI::IsMember({"auto", "json", "csv"}));
  app.add_option("--partition-key", line.put.partition_key,
                 "field whose value is the partition key");
  app.add_option("--arrival-field", line.put.arrival_field,
                 "field whose time is the arrival time (--data only)");
  SetRun(line, app, [&line] {
    const int wrong = NeedTarget(line.put.target);
    return wrong != kExitOk ? wrong : RunPut(line.put);
  });
}

void AddGenerateKind(CommandLine& line, CLI::App& parent, const std::string& name, bool orders) {
  CLI::App& app = *parent.add_subcommand(name, "make " + name);
  GenerateCommand& command = line.generate;
  auto* server = app.add_option("--server", command.target.server, "send to this server at --rate");
  AddAccess(app, command.target, *server);
  auto* out = app.add_option("--out", command.out, "write --count records to this file");
  server->excludes(out);
  app.add_option("--count", command.count, "how many records")->needs(out);
  app.add_option("--stream", command.stream, "stream to send to");
  app.add_option("--rate", command.rate,
                 "mean clicks a second of the traffic (orders follow from them)");
  app.add_option("--duration", command.duration_seconds, "seconds to send for; 0: until stopped");
  app.add_option("--seed", command.seed, "the same seed gives the same records");
  app.add_option("--start", command.start, "time of the first record, ISO 8601");
  app.add_option("--truth", command.truth, "print what was sent, as table or json")
      ->check(CLI::IsMember({"table", "json"}));
  app.add_option("--duplicates", command.duplicates, "share of records sent twice");
  app.add_option("--out-of-order", command.out_of_order,
                 "share of records with a time up to 5 s back");
  app.add_option("--late", command.late, "share of records sent 1 to 30 minutes late");
  app.add_option("--other", command.other, "share of clicks that are no promotion clicks");
  app.add_option("--mobile", command.mobile, "share of clicks from mobile devices");
  app.add_option("--tablet", command.tablet, "share of clicks from tablets");
  app.add_option("--promotion", command.promotions, "ID=WEIGHT:CONVERSION, as often as needed");
  SetRun(line, app, [&line, orders] {
    GenerateCommand& chosen = line.generate;
    chosen.orders = orders;
    if (chosen.target.server.empty() && (chosen.out.empty() || chosen.count == 0)) {
      return Report(
          {base::Code::kInvalidArgument, "needs --server URL, or --out FILE with --count N"});
    }
    return RunGenerate(chosen);
  });
}

void AddGenerate(CommandLine& line) {
  CLI::App& app =
      *line.app.add_subcommand("generate", "make plausible clicks or orders with a known truth");
  app.footer(
      "Examples:\n  weir generate clicks --rate 500 --server http://127.0.0.1:8080\n"
      "  weir generate orders --count 100000 --out orders.jsonl --seed 7 --truth json");
  app.require_subcommand(1);
  AddGenerateKind(line, app, "clicks", false);
  AddGenerateKind(line, app, "orders", true);
}

void AddQuery(CommandLine& line) {
  CLI::App& app = *line.app.add_subcommand("query", "run one SELECT");
  app.footer(
      "Example:\n  weir query --server http://127.0.0.1:8080 --format csv \"SELECT * FROM "
      "view_conversion_ratio\"");
  app.add_option("sql", line.query.sql, "the statement")->required();
  AddTarget(app, line.query.target);
  app.add_option("--format", line.format, "table, csv or json")
      ->check(CLI::IsMember({"table", "csv", "json"}));
  SetRun(line, app, [&line] {
    line.query.format = line.format == "csv"    ? query::OutputFormat::kCsv
                        : line.format == "json" ? query::OutputFormat::kJson
                                                : query::OutputFormat::kTable;
    const int wrong = NeedTarget(line.query.target);
    return wrong != kExitOk ? wrong : RunQuery(line.query);
  });
}

CLI::App& AddKeysCommand(CommandLine& line, CLI::App& parent, const std::string& name,
                         const std::string& what, KeysCommand::What which) {
  CLI::App& app = *parent.add_subcommand(name, what);
  AddTarget(app, line.keys.target);
  SetRun(line, app, [&line, which] {
    line.keys.what = which;
    const int wrong = NeedTarget(line.keys.target);
    return wrong != kExitOk ? wrong : RunKeys(line.keys);
  });
  return app;
}

void AddKeys(CommandLine& line) {
  CLI::App& app = *line.app.add_subcommand("keys", "make, list, rotate and revoke access keys");
  app.footer(
      "Examples:\n  weir keys create admin --role admin --data data\n"
      "  weir keys create shop --role ingest --stream ClickStream --server https://weir:8080 "
      "--key-file admin.key\n"
      "  weir keys rotate shop --data data\n  weir keys revoke WEIRABCDEFGHIJKLMNOP --data data");
  app.require_subcommand(1);
  CLI::App& create = AddKeysCommand(line, app, "create", "make a key; its secret is shown once",
                                    KeysCommand::What::kCreate);
  create.add_option("name", line.keys.name, "what the key is called")->required();
  create
      .add_option("--role", line.keys.roles,
                  "ingest, viewer, analyst, operator or admin; as often as needed")
      ->required()
      ->allow_extra_args(false);
  create
      .add_option("--stream", line.keys.streams,
                  "only these streams (NAME, or PREFIX*); as often as needed")
      ->allow_extra_args(false);
  create.add_flag("--json", line.keys.json, "print JSON");
  CLI::App& rotate =
      AddKeysCommand(line, app, "rotate", "a second key of that name; revoke the first after",
                     KeysCommand::What::kRotate);
  rotate.add_option("name", line.keys.name, "name of the key")->required();
  rotate.add_flag("--json", line.keys.json, "print JSON");
  CLI::App& revoke =
      AddKeysCommand(line, app, "revoke", "end a key at once", KeysCommand::What::kRevoke);
  revoke.add_option("id", line.keys.name, "id of the key")->required();
  AddKeysCommand(line, app, "list", "all keys, without their secrets", KeysCommand::What::kList)
      .add_flag("--json", line.keys.json, "print JSON");
}

void AddReplay(CommandLine& line) {
  CLI::App& app = *line.app.add_subcommand(
      "replay", "run files through the whole way to the end, and print the figures");
  app.footer(
      "Example:\n  weir replay --data out --put ClickStream=clicks.jsonl --put "
      "OrderStream=orders.jsonl "
      "--arrival-field Timestamp");
  app.add_option("--data", line.replay.data, "data folder")->required();
  app.add_option("--put", line.replay.puts,
                 "STREAM=FILE, as often as needed; files of one stream in this order")
      ->required();
  app.add_option("--arrival-field", line.replay.arrival_field,
                 "field whose time is the arrival time");
  app.add_option("--partition-key", line.replay.partition_key,
                 "field whose value is the partition key");
  AddStackChoice(app, line.replay.stack, false);
  SetRun(line, app, [&line] { return RunReplay(line.replay); });
}

void AddVerify(CommandLine& line) {
  CLI::App& app = *line.app.add_subcommand(
      "verify", "check every checksum, and recompute every derived stream from the raw log");
  app.footer("Example:\n  weir verify --data data");
  app.add_option("--data", line.data, "data folder that no server uses")->required();
  SetRun(line, app, [&line] { return RunVerify(line.data); });
}

void AddStack(CommandLine& line) {
  CLI::App& app = *line.app.add_subcommand("stack", "validate, deploy or describe a stack");
  app.footer(
      "Examples:\n  weir stack validate my-stack.yaml\n  weir stack deploy my-stack.yaml --data "
      "data --dry-run\n"
      "  weir stack describe --server http://127.0.0.1:8080");
  app.require_subcommand(1);
  CLI::App& validate =
      *app.add_subcommand("validate", "check a template; every problem with its place");
  AddStackChoice(validate, line.stack, true);
  SetRun(line, validate, [&line] { return RunStackValidate(line.stack); });
  CLI::App& deploy = *app.add_subcommand("deploy", "deploy a template into a data folder");
  AddStackChoice(deploy, line.stack, true);
  deploy.add_option("--data", line.data, "data folder that no server uses")->required();
  deploy.add_flag("--dry-run", line.dry_run, "only tell what would change");
  SetRun(line, deploy, [&line] { return RunStackDeploy(line.stack, line.data, line.dry_run); });
  CLI::App& describe =
      *app.add_subcommand("describe", "list what is deployed, or what a template has");
  AddStackChoice(describe, line.stack, true);
  AddTarget(describe, line.stack_target);
  // What is deployed, or what a template has: one of them.
  for (const char* const of_template : {"template", "--stack-name", "--parameter"}) {
    for (const char* const of_target : {"--server", "--data"}) {
      describe.get_option(of_template)->excludes(describe.get_option(of_target));
    }
  }
  SetRun(line, describe, [&line] { return RunStackDescribe(line.stack, line.stack_target); });
}

}  // namespace

int RunCommandLine(int argc, char** argv) {
  CommandLine line;
  line.app.require_subcommand(1);
  line.app.set_version_flag("--version", "weir " + std::string(kVersion));
  line.app.footer(
      "Each command explains itself: weir serve --help. Exit codes: docs/operations.md.");
  AddServe(line);
  AddPut(line);
  AddGenerate(line);
  AddQuery(line);
  AddKeys(line);
  AddReplay(line);
  AddVerify(line);
  AddStack(line);
  AddCheckConfig(line);
  line.app.add_subcommand("version", "print the version")->callback([&line] {
    line.run = [] {
      (void)std::printf("weir %s\n", std::string(kVersion).c_str());
      return static_cast<int>(kExitOk);
    };
  });
  try {
    line.app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return line.app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return line.run ? line.run() : static_cast<int>(kExitUsage);
}

}  // namespace weir::server
