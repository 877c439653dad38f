//===- CountPasses.cpp - How often a rank has to be walked ----------------===//
//
// Over one rank, each tensor is *streaming in pass p*, known element by element
// while the rank is walked for the p-th time, or *at the end of pass p*. What
// does not depend on the rank is at the end of pass 0.
//
//   An op over the complete fiber runs in the first pass in which all it reads
//   is there: p for what streams in p, p + 1 for what is at the end of p. Its
//   result streams if it keeps the rank or its outer part; else it is at the end.
//   An op over the outer part alone never adds a pass: it walks what the parts
//   of the fiber have left behind. Its result is at the end if any input is.
//   Any other op's result is at the end of the last pass that it waits for.
//
//===----------------------------------------------------------------------===//
#include "mlir/IR/AsmState.h"
#include "passes/ein/Fibers.h"
#include "passes/ein/Passes.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall::ein {
#define GEN_PASS_DEF_EINCOUNTPASSES
#include "passes/ein/Passes.h.inc"

namespace {

struct Moment {
  unsigned pass = 0;
  bool streams = false;
};

/// What the ops of one function mean for one rank.
class Count {
public:
  Count(const Fibers &fibers, unsigned rank) : fibers(fibers), rank(rank) {}
  void run(func::FuncOp function);

  unsigned passes = 0;
  Operation *last = nullptr; // the first op of the last pass
  SmallVector<Value> live;   // outer parts that wait for an end
  SmallVector<Operation *> chain() const;

private:
  Moment read(const Space &space, unsigned number, unsigned operand) const;
  void visit(const Space &space, unsigned number);

  const Fibers &fibers;
  unsigned rank;
  llvm::DenseMap<Value, Moment> moments;
  llvm::DenseMap<Operation *, unsigned> passOf; // of ops over the complete fiber
  llvm::DenseMap<Operation *, Value> cause;     // what set an op's moment
  llvm::DenseSet<Operation *> reduces;          // the rank, or its outer part
};

} // namespace

/// When operand `operand` is there for `space`.
Moment Count::read(const Space &space, unsigned number, unsigned operand) const {
  Value tensor = space.operands[operand];
  Moment moment = moments.lookup(tensor);
  if (!moment.streams)
    return moment;
  bool carries = false, along = true;
  AffineMap map = space.maps[operand];
  for (auto [dim, index] : llvm::enumerate(map.getResults())) {
    Fibers::Place place = fibers.ofDim(tensor, dim);
    if (place.rank != rank)
      continue;
    carries = true;
    bool fixed = index.isSymbolicOrConstant(), same = false;
    for (unsigned label = 0; label < space.labels.size(); ++label)
      same |= index.isFunctionOfDim(label) && fibers.ofLabel(number, label).rank == rank;
    if (fixed) // one element, the last one perhaps
      return {moment.pass, false};
    along &= same;
  }
  if (carries && along)
    return moment;
  // Read along another rank: an element is there once what it waits for is.
  return {moment.pass - 1, false};
}

void Count::visit(const Space &space, unsigned number) {
  bool has[3] = {}, keeps = false;
  for (auto [label, dim] : llvm::enumerate(space.resultDim)) {
    Fibers::Place place = fibers.ofLabel(number, label);
    if (place.rank != rank)
      continue;
    has[place.part] = true;
    keeps |= dim >= 0 && place.part != Fibers::inner;
    if (dim < 0 && place.part != Fibers::inner)
      reduces.insert(space.op);
  }
  bool complete = has[Fibers::whole] || (has[Fibers::outer] && has[Fibers::inner]);
  Moment result;
  bool anyEnd = false;
  unsigned first = complete ? 1 : 0;
  for (unsigned i = 0; i < space.operands.size(); ++i) {
    Moment moment = read(space, number, i);
    unsigned ready = moment.pass + (complete && !moment.streams);
    anyEnd |= !moment.streams && moment.pass > 0;
    if (ready > result.pass || !cause.count(space.op)) {
      result.pass = ready;
      cause[space.op] = space.operands[i];
    }
  }
  result.pass = std::max(first, result.pass);
  if (complete) {
    passOf[space.op] = result.pass;
    if (result.pass > passes) {
      passes = result.pass;
      last = space.op;
    }
    result.streams = keeps;
    if (space.reversed) // its start is known at the end
      result.streams = false;
  } else if (has[Fibers::outer]) {
    result.streams = keeps && !anyEnd && result.pass > 0;
    for (auto [i, operand] : llvm::enumerate(space.operands))
      if (anyEnd && read(space, number, i).streams && !llvm::is_contained(live, operand))
        live.push_back(operand);
  }
  for (Value value : space.op->getResults())
    moments[value] = result;
}

