#include "sql/compiler.h"

#include <algorithm>
#include <map>
#include <set>
#include <variant>

#include "sql/lexer.h"
#include "sql/parser.h"
#include "sql/select_binder.h"
#include "sql/source.h"

namespace weir::sql {
namespace {

using model::Type;
using model::TypeKind;

base::Result<void> CheckName(const Source& source, const Identifier& name) {
  if (IsErrorStream(name.name)) {
    return source.Fail(name.position,
                       "\"{}\" is the system's own stream of errors; choose another "
                       "name",
                       name.name);
  }
  if (name.name.starts_with('$')) {
    return source.Fail(name.position, "names that begin with $ belong to sub-queries");
  }
  return {};
}

base::Result<StreamPlan> BindStream(const Source& source, const CreateStreamNode& node) {
  StreamPlan stream;
  stream.name = node.name.name;
  if (node.columns.size() > kMaxColumns) {
    return source.Fail(node.columns[kMaxColumns].name.position,
                       "stream \"{}\" has more than {} columns", stream.name, kMaxColumns);
  }
  for (const ColumnDefinition& column : node.columns) {
    if (model::FindField(stream.schema, column.name.name) >= 0) {
      return source.Fail(column.name.position, "stream \"{}\" has a column named \"{}\" already",
                         stream.name, column.name.name);
    }
    stream.schema.push_back(model::Field{column.name.name, column.type, column.nullable});
  }
  return stream;
}

/// Adds `node` to `nodes`; a later one with OR REPLACE takes the place of an earlier one.
template <typename Node>
base::Result<void> Declare(const Source& source, std::string_view what, Node node,
                           std::vector<Node>& nodes) {
  RETURN_IF_ERROR(CheckName(source, node.name));
  const auto earlier = std::find_if(nodes.begin(), nodes.end(), [&](const Node& other) {
    return other.name.name == node.name.name;
  });
  if (earlier == nodes.end()) {
    nodes.push_back(std::move(node));
    return {};
  }
  if (!node.replace) {
    return source.Fail(node.name.position,
                       "there is a {} named \"{}\" already; write CREATE OR REPLACE to replace it",
                       what, node.name.name);
  }
  *earlier = std::move(node);
  return {};
}

/// Fails at a pump of a cycle among the pumps that are not `done`, each of which waits for another.
std::unexpected<base::Error> FailAtCycle(const Source& source, const ProgramState& state,
                                         const std::vector<bool>& done) {
  const std::vector<PumpPlan>& pumps = state.program.pumps;
  std::vector<bool> seen(pumps.size(), false);
  auto at = static_cast<size_t>(std::find(done.begin(), done.end(), false) - done.begin());
  while (!seen[at]) {
    seen[at] = true;
    for (size_t i = 0; i < pumps.size(); ++i) {
      if (!done[i] && pumps[i].target == pumps[at].select.source) {
        at = i;
        break;
      }
    }
  }
  return source.Fail(
      state.pump_positions[at],
      "pumps form a circle: what pump \"{}\" writes into \"{}\" comes back to it through "
      "\"{}\"",
      pumps[at].name, pumps[at].target, pumps[at].select.source);
}

/// Orders the pumps so that each comes after those that feed it, otherwise as declared.
base::Result<void> OrderPumps(const Source& source, ProgramState& state) {
  std::vector<PumpPlan>& pumps = state.program.pumps;
  std::map<std::string_view, size_t> writers;
  std::map<std::string_view, std::vector<size_t>> readers;
  for (size_t i = 0; i < pumps.size(); ++i) {
    ++writers[pumps[i].target];
    readers[pumps[i].select.source].push_back(i);
  }
  std::set<size_t> ready;
  for (size_t i = 0; i < pumps.size(); ++i) {
    if (!writers.contains(pumps[i].select.source)) {
      ready.insert(i);
    }
  }
  std::vector<size_t> order;
  std::vector<bool> done(pumps.size(), false);
  while (!ready.empty()) {
    const size_t next = *ready.begin();
    ready.erase(ready.begin());
    order.push_back(next);
    done[next] = true;
    if (--writers[pumps[next].target] == 0) {
      const std::vector<size_t>& waiting = readers[pumps[next].target];
      ready.insert(waiting.begin(), waiting.end());
    }
  }
  if (order.size() != pumps.size()) {
    return FailAtCycle(source, state, done);
  }
  std::vector<PumpPlan> ordered;
  ordered.reserve(pumps.size());
  for (const size_t index : order) {
    ordered.push_back(std::move(pumps[index]));
  }
  pumps = std::move(ordered);
  return {};
}

}  // namespace

bool IsErrorStream(std::string_view name) {
  constexpr std::string_view kErrorStream = "ERROR_STREAM";
  return std::equal(name.begin(), name.end(), kErrorStream.begin(), kErrorStream.end(),
                    [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 'a' + 'A' : a) == b; });
}

model::Schema WithImplicitColumns(const model::Schema& schema) {
  constexpr int kPartitionKeyBytes = 256;
  constexpr int kSequenceNumberBytes = 128;
  constexpr int kShardIdBytes = 64;
  static const Type kTypes[] = {
      Type{TypeKind::kTimestamp}, Type{TypeKind::kVarchar, kPartitionKeyBytes},
      Type{TypeKind::kVarchar, kSequenceNumberBytes}, Type{TypeKind::kVarchar, kShardIdBytes}};
  model::Schema all = schema;
  for (size_t i = 0; i < std::size(kImplicitColumns); ++i) {
    all.push_back(model::Field{std::string(kImplicitColumns[i]), kTypes[i], false});
  }
  return all;
}

base::Result<Program> Compile(std::string_view code, std::span<const InputStream> inputs) {
  if (code.size() > kMaxCodeBytes) {
    return base::Fail(base::Code::kInvalidArgument,
                      "the application code has {} bytes; the limit is {}", code.size(),
                      kMaxCodeBytes);
  }
  const Source source(code);
  ASSIGN_OR_RETURN(std::vector<Token> tokens, Tokenize(source));
  ASSIGN_OR_RETURN(std::vector<Statement> statements,
                   Parser(source, std::move(tokens)).ParseProgram());
  std::vector<CreateStreamNode> streams;
  std::vector<CreatePumpNode> pumps;
  for (Statement& statement : statements) {
    if (auto* stream = std::get_if<CreateStreamNode>(&statement)) {
      for (const InputStream& input : inputs) {
        if (input.name == stream->name.name) {
          return source.Fail(stream->name.position,
                             "\"{}\" is the application's input and cannot be declared",
                             input.name);
        }
      }
      RETURN_IF_ERROR(Declare(source, "stream", std::move(*stream), streams));
    } else {
      RETURN_IF_ERROR(
          Declare(source, "pump", std::move(std::get<CreatePumpNode>(statement)), pumps));
    }
  }
  ProgramState state;
  state.inputs = inputs;
  for (const CreateStreamNode& node : streams) {
    ASSIGN_OR_RETURN(StreamPlan stream, BindStream(source, node));
    state.program.streams.push_back(std::move(stream));
  }
  for (const CreatePumpNode& pump : pumps) {
    RETURN_IF_ERROR(SelectBinder(source, state).BindPump(pump));
  }
  RETURN_IF_ERROR(OrderPumps(source, state));
  return std::move(state.program);
}

}  // namespace weir::sql
