#include "stream/expressions/expression_evaluator.h"

#include <string>
#include <utility>

#include "base/check.h"

namespace weir::stream {

namespace {

class ColumnNode : public ExpressionNode {
 public:
  explicit ColumnNode(int column) : column_(static_cast<size_t>(column)) {}

  Vector Evaluate(Evaluation& evaluation, const Selection& /*rows*/) override {
    return ViewOf(evaluation.batch.columns[column_]);
  }

 private:
  size_t column_;
};

class RowtimeNode : public ExpressionNode {
 public:
  Vector Evaluate(Evaluation& evaluation, const Selection& /*rows*/) override {
    Vector view;
    view.ints = evaluation.batch.rowtimes.data();
    return view;
  }
};

class LiteralNode : public ExpressionNode {
 public:
  LiteralNode(const model::Value& value, model::Type type) {
    null_ = model::IsNull(value) ? 1 : 0;
    if (const auto* number = std::get_if<int64_t>(&value)) {
      int_ = *number;
      double_ = static_cast<double>(*number);
    } else if (const auto* floating = std::get_if<double>(&value)) {
      double_ = *floating;
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      text_ = *text;
    }
    view_ = text_;
    physical_ = type.physical();
  }

  Vector Evaluate(Evaluation& /*evaluation*/, const Selection& /*rows*/) override {
    Vector vector;
    vector.mask = 0;
    vector.nulls = null_ != 0 ? &null_ : nullptr;
    switch (physical_) {
      case model::Physical::kInt64:
        vector.ints = &int_;
        break;
      case model::Physical::kDouble:
        vector.doubles = &double_;
        break;
      case model::Physical::kString:
        vector.strings = &view_;
        break;
    }
    return vector;
  }

 private:
  model::Physical physical_ = model::Physical::kInt64;
  uint8_t null_ = 0;
  int64_t int_ = 0;
  double double_ = 0;
  std::string text_;
  std::string_view view_;
};

// Computes every argument for every row, then one kernel.
class KernelNode : public ExpressionNode {
 public:
  KernelNode(Kernel kernel, model::Physical physical, std::vector<Node> arguments)
      : kernel_(std::move(kernel)),
        physical_(physical),
        arguments_(std::move(arguments)),
        vectors_(arguments_.size()) {}

  Vector Evaluate(Evaluation& evaluation, const Selection& rows) override {
    for (size_t i = 0; i < arguments_.size(); ++i) {
      vectors_[i] = arguments_[i]->Evaluate(evaluation, rows);
    }
    out_.Reset(physical_, evaluation.batch.size());
    kernel_(KernelCall{evaluation, rows, vectors_, out_});
    return out_.View();
  }

 private:
  Kernel kernel_;
  model::Physical physical_;
  std::vector<Node> arguments_;
  std::vector<Vector> vectors_;
  ResultBuffer out_;
};

Kernel MakeKernel(const sql::Expression& call) {
  for (auto* const make :
       {&MakeComparisonKernel, &MakeArithmeticKernel, &MakeTimeKernel, &MakeTextKernel}) {
    if (Kernel kernel = make(call)) {
      return kernel;
    }
  }
  return nullptr;
}

Node Build(const sql::Expression& expression) {
  using Kind = sql::Expression::Kind;
  std::vector<Node> arguments;
  arguments.reserve(expression.arguments.size());
  for (const sql::Expression& argument : expression.arguments) {
    arguments.push_back(Build(argument));
  }
  switch (expression.kind) {
    case Kind::kColumn:
      return std::make_unique<ColumnNode>(expression.column);
    case Kind::kRowtime:
      return std::make_unique<RowtimeNode>();
    case Kind::kLiteral:
      return std::make_unique<LiteralNode>(expression.literal, expression.type);
    case Kind::kCast:
      return std::make_unique<KernelNode>(
          MakeCastKernel(expression.arguments.front().type, expression.type),
          expression.type.physical(), std::move(arguments));
    case Kind::kCall:
      break;
  }
  switch (expression.function) {
    case sql::Function::kAnd:
    case sql::Function::kOr:
    case sql::Function::kCase:
    case sql::Function::kCoalesce:
    case sql::Function::kNullif:
      return MakeConditionalNode(expression, std::move(arguments));
    default:
      break;
  }
  Kernel kernel = MakeKernel(expression);
  CHECK_NOTE(kernel != nullptr, expression.ToString());
  return std::make_unique<KernelNode>(std::move(kernel), expression.type.physical(),
                                      std::move(arguments));
}

}  // namespace

ExpressionEvaluator::ExpressionEvaluator(const sql::Expression& expression)
    : type_(expression.type), root_(Build(expression)) {}

void AppendTrueRows(const Vector& condition, const RowErrors& errors, const Selection& rows,
                    std::vector<uint32_t>& passed) {
  const size_t start = passed.size();
  passed.resize(start + rows.size());
  uint32_t* into = passed.data() + start;
  size_t count = 0;
  if (condition.nulls == nullptr && errors.empty()) {
    rows.ForEach([&](size_t row) {
      into[count] = static_cast<uint32_t>(row);
      count += condition.Int(row) != 0 ? 1 : 0;
    });
  } else {
    rows.ForEach([&](size_t row) {
      if (!condition.IsNull(row) && condition.Int(row) != 0 && !errors.Failed(row)) {
        into[count++] = static_cast<uint32_t>(row);
      }
    });
  }
  passed.resize(start + count);
}

}  // namespace weir::stream
