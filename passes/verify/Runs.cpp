//===- Runs.cpp - Executions of a program's control flow ------------------===//
#include "passes/verify/Runs.h"
#include "dialects/tile/TileDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace einfall::verify {
namespace {

/// Around the parts that blocks walk by: none of them, less than one, whole ones, many.
constexpr int64_t kSizes[] = {0, 1, 2, 16, 17, 63, 64, 65, 128, 130, 200};
constexpr int64_t kLargeSizes[] = {257, 320, 512, 513, 640, 1024};
constexpr int64_t kBlocks[] = {0, 0, 0, 1, 2, 7};

bool isNumber(Type type) { return type.isIntOrIndex(); }

std::optional<int64_t> divide(Operation &op, int64_t a, int64_t b) {
  if (b == 0 || b == -1) // of -1, the quotient may overflow
    return std::nullopt;
  auto ua = static_cast<uint64_t>(a), ub = static_cast<uint64_t>(b);
  return TypeSwitch<Operation *, std::optional<int64_t>>(&op)
      .Case([&](arith::DivUIOp) { return ua / ub; })
      .Case([&](arith::RemUIOp) { return ua % ub; })
      .Case([&](arith::CeilDivUIOp) { return ua / ub + (ua % ub != 0); })
      .Case([&](arith::DivSIOp) { return a / b; })
      .Case([&](arith::RemSIOp) { return a % b; })
      .Case([&](arith::CeilDivSIOp) { return a / b + (a % b != 0 && (a < 0) == (b < 0)); })
      .Case([&](arith::FloorDivSIOp) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); })
      .Default(std::nullopt);
}

std::optional<int64_t> combine(Operation &op, int64_t a, int64_t b) {
  auto ua = static_cast<uint64_t>(a), ub = static_cast<uint64_t>(b);
  return TypeSwitch<Operation *, std::optional<int64_t>>(&op)
      .Case([&](arith::AddIOp) { return ua + ub; })
      .Case([&](arith::SubIOp) { return ua - ub; })
      .Case([&](arith::MulIOp) { return ua * ub; })
      .Case([&](arith::AndIOp) { return a & b; })
      .Case([&](arith::OrIOp) { return a | b; })
      .Case([&](arith::XOrIOp) { return a ^ b; })
      .Case([&](arith::MinSIOp) { return std::min(a, b); })
      .Case([&](arith::MaxSIOp) { return std::max(a, b); })
      .Case([&](arith::MinUIOp) { return std::min(ua, ub); })
      .Case([&](arith::MaxUIOp) { return std::max(ua, ub); })
      .Case([&](arith::CmpIOp compare) {
        return arith::applyCmpPredicate(compare.getPredicate(), APInt(64, ua), APInt(64, ub));
      })
      .Default([&](Operation *) { return divide(op, a, b); });
}

/// As a value of `type` is: sign-extended, but a truth value.
int64_t wrapped(Type type, int64_t number) {
  if (type.isInteger(1))
    return number & 1;
  unsigned width = type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
  return width >= 64 ? number : llvm::SignExtend64(static_cast<uint64_t>(number), width);
}

} // namespace

Outline::Outline(func::FuncOp program, Test isShown, Test isMove) : program(program) {
  auto insertAround = [](Operation *op, llvm::DenseSet<Operation *> &holders) {
    for (; op && holders.insert(op).second; op = op->getParentOp())
      ;
  };
  program.walk([&](Operation *op) {
    if (!isShown(*op))
      return;
    shown.insert(op);
    insertAround(op, leading);
    if (!isMove(*op))
      return;
    need(op->getOperands());
    insertAround(op, moving);
  });
  program.walk([&](Operation *op) {
    if (leading.contains(op))
      execute(*op);
  });
  while (!open.empty())
    follow(open.pop_back_val());
  program.walk([&](Operation *op) {
    IntegerAttr number;
    if (!executed.contains(op) || op == program)
      return;
    if (matchPattern(op, m_Constant(&number)))
      constants[op->getResult(0)] = wrapped(number.getType(), number.getValue().getSExtValue());
    else
      steps[op->getBlock()].push_back(op);
  });
}

ArrayRef<Operation *> Outline::opsOf(Block &block) const {
  auto it = steps.find(&block);
  return it == steps.end() ? ArrayRef<Operation *>() : ArrayRef(it->second);
}

