//===- PassCounts.cpp - How often a rank has to be walked -----------------===//
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
#include "passes/ein/PassCounts.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall::ein {

/// When operand `operand` is there for `space`.
Moment PassCount::read(const Space &space, unsigned number, unsigned operand) const {
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

void PassCount::visit(const Space &space, unsigned number) {
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

void PassCount::run(func::FuncOp function) {
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
SmallVector<Operation *> PassCount::chain() const {
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

std::string PassTable::nameOf(Value value) {
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

PassTable::PassTable(func::FuncOp function) : fibers(function), names(function) {
  for (auto [i, space] : llvm::enumerate(fibers.getSpaces()))
    spaceOf[space.op] = i;
  for (auto &[rank, name] : fibers.getReducedRanks())
    counts.emplace_back(fibers, rank).run(function);
}

std::string PassTable::describe(Operation *op) {
  std::string text = nameOf(op->getResult(0));
  auto it = spaceOf.find(op);
  if (it == spaceOf.end())
    return text;
  const Space &space = fibers.getSpaces()[it->second];
  SmallVector<StringRef> kept;
  for (auto [label, dim] : llvm::enumerate(space.resultDim))
    if (dim >= 0)
      kept.push_back(space.labels[label]);
  return text + "[" + llvm::join(kept, ", ") + "]";
}

std::vector<RankPasses> PassTable::describe() {
  std::vector<RankPasses> words;
  for (auto [i, count] : llvm::enumerate(counts)) {
    RankPasses &each = words.emplace_back();
    each.rank = rankName(i);
    each.passes = count.passes;
    for (Operation *op : count.chain())
      each.chain.push_back(describe(op));
    for (Value value : count.live) {
      ExtentAttr elements = cast<TensorType>(value.getType()).getNumElements();
      if (elements.getLiteral())
        continue; // bounded
      Operation *op = value.getDefiningOp();
      each.live.emplace_back(op ? describe(op) : nameOf(value), elements.str());
    }
  }
  return words;
}

} // namespace einfall::ein
