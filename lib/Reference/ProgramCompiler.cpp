//===- ProgramCompiler.cpp - From a region to a register program ----------===//
#include "dialects/ein/EinNumerics.h"
#include "lib/Elementary/Functions.h"
#include "lib/Reference/Program.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>

using namespace mlir;

namespace einfall::reference {

namespace {
using Unary = double (*)(double);
using Binary = double (*)(double, double);
} // namespace

static double rsqrt(double x) { return 1.0 / std::sqrt(x); }

/// The host's functions, in double.
static Unary hostUnary(StringRef name) {
  return llvm::StringSwitch<Unary>(name)
      .Case("math.absf", std::fabs)
      .Case("math.acos", std::acos)
      .Case("math.acosh", std::acosh)
      .Case("math.asin", std::asin)
      .Case("math.asinh", std::asinh)
      .Case("math.atan", std::atan)
      .Case("math.atanh", std::atanh)
      .Case("math.cbrt", std::cbrt)
      .Case("math.ceil", std::ceil)
      .Case("math.cos", std::cos)
      .Case("math.cosh", std::cosh)
      .Case("math.erf", std::erf)
      .Case("math.erfc", std::erfc)
      .Case("math.exp", std::exp)
      .Case("math.exp2", std::exp2)
      .Case("math.expm1", std::expm1)
      .Case("math.floor", std::floor)
      .Case("math.log", std::log)
      .Case("math.log10", std::log10)
      .Case("math.log1p", std::log1p)
      .Case("math.log2", std::log2)
      .Case("math.round", std::round)
      .Case("math.roundeven", std::nearbyint)
      .Case("math.rsqrt", rsqrt)
      .Case("math.sin", std::sin)
      .Case("math.sinh", std::sinh)
      .Case("math.sqrt", std::sqrt)
      .Case("math.tan", std::tan)
      .Case("math.tanh", std::tanh)
      .Case("math.trunc", std::trunc)
      .Default(nullptr);
}

static Binary hostBinary(StringRef name) {
  return llvm::StringSwitch<Binary>(name)
      .Case("math.powf", std::pow)
      .Case("math.atan2", std::atan2)
      .Case("math.copysign", std::copysign)
      .Default(nullptr);
}

using Number = elementary::Plain<double>;

template <elementary::Unary function> static double recipe(double x) {
  return elementary::evaluate(function, Number{x}).v;
}

/// What compiled code evaluates under strict numerics, step by step: `declared`
/// mode has it in place of the host's functions, which differ between hosts.
static Unary recipeOf(StringRef name) {
  name.consume_front("math.");
  auto function = elementary::unaryFunction({name.data(), name.size()});
  if (!function)
    return nullptr;
  switch (*function) {
#define X(name)                                                                                    \
  case elementary::Unary::name:                                                                    \
    return recipe<elementary::Unary::name>;
    EINFALL_UNARY_FUNCTIONS(X)
#undef X
  }
  return nullptr;
}

static Unary unaryOf(StringRef name, Mode mode) {
  Unary function = mode == Mode::declared ? recipeOf(name) : nullptr;
  return function ? function : hostUnary(name);
}

static Binary binaryOf(StringRef name, Mode mode) {
  if (mode == Mode::declared && name == "math.powf")
    return [](double x, double y) { return elementary::pow(Number{x}, Number{y}).v; };
  if (mode == Mode::declared && name == "math.atan2")
    return [](double y, double x) { return elementary::atan2(Number{y}, Number{x}).v; };
  return hostBinary(name);
}

/// Operations that are one instruction on their operands.
static std::optional<Code> codeOf(StringRef name) {
  using C = std::optional<Code>;
  return llvm::StringSwitch<C>(name)
      .Case("arith.select", Code::select)
      .Case("arith.addf", Code::addf)
      .Case("arith.subf", Code::subf)
      .Case("arith.mulf", Code::mulf)
      .Case("arith.divf", Code::divf)
      .Case("arith.remf", Code::remf)
      .Case("arith.negf", Code::negf)
      .Case("arith.maximumf", Code::maximumf)
      .Case("arith.minimumf", Code::minimumf)
      .Case("arith.maxnumf", Code::maxnumf)
      .Case("arith.minnumf", Code::minnumf)
      .Case("arith.cmpf", Code::cmpf)
      .Case("arith.cmpi", Code::cmpi)
      .Case("arith.addi", Code::addi)
      .Case("arith.subi", Code::subi)
      .Case("arith.muli", Code::muli)
      .Case("arith.divsi", Code::divsi)
      .Case("arith.divui", Code::divui)
      .Case("arith.ceildivsi", Code::ceildivsi)
      .Case("arith.ceildivui", Code::ceildivui)
      .Case("arith.floordivsi", Code::floordivsi)
      .Case("arith.remsi", Code::remsi)
      .Case("arith.remui", Code::remui)
      .Case("arith.andi", Code::andi)
      .Case("arith.ori", Code::ori)
      .Case("arith.xori", Code::xori)
      .Case("arith.shli", Code::shli)
      .Case("arith.shrsi", Code::shrsi)
      .Case("arith.shrui", Code::shrui)
      .Case("arith.maxsi", Code::maxsi)
      .Case("arith.maxui", Code::maxui)
      .Case("arith.minsi", Code::minsi)
      .Case("arith.minui", Code::minui)
      .Case("arith.extsi", Code::extsi)
      .Case("arith.extui", Code::extui)
      .Case("arith.trunci", Code::trunci)
      .Case("arith.sitofp", Code::sitofp)
      .Case("arith.uitofp", Code::uitofp)
      .Case("arith.fptosi", Code::fptosi)
      .Case("arith.fptoui", Code::fptoui)
      .Case("math.fma", Code::fma)
      .Case("math.clampf", Code::clampf)
      .Case("math.fpowi", Code::fpowi)
      .Case("math.isfinite", Code::isfinite)
      .Case("math.isinf", Code::isinf)
      .Case("math.isnan", Code::isnan)
      .Case("math.isnormal", Code::isnormal)
      .Case("math.absi", Code::absi)
      .Case("math.ipowi", Code::ipowi)
      .Case("math.ctpop", Code::ctpop)
      .Case("math.cttz", Code::cttz)
      .Case("math.ctlz", Code::ctlz)
      .Default(std::nullopt);
}

class ProgramCompiler {
public:
  ProgramCompiler(const Context &context, Program &program) : context(context), program(program) {}