bool Outline::isStill(scf::ForOp loop) const {
  auto isNeeded = [&](Value value) { return needed.contains(value); };
  return !moving.contains(loop) && llvm::none_of(loop.getResults(), isNeeded) &&
         llvm::none_of(loop.getRegionIterArgs(), isNeeded);
}

void Outline::need(ValueRange values) {
  for (Value value : values)
    if (isNumber(value.getType()) && needed.insert(value).second)
      open.push_back(value);
}

void Outline::execute(Operation &op) {
  if (!executed.insert(&op).second)
    return;
  if (auto branch = dyn_cast<scf::IfOp>(op))
    need(branch.getCondition());
  else if (auto loop = dyn_cast<scf::WhileOp>(op))
    need(loop.getConditionOp().getCondition());
  else if (auto loop = dyn_cast<scf::ForOp>(op); loop && leadsToShown(op))
    need({loop.getLowerBound(), loop.getUpperBound(), loop.getStep()});
}

void Outline::follow(Value value) {
  if (auto result = dyn_cast<OpResult>(value))
    followResult(result);
  else
    followArgument(cast<BlockArgument>(value));
}

void Outline::followResult(OpResult result) {
  Operation &op = *result.getOwner();
  unsigned number = result.getResultNumber();
  execute(op);
  if (op.getNumRegions() == 0) {
    need(op.getOperands());
  } else if (auto branch = dyn_cast<scf::IfOp>(op)) {
    need({branch.thenYield().getOperand(number), branch.elseYield().getOperand(number)});
  } else if (auto loop = dyn_cast<scf::WhileOp>(op)) {
    need(loop.getConditionOp().getArgs()[number]);
  } else if (auto loop = dyn_cast<scf::ForOp>(op); loop && leadsToShown(op)) {
    need({loop.getInitArgs()[number], loop.getYieldedValues()[number]});
  }
}

void Outline::followArgument(BlockArgument argument) {
  Operation *holder = argument.getOwner()->getParentOp();
  unsigned number = argument.getArgNumber();
  if (auto loop = dyn_cast<scf::WhileOp>(holder)) {
    if (argument.getOwner() == loop.getAfterBody())
      need(loop.getConditionOp().getArgs()[number]);
    else
      need({loop.getInits()[number], loop.getYieldOp()->getOperand(number)});
  } else if (auto loop = dyn_cast<scf::ForOp>(holder); loop && number > 0) {
    need({loop.getInitArgs()[number - 1], loop.getYieldedValues()[number - 1]});
  }
}

LogicalResult Run::execute() {
  executeBlock(outline.getProgram().front());
  return failure(hasFailed);
}

int64_t Run::numberOf(Value value) {
  std::optional<int64_t> number = known(value);
  return number ? *number : choose(value);
}

std::optional<int64_t> Run::known(Value value) const {
  auto it = numbers.find(value);
  return it == numbers.end() ? std::nullopt : std::optional(it->second);
}

void Run::set(Value value, std::optional<int64_t> number) {
  if (number)
    numbers[value] = wrapped(value.getType(), *number);
  else
    numbers.erase(value);
}

void Run::set(ValueRange values, const Numbers &given) {
  for (auto [value, number] : llvm::zip_equal(values, given))
    set(value, number);
}

Run::Numbers Run::knownOf(ValueRange values) const {
  Numbers result;
  for (Value value : values)
    result.push_back(known(value));
  return result;
}

int64_t Run::choose(Value value) {
  auto one = [&](ArrayRef<int64_t> of) { return of[random() % of.size()]; };
  auto argument = dyn_cast<BlockArgument>(value);
  func::FuncOp program = outline.getProgram();
  bool isBlock = argument && argument.getOwner() == &program.front() &&
                 argument.getArgNumber() + 1 == program.getNumArguments();
  // In a third of the runs all sizes are large: then loops go round often.
  bool isLarge = kind == 0 ? false : kind == 1 ? true : random() % 2;
  ArrayRef<int64_t> sizes = isLarge ? ArrayRef(kLargeSizes) : ArrayRef(kSizes);
  set(value,
      value.getType().isInteger(1) ? random() % 2 : one(isBlock ? ArrayRef(kBlocks) : sizes));
  return *known(value);
}

