#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "stack/node.h"
#include "stack/problem.h"

namespace weir::stack {

/// What `AWS::Region` and `AWS::AccountId` are here.
inline constexpr std::string_view kRegion = "local";
inline constexpr std::string_view kAccountId = "000000000000";

/// Computes the values of a template: parameters, mappings, conditions and intrinsic functions.
class Evaluator {
 public:
  /// What a reference to a resource is: its physical name, or, with an attribute, for example its
  /// ARN. Records a problem and gives nothing when it cannot be.
  using ResolveResource = std::function<std::optional<std::string>(
      const std::string& logical_id, const std::string& attribute, const std::string& path,
      Position at)>;

  /// `root`, `problems` must outlive the evaluator.
  Evaluator(const Node& root, std::string stack_name, Problems& problems);

  /// Gives every parameter its value, from `given` or its default, and checks it.
  void SetParameters(const std::map<std::string, std::string>& given);

  void SetResolver(ResolveResource resolve) { resolve_ = std::move(resolve); }

  /// False also for an unknown condition (which is recorded).
  bool ConditionHolds(const std::string& name, const std::string& path, Position at);
  /// Evaluates every condition, so that a wrong one is told even where nothing uses it.
  void CheckConditions();

  /// `node` with every intrinsic replaced by its value. Broken parts are recorded.
  Node Evaluate(const Node& node, const std::string& path);

 private:
  struct Parameter {
    std::vector<std::string> values;
    bool is_list = false;
  };

  void CheckParameter(const Member& member, const std::map<std::string, std::string>& given);
  bool CheckParameterValue(const Node& definition, const std::string& value,
                           const std::string& path, Position at);
  Node Broken(Position at) const;
  Node Call(const std::string& function, const Node& argument, const std::string& path,
            Position at);
  Node Reference(const std::string& name, const std::string& path, Position at);
  std::optional<std::string> PseudoParameter(std::string_view name) const;
  Node GetAttribute(const Node& argument, const std::string& path, Position at);
  Node Substitute(const Node& argument, const std::string& path, Position at);
  Node Join(const Node& argument, const std::string& path, Position at);
  Node Select(const Node& argument, const std::string& path, Position at);
  Node Split(const Node& argument, const std::string& path, Position at);
  Node FindInMap(const Node& argument, const std::string& path, Position at);
  Node If(const Node& argument, const std::string& path, Position at);
  bool Condition(const Node& node, const std::string& path, int depth);
  bool ConditionCall(const Member& call, const std::string& path, int depth);
  std::vector<std::string_view> ReferenceNames() const;

  const Node& root_;
  std::string stack_name_;
  Problems& problems_;
  ResolveResource resolve_;
  std::map<std::string, Parameter> parameters_;
  std::map<std::string, bool> conditions_;
  std::set<std::string> conditions_in_work_;
};

}  // namespace weir::stack