void Count::run(func::FuncOp function) {
  llvm::DenseMap<Operation *, unsigned> number;
  for (auto [i, space] : llvm::enumerate(fibers.getSpaces()))
    number[space.op] = i;
  for (Operation &op : function.front()) {
    if (auto it = number.find(&op); it != number.end()) {
      visit(fibers.getSpaces()[it->second], it->second);
      continue;
    }
    // Nothing is known of it: it reads everything first.
    unsigned pass = 0;
    for (Value operand : op.getOperands())
      pass = std::max(pass, moments.lookup(operand).pass);
    for (Value result : op.getResults())
      moments[result] = {pass, false};
  }
}

/// What each pass ends with that the next one waits for, in order.
SmallVector<Operation *> Count::chain() const {
  SmallVector<Operation *> ops;
  unsigned pass = passes + 1;
  for (Operation *op = last; op;) {
    Moment moment = moments.lookup(op->getResult(0));
    bool ends = !moment.streams && (reduces.contains(op) || passOf.count(op));
    if (op == last || (ends && moment.pass < pass)) {
      ops.push_back(op);
      pass = moment.pass;
    }
    auto reason = cause.find(op);
    op = pass > 1 && reason != cause.end() ? reason->second.getDefiningOp() : nullptr;
  }
  std::reverse(ops.begin(), ops.end());
  return ops;
}

namespace {
struct CountPassesPass : impl::EinCountPassesBase<CountPassesPass> {
  void runOnOperation() override {
    getOperation().walk([&](func::FuncOp function) {
      if (!function.isDeclaration())
        count(function);
    });
    llvm::outs().flush();
    markAllAnalysesPreserved();
  }

  void count(func::FuncOp function);
  void print(const Count &count, StringRef name, const Fibers &fibers, AsmState &names);
};
} // namespace

/// What the user calls a tensor: `ein.name`, or its number in the printed text.
static std::string nameOf(Value value, AsmState &names) {
  std::string text;
  llvm::raw_string_ostream os(text);
  Operation *op = value.getDefiningOp();
  if (auto name = op ? op->getAttrOfType<StringAttr>("ein.name") : StringAttr())
    os << name.getValue();
  else if (auto loc = dyn_cast<NameLoc>(value.getLoc()))
    os << loc.getName().getValue();
  else
    value.printAsOperand(os, names);
  return text;
}

static std::string describe(Operation *op, const Fibers &fibers, AsmState &names) {
  std::string text = nameOf(op->getResult(0), names);
  for (const Space &space : fibers.getSpaces()) {
    if (space.op != op)
      continue;
    SmallVector<StringRef> kept;
    for (auto [label, dim] : llvm::enumerate(space.resultDim))
      if (dim >= 0)
        kept.push_back(space.labels[label]);
    text += "[" + llvm::join(kept, ", ") + "]";
  }
  return text;
}

void CountPassesPass::print(const Count &count, StringRef name, const Fibers &fibers,
                            AsmState &names) {
  llvm::raw_ostream &os = llvm::outs();
  os << "  rank " << name << ": " << count.passes << (count.passes == 1 ? " pass" : " passes");
  if (count.passes > 1) {
    os << ": ";
    llvm::interleave(
        count.chain(), os, [&](Operation *op) { os << describe(op, fibers, names); }, " -> ");
  }
  os << '\n';
  for (Value value : count.live) {
    auto type = cast<TensorType>(value.getType());
    if (type.getNumElements().getLiteral())
      continue; // bounded
    os << "    live until merged: ";
    if (Operation *op = value.getDefiningOp())
      os << describe(op, fibers, names);
    else
      os << nameOf(value, names);
    os << ", " << type.getNumElements().str() << " elements\n";
  }
}

void CountPassesPass::count(func::FuncOp function) {
  Fibers fibers(function);
  AsmState names(function);
  llvm::outs() << "func @" << function.getName() << '\n';
  for (auto &[rank, name] : fibers.getReducedRanks()) {
    Count count(fibers, rank);
    count.run(function);
    print(count, name, fibers, names);
    ++numRanks;
  }
}

} // namespace einfall::ein