std::optional<int64_t> Run::evaluate(Operation &op) {
  if (op.getNumResults() != 1 || !isNumber(op.getResult(0).getType()))
    return std::nullopt;
  if (isa<tile::WarpOp>(op))
    return 0;
  if (auto select = dyn_cast<arith::SelectOp>(op))
    return numberOf(numberOf(select.getCondition()) ? select.getTrueValue()
                                                    : select.getFalseValue());
  if (!isa<arith::ArithDialect>(op.getDialect()) || !llvm::all_of(op.getOperandTypes(), isNumber))
    return std::nullopt;
  // What is not known is chosen once, where it comes from.
  SmallVector<int64_t> of =
      llvm::map_to_vector(op.getOperands(), [&](Value v) { return numberOf(v); });
  if (isa<arith::ExtUIOp, arith::IndexCastUIOp>(op)) {
    unsigned width = op.getOperand(0).getType().isIndex()
                         ? 64
                         : op.getOperand(0).getType().getIntOrFloatBitWidth();
    return width >= 64 ? of[0]
                       : of[0] & static_cast<int64_t>(llvm::maskTrailingOnes<uint64_t>(width));
  }
  if (isa<arith::IndexCastOp, arith::ExtSIOp, arith::TruncIOp>(op))
    return of[0];
  return of.size() == 2 ? combine(op, of[0], of[1]) : std::nullopt;
}

std::optional<Run::Numbers> Run::executeBlock(Block &block) {
  for (Operation *op : outline.opsOf(block))
    if (!executeOp(*op))
      return std::nullopt;
  return knownOf(block.getTerminator()->getOperands());
}

/// False if the run is to end.
bool Run::executeOp(Operation &op) {
  if (++steps >= kMostSteps)
    return false;
  for (Value result : op.getResults())
    numbers.erase(result);
  if (outline.isShown(op) && failed(show(op))) {
    hasFailed = true;
    return false;
  }
  if (op.getNumRegions() == 0) {
    if (op.getNumResults() == 1)
      set(op.getResult(0), evaluate(op));
    return true;
  }
  if (auto branch = dyn_cast<scf::IfOp>(op)) {
    Region &taken =
        numberOf(branch.getCondition()) ? branch.getThenRegion() : branch.getElseRegion();
    if (taken.empty())
      return true;
    std::optional<Numbers> yielded = executeBlock(taken.front());
    if (yielded)
      set(op.getResults(), *yielded);
    return yielded.has_value();
  }
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return executeFor(loop);
  if (auto loop = dyn_cast<scf::WhileOp>(op))
    return executeWhile(loop);
  return true;
}

bool Run::executeFor(scf::ForOp loop) {
  Numbers carried = knownOf(loop.getInitArgs());
  // What is read from tensors is chosen, not added up.
  if (!outline.leadsToShown(*loop)) {
    set(loop.getResults(), Numbers(carried.size()));
    return true;
  }
  int64_t begin = numberOf(loop.getLowerBound()), end = numberOf(loop.getUpperBound());
  int64_t step = numberOf(loop.getStep());
  bool isParallel = loop->hasAttr(tile::kParallel); // one iteration is like the other
  bool isStill = outline.isStill(loop);
  for (int64_t i = begin; i < end; i += step) {
    // The first two and the last one.
    if (isStill && step > 0 && i == begin + 2 * step)
      i += (end - 1 - i) / step * step;
    set(loop.getInductionVar(), i);
    set(loop.getRegionIterArgs(), carried);
    std::optional<Numbers> yielded = executeBlock(*loop.getBody());
    if (!yielded)
      return false;
    carried = *yielded;
    if (isParallel || step <= 0)
      break;
  }
  set(loop.getResults(), carried);
  return true;
}

bool Run::executeWhile(scf::WhileOp loop) {
  Numbers carried = knownOf(loop.getInits());
  while (true) {
    Block &before = loop.getBefore().front(), &after = loop.getAfter().front();
    set(before.getArguments(), carried);
    std::optional<Numbers> passed = executeBlock(before);
    if (!passed)
      return false;
    bool goes = numberOf(before.getTerminator()->getOperand(0));
    carried.assign(passed->begin() + 1, passed->end());
    if (!goes)
      break;
    set(after.getArguments(), carried);
    std::optional<Numbers> yielded = executeBlock(after);
    if (!yielded)
      return false;
    carried = *yielded;
  }
  set(loop.getResults(), carried);
  return true;
}

} // namespace einfall::verify
