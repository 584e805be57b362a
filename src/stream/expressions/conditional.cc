// AND, OR, CASE, COALESCE, NULLIF. An argument is computed only for the rows whose result needs it,
// so that `CASE WHEN n <> 0 THEN 100 / n END` has no errors where n is 0.

#include <utility>
#include <vector>

#include "stream/expressions/kernel.h"

namespace weir::stream {

namespace {

using sql::Function;

// x AND y: y matters unless x is FALSE. x OR y: y matters unless x is TRUE.
class LogicNode : public ExpressionNode {
 public:
  LogicNode(std::vector<Node> arguments, bool decisive)
      : arguments_(std::move(arguments)), decisive_(decisive) {}

  Vector Evaluate(Evaluation& evaluation, const Selection& rows) override {
    const Vector first = arguments_.front()->Evaluate(evaluation, rows);
    out_.Reset(model::Physical::kInt64, evaluation.batch.size());
    pending_.resize(rows.size());
    size_t count = 0;
    rows.ForEach([&](size_t row) {
      out_.ints()[row] = decisive_ ? 0 : 1;
      pending_[count++] = static_cast<uint32_t>(row);
    });
    unknown_.assign(evaluation.batch.size(), 0);
    for (size_t i = 0; i < arguments_.size(); ++i) {
      const Vector value =
          i == 0 ? first : arguments_[i]->Evaluate(evaluation, Selection::Of(pending_));
      size_t kept = 0;
      for (const uint32_t row : pending_) {
        if (value.IsNull(row)) {
          unknown_[row] = 1;
          pending_[kept++] = row;
        } else if ((value.Int(row) != 0) == decisive_) {
          out_.ints()[row] = decisive_ ? 1 : 0;
        } else {
          pending_[kept++] = row;
        }
      }
      pending_.resize(kept);
    }
    for (const uint32_t row : pending_) {
      if (unknown_[row] != 0) {
        out_.SetNull(row);
      }
    }
    return out_.View();
  }

 private:
  std::vector<Node> arguments_;
  bool decisive_;  // The value that settles the result: FALSE for AND, TRUE for OR.
  std::vector<uint32_t> pending_;
  std::vector<uint8_t> unknown_;
  ResultBuffer out_;
};

class CaseNode : public ExpressionNode {
 public:
  CaseNode(std::vector<Node> arguments, model::Physical physical)
      : arguments_(std::move(arguments)), physical_(physical) {}

  Vector Evaluate(Evaluation& evaluation, const Selection& rows) override {
    out_.Reset(physical_, evaluation.batch.size());
    pending_.clear();
    rows.ForEach([&](size_t row) { pending_.push_back(static_cast<uint32_t>(row)); });
    for (size_t i = 0; i + 1 < arguments_.size(); i += 2) {
      const Vector condition = arguments_[i]->Evaluate(evaluation, Selection::Of(pending_));
      taken_.clear();
      size_t kept = 0;
      for (const uint32_t row : pending_) {
        if (!condition.IsNull(row) && condition.Int(row) != 0) {
          taken_.push_back(row);
        } else if (evaluation.errors.Failed(row)) {
          out_.SetNull(row);
        } else {
          pending_[kept++] = row;
        }
      }
      pending_.resize(kept);
      Take(evaluation, *arguments_[i + 1], taken_);
    }
    Take(evaluation, *arguments_.back(), pending_);
    return out_.View();
  }

 private:
  void Take(Evaluation& evaluation, ExpressionNode& value, const std::vector<uint32_t>& rows) {
    if (rows.empty()) {
      return;
    }
    const Vector values = value.Evaluate(evaluation, Selection::Of(rows));
    for (const uint32_t row : rows) {
      out_.CopyFrom(values, row);
    }
  }

  std::vector<Node> arguments_;
  model::Physical physical_;
  std::vector<uint32_t> pending_;
  std::vector<uint32_t> taken_;
  ResultBuffer out_;
};

class CoalesceNode : public ExpressionNode {
 public:
  CoalesceNode(std::vector<Node> arguments, model::Physical physical)
      : arguments_(std::move(arguments)), physical_(physical) {}

  Vector Evaluate(Evaluation& evaluation, const Selection& rows) override {
    const Vector first = arguments_.front()->Evaluate(evaluation, rows);
    if (first.nulls == nullptr) {
      return first;
    }
    out_.Reset(physical_, evaluation.batch.size());
    pending_.clear();
    rows.ForEach([&](size_t row) { pending_.push_back(static_cast<uint32_t>(row)); });
    for (size_t i = 0; i < arguments_.size(); ++i) {
      const Vector values =
          i == 0 ? first : arguments_[i]->Evaluate(evaluation, Selection::Of(pending_));
      size_t kept = 0;
      for (const uint32_t row : pending_) {
        if (!values.IsNull(row)) {
          out_.CopyFrom(values, row);
        } else if (evaluation.errors.Failed(row)) {
          out_.SetNull(row);
        } else {
          pending_[kept++] = row;
        }
      }
      pending_.resize(kept);
    }
    for (const uint32_t row : pending_) {
      out_.SetNull(row);
    }
    return out_.View();
  }

 private:
  std::vector<Node> arguments_;
  model::Physical physical_;
  std::vector<uint32_t> pending_;
  ResultBuffer out_;
};

class NullifNode : public ExpressionNode {
 public:
  NullifNode(std::vector<Node> arguments, model::Physical physical)
      : arguments_(std::move(arguments)), physical_(physical) {}

  Vector Evaluate(Evaluation& evaluation, const Selection& rows) override {
    const Vector a = arguments_[0]->Evaluate(evaluation, rows);
    const Vector b = arguments_[1]->Evaluate(evaluation, rows);
    out_.Reset(physical_, evaluation.batch.size());
    rows.ForEach([&](size_t row) {
      if (!a.IsNull(row) && !b.IsNull(row) && Equal(a, b, row)) {
        out_.SetNull(row);
      } else {
        out_.CopyFrom(a, row);
      }
    });
    return out_.View();
  }

 private:
  static bool Equal(const Vector& a, const Vector& b, size_t row) {
    if (a.ints != nullptr) {
      return a.Int(row) == b.Int(row);
    }
    if (a.doubles != nullptr) {
      return a.Double(row) == b.Double(row);
    }
    return a.String(row) == b.String(row);
  }

  std::vector<Node> arguments_;
  model::Physical physical_;
  ResultBuffer out_;
};

}  // namespace

Node MakeConditionalNode(const sql::Expression& call, std::vector<Node> arguments) {
  switch (call.function) {
    case Function::kAnd:
      return std::make_unique<LogicNode>(std::move(arguments), false);
    case Function::kOr:
      return std::make_unique<LogicNode>(std::move(arguments), true);
    case Function::kCase:
      return std::make_unique<CaseNode>(std::move(arguments), call.type.physical());
    case Function::kCoalesce:
      return std::make_unique<CoalesceNode>(std::move(arguments), call.type.physical());
    case Function::kNullif:
      return std::make_unique<NullifNode>(std::move(arguments), call.type.physical());
    default:
      return nullptr;
  }
}

}  // namespace weir::stream