  uint16_t fresh() {
    program.registers.push_back(ofInt(0));
    return program.registers.size() - 1;
  }
  void define(Value value, uint16_t reg) { registers[value] = reg; }

  LogicalResult add(Operation &op, function_ref<int64_t(StringRef)> findRank);
  LogicalResult finish(ein::YieldOp yield, unsigned yielded);

private:
  LogicalResult addConstant(arith::ConstantOp op);
  LogicalResult addCast(Operation &op);
  LogicalResult addExtended(Operation &op);
  Instruction &emit(Code code, Operation &op, Value result);
  void share(Operation &op) { define(op.getResult(0), registers.lookup(op.getOperand(0))); }

  const Context &context;
  Program &program;
  llvm::DenseMap<Value, uint16_t> registers;
};

Instruction &ProgramCompiler::emit(Code code, Operation &op, Value result) {
  Instruction in;
  in.code = code;
  in.op = &op;
  uint16_t *places[] = {&in.a, &in.b, &in.c};
  for (auto [place, operand] : llvm::zip(places, op.getOperands()))
    *place = registers.lookup(operand);
  in.format = formatOf(result.getType(), context.mode);
  in.width = widthOf(result.getType());
  if (op.getNumOperands())
    in.from = widthOf(op.getOperand(0).getType());
  in.to = fresh();
  define(result, in.to);
  program.code.push_back(in);
  return program.code.back();
}

LogicalResult ProgramCompiler::addConstant(arith::ConstantOp op) {
  uint16_t reg = fresh();
  define(op.getResult(), reg);
  if (auto number = dyn_cast<FloatAttr>(op.getValue())) {
    APFloat value = number.getValue();
    bool lost;
    value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
    program.registers[reg].f = value.convertToDouble();
    return success();
  }
  auto number = dyn_cast<IntegerAttr>(op.getValue());
  if (!number)
    return op.emitError("expected a number");
  program.registers[reg].i = wrap(number.getValue().getSExtValue(), widthOf(op.getType()));
  return success();
}

/// Casts that are not one instruction with a width and a format.
LogicalResult ProgramCompiler::addCast(Operation &op) {
  Type from = op.getOperand(0).getType(), to = op.getResult(0).getType();
  if (isa<arith::ExtFOp>(op)) {
    share(op);
  } else if (isa<arith::TruncFOp>(op)) {
    if (context.mode == Mode::f64)
      share(op);
    else
      emit(Code::round, op, op.getResult(0));
  } else if (isa<arith::IndexCastOp>(op)) {
    emit(widthOf(from) < widthOf(to) ? Code::extsi : Code::trunci, op, op.getResult(0));
  } else if (isa<arith::IndexCastUIOp>(op)) {
    emit(widthOf(from) < widthOf(to) ? Code::extui : Code::trunci, op, op.getResult(0));
  } else if (isa<FloatType>(from) == isa<FloatType>(to)) { // bitcast
    if (from == to || isa<IntegerType>(from)) {
      share(op);
      return success();
    }
    uint16_t bits = emit(Code::floatToBits, op, op.getResult(0)).to;
    Instruction &back = emit(Code::bitsToFloat, op, op.getResult(0));
    back.a = bits;
  } else {
    emit(isa<FloatType>(from) ? Code::floatToBits : Code::bitsToFloat, op, op.getResult(0));
  }
  return success();
}

/// Operations with two results.
LogicalResult ProgramCompiler::addExtended(Operation &op) {
  if (isa<arith::AddUIExtendedOp>(op)) {
    emit(Code::addi, op, op.getResult(0));
    emit(Code::adduiCarry, op, op.getResult(1)).width = widthOf(op.getOperand(0).getType());
  } else if (isa<math::SincosOp>(op)) {
    emit(Code::unary, op, op.getResult(0)).unary = unaryOf("math.sin", context.mode);
    emit(Code::unary, op, op.getResult(1)).unary = unaryOf("math.cos", context.mode);
  } else {
    emit(Code::muli, op, op.getResult(0));
    emit(isa<arith::MulSIExtendedOp>(op) ? Code::mulsiHigh : Code::muluiHigh, op, op.getResult(1));
  }
  return success();
}

LogicalResult ProgramCompiler::add(Operation &op, function_ref<int64_t(StringRef)> findRank) {
  for (Value operand : op.getOperands())
    if (!registers.contains(operand))
      return op.emitError("uses a value from outside its region");
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return addConstant(constant);
  if (auto index = dyn_cast<ein::IndexOp>(op)) {
    int64_t rank = findRank(index.getRank());
    if (rank < 0)
      return op.emitError("there is no rank '") << index.getRank() << "' here";
    emit(Code::coord, op, index.getResult()).a = rank;
    return success();
  }
  if (auto extent = dyn_cast<ein::ExtentOp>(op)) {
    FailureOr<int64_t> value = context.extent(&op, extent.getExtent());
    if (failed(value))
      return failure();
    uint16_t reg = fresh();
    program.registers[reg].i = *value;
    define(extent.getResult(), reg);
    return success();
  }
  if (isa<arith::ExtFOp, arith::TruncFOp, arith::IndexCastOp, arith::IndexCastUIOp,
          arith::BitcastOp>(op))
    return addCast(op);
  if (isa<arith::AddUIExtendedOp, arith::MulSIExtendedOp, arith::MulUIExtendedOp, math::SincosOp>(
          op))
    return addExtended(op);
  StringRef name = op.getName().getStringRef();
  if (Unary function = unaryOf(name, context.mode)) {
    emit(Code::unary, op, op.getResult(0)).unary = function;
    return success();
  }
  if (Binary function = binaryOf(name, context.mode)) {
    emit(Code::binary, op, op.getResult(0)).binary = function;
    return success();
  }
  std::optional<Code> code = codeOf(name);
  if (!code)
    return op.emitError("the reference interpreter does not know this operation");
  Instruction &in = emit(*code, op, op.getResult(0));
  if (auto compare = dyn_cast<arith::CmpFOp>(op))
    in.predicate = static_cast<uint8_t>(compare.getPredicate());
  else if (auto compare = dyn_cast<arith::CmpIOp>(op))
    in.predicate = static_cast<uint8_t>(compare.getPredicate());
  else if (*code == Code::fpowi)
    in.from = widthOf(op.getOperand(1).getType()), in.binary = binaryOf("math.powf", context.mode);
  else if (*code == Code::isnormal)
    in.format = formatOf(op.getOperand(0).getType(), context.mode);
  return success();
}

LogicalResult ProgramCompiler::finish(ein::YieldOp yield, unsigned yielded) {
  Value value = yield.getOperand(yielded);
  if (!registers.contains(value))
    return yield.emitError("yields a value from outside its region");
  program.yielded = registers.lookup(value);
  program.format = formatOf(value.getType(), context.mode);
  auto mul = value.getDefiningOp<arith::MulFOp>();
  if (!mul || !ein::feedsSumUnrounded(mul))
    return success();
  program.product = {registers.lookup(mul.getLhs()), registers.lookup(mul.getRhs())};
  if (mul->hasOneUse())
    llvm::erase_if(program.code, [&](Instruction &in) { return in.op == mul.getOperation(); });
  return success();
}

FailureOr<Program> Program::compile(Operation *op, Block &body,
                                    function_ref<int64_t(StringRef)> findRank,
                                    const Context &context, unsigned yielded) {
  Program program;
  ProgramCompiler compiler(context, program);
  for (Value argument : body.getArguments())
    compiler.define(argument, compiler.fresh());
  for (Operation &inner : body.without_terminator())
    if (failed(compiler.add(inner, findRank)))
      return failure();
  if (failed(compiler.finish(cast<ein::YieldOp>(body.getTerminator()), yielded)))
    return failure();
  return program;
}

} // namespace einfall::reference
