//===- ScalarProgram.cpp - Runs scalar integer code -----------------------===//
#include "ScalarProgram.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/ErrorHandling.h"

using namespace mlir;

static unsigned widthOf(Type type) { return type.isIndex() ? 64 : type.getIntOrFloatBitWidth(); }

/// The lowest `width` bits, signed; those of a truth value are 0 or 1.
static int64_t wrapped(int64_t value, unsigned width) {
  if (width == 1)
    return value & 1;
  return width == 64 ? value : llvm::SignExtend64(static_cast<uint64_t>(value), width);
}

static int64_t floorDivided(int64_t a, int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

using Function = int64_t (*)(int64_t, int64_t, int64_t);

static Function comparison(arith::CmpIPredicate predicate) {
  static const Function functions[] = {
      [](int64_t a, int64_t b, int64_t) -> int64_t { return a == b; },
      [](int64_t a, int64_t b, int64_t) -> int64_t { return a != b; },
      [](int64_t a, int64_t b, int64_t) -> int64_t { return a < b; },
      [](int64_t a, int64_t b, int64_t) -> int64_t { return a <= b; },
      [](int64_t a, int64_t b, int64_t) -> int64_t { return a > b; },
      [](int64_t a, int64_t b, int64_t) -> int64_t { return a >= b; },
      [](int64_t a, int64_t b, int64_t) -> int64_t { return uint64_t(a) < uint64_t(b); },
      [](int64_t a, int64_t b, int64_t) -> int64_t { return uint64_t(a) <= uint64_t(b); },
      [](int64_t a, int64_t b, int64_t) -> int64_t { return uint64_t(a) > uint64_t(b); },
      [](int64_t a, int64_t b, int64_t) -> int64_t { return uint64_t(a) >= uint64_t(b); }};
  return functions[static_cast<unsigned>(predicate)];
}

static Function binary(Operation *op) {
#define RESULT(expression)                                                                         \
  [](auto) -> Function {                                                                           \
    return [](int64_t a, int64_t b, int64_t c) -> int64_t { return expression; };                  \
  }
  return llvm::TypeSwitch<Operation *, Function>(op)
      .Case<arith::AddIOp>(RESULT(uint64_t(a) + uint64_t(b)))
      .Case<arith::SubIOp>(RESULT(uint64_t(a) - uint64_t(b)))
      .Case<arith::MulIOp>(RESULT(uint64_t(a) * uint64_t(b)))
      .Case<arith::AndIOp>(RESULT(a & b))
      .Case<arith::OrIOp>(RESULT(a | b))
      .Case<arith::XOrIOp>(RESULT(a ^ b))
      .Case<arith::MaxSIOp>(RESULT(std::max(a, b)))
      .Case<arith::MinSIOp>(RESULT(std::min(a, b)))
      .Case<arith::MaxUIOp>(RESULT(std::max<uint64_t>(a, b)))
      .Case<arith::MinUIOp>(RESULT(std::min<uint64_t>(a, b)))
      .Case<arith::DivSIOp>(RESULT(a / b))
      .Case<arith::RemSIOp>(RESULT(a % b))
      .Case<arith::FloorDivSIOp>(RESULT(floorDivided(a, b)))
      .Case<arith::CeilDivSIOp>(RESULT(a / b + (a % b != 0 && (a < 0) == (b < 0))))
      .Case<arith::DivUIOp>(RESULT(uint64_t(a) / uint64_t(b)))
      .Case<arith::RemUIOp>(RESULT(uint64_t(a) % uint64_t(b)))
      .Case<arith::CeilDivUIOp>(
          RESULT(uint64_t(a) / uint64_t(b) + (uint64_t(a) % uint64_t(b) != 0)))
      .Case<math::AbsIOp>(RESULT(a < 0 ? -uint64_t(a) : a))
      .Case<arith::SelectOp>(RESULT(a ? b : c))
      .Default([](Operation *) { return nullptr; });
#undef RESULT
}

void ScalarProgram::translate(Operation &op, Step &step) {
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    step.immediate = cast<IntegerAttr>(constant.getValue()).getValue().getSExtValue();
    step.immediate = wrapped(step.immediate, step.width);
    return;
  }
  Type from = op.getOperand(0).getType();
  if (auto compare = dyn_cast<arith::CmpIOp>(op))
    step.function = comparison(compare.getPredicate());
  else if (isa<arith::IndexCastOp, arith::ExtSIOp, arith::TruncIOp>(op))
    step.function = from.isInteger(1) ? Function([](int64_t a, int64_t, int64_t) { return -a; })
                                      : Function([](int64_t a, int64_t, int64_t) { return a; });
  else if (isa<arith::IndexCastUIOp, arith::ExtUIOp>(op))
    step.function = widthOf(from) == 32
                        ? Function([](int64_t a, int64_t, int64_t) { return a & 0xffffffff; })
                        : Function([](int64_t a, int64_t, int64_t) { return a; });
  else
    step.function = binary(&op);
  if (!step.function)
    llvm::report_fatal_error("no scalar meaning of " + op.getName().getStringRef());
}

unsigned ScalarProgram::slotOf(Value value, const std::function<int(Value)> &input) {
  if (auto it = slots.find(value); it != slots.end())
    return it->second;
  Step step;
  step.result = slots.size();
  slots[value] = step.result;
  int number = input(value);
  step.isInput = true;
  step.immediate = number;
  if (number < 0)
    llvm::report_fatal_error("a value that is no input");
  steps.push_back(step);
  return step.result;
}

ScalarProgram::ScalarProgram(Block &block, std::function<int(Value)> input) {
  for (Operation &op : block) {
    if (op.getNumResults() != 1)
      continue;
    if (input(op.getResult(0)) >= 0) {
      slotOf(op.getResult(0), input);
      continue;
    }
    Step step;
    step.width = widthOf(op.getResult(0).getType());
    translate(op, step);
    for (unsigned i = 0; i < op.getNumOperands(); ++i)
      step.operands[i] = slotOf(op.getOperand(i), input);
    step.result = slots.size();
    slots[op.getResult(0)] = step.result;
    steps.push_back(step);
  }
  for (BlockArgument argument : block.getArguments())
    slotOf(argument, input);
  values.resize(slots.size());
}

void ScalarProgram::run(const std::vector<int64_t> &inputs) {
  for (const Step &step : steps) {
    int64_t result = step.isInput ? inputs[step.immediate] : step.immediate;
    if (step.function)
      result = step.function(values[step.operands[0]], values[step.operands[1]],
                             values[step.operands[2]]);
    values[step.result] = wrapped(result, step.width);
  }
}
