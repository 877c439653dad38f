//===- Fold.cpp - The meaning of ein.fold ---------------------------------===//
//
// A fold with several results means one fold for each, of the states and
// operands that the result depends on: a point exists if these operands do.
// The elements of a fiber are taken in ascending order, in lexicographic order
// of the folded ranks.
//
// With `Context::splitFolds` a fiber is instead cut in random places, empty
// pieces among them, and the pieces' states are merged along a random tree: what
// any parallel schedule may do.
//
//===----------------------------------------------------------------------===//
#include "lib/Reference/Program.h"
#include "lib/Reference/Space.h"
#include "llvm/ADT/SmallBitVector.h"
#include <random>

using namespace mlir;

namespace einfall::reference {

namespace {

using Values = std::vector<Scalar>;

/// One program for each value that a region yields.
struct RegionPrograms {
  std::vector<Program> programs;

  Values run(ArrayRef<Scalar> arguments, const int64_t *point) {
    Values results;
    for (Program &program : programs) {
      std::copy(arguments.begin(), arguments.end(), program.inputs());
      results.push_back(program.value(point));
    }
    return results;
  }
};

/// One result's fold: its ranks, then the folded ones.
class Slice {
public:
  Slice(ein::FoldOp op, unsigned result, Inputs inputs, const Context &context)
      : op(op), result(result), inputs(inputs), context(context), random(context.splitFolds + 1) {}
  FailureOr<Tensor> run();

private:
  LogicalResult makeSpace();
  LogicalResult compile();
  void enterPart();
  void collect(unsigned rank);
  Values range(size_t from, size_t to);
  Values tree(size_t from, size_t to);
  Values withOperands(Values states, const Values &operands) const;

  ein::FoldOp op;
  unsigned result;
  Inputs inputs;
  const Context &context;
  std::mt19937_64 random;

  SmallVector<unsigned> operands; // that the result depends on
  SmallVector<int64_t> rankOf;    // of the op's ranks in the space, or -1
  SmallVector<int64_t> extents;
  std::optional<Space> space;
  RegionPrograms init, step, merge, finish;
  unsigned numLabels = 0;
  int64_t partLength = 0;
  Values rows; // the operands' scalars as merge and finish see them
  struct Element {
    Values operands;
    SmallVector<int64_t> point;
  };
  std::vector<Element> elements; // of the current fiber
};

} // namespace

LogicalResult Slice::makeSpace() {
  MLIRContext *mlir = op.getContext();
  ArrayRef<int64_t> labels = op.getLabels(result);
  numLabels = labels.size();
  rankOf.assign(op.getNumRanks(), -1);
  auto addRank = [&](int64_t rank) -> LogicalResult {
    FailureOr<int64_t> extent = context.extent(op, op.getRankExtent(rank));
    if (failed(extent))
      return failure();
    if (*extent < 0)
      return op.emitError("rank '")
             << op.getRankName(rank) << "' has extent " << *extent << ", expected at least 0";
    rankOf[rank] = extents.size();
    extents.push_back(*extent);
    return success();
  };
  for (int64_t rank : labels)
    if (failed(addRank(rank)))
      return failure();
  for (int64_t rank = op.getNumFree(); rank < op.getNumRanks(); ++rank)
    if (failed(addRank(rank)))
      return failure();
  if (op.getPartLength()) {
    FailureOr<int64_t> length = context.extent(op, *op.getPartLength());
    if (failed(length))
      return failure();
    partLength = *length;
  }
  llvm::SmallBitVector used = op.getOperandsOf(result);
  operands.assign(used.set_bits_begin(), used.set_bits_end());
  SmallVector<AffineExpr> dims, symbols;
  for (int64_t rank : rankOf)
    dims.push_back(rank < 0 ? getAffineConstantExpr(0, mlir) : getAffineDimExpr(rank, mlir));
  for (unsigned i = 0; i < op.getInputs().size(); ++i) {
    auto *it = llvm::find(operands, i);
    symbols.push_back(it == operands.end() ? getAffineConstantExpr(0, mlir)
                                           : getAffineSymbolExpr(it - operands.begin(), mlir));
  }
  for (unsigned i = 0; i < op.getSymbols().size(); ++i)
    symbols.push_back(getAffineSymbolExpr(operands.size() + i, mlir));
  SmallVector<Attribute> maps;
  SmallVector<const Tensor *> tensors;
  for (unsigned operand : operands) {
    maps.push_back(AffineMapAttr::get(op.getMap(operand).replaceDimsAndSymbols(
        dims, symbols, extents.size(), operands.size() + op.getSymbols().size())));
    tensors.push_back(inputs[operand]);
  }
  FailureOr<Space> made = Space::create(op, extents, ArrayAttr::get(mlir, maps), tensors,
                                        op.getSymbols(), context, operands);
  if (failed(made))
    return failure();
  space = std::move(*made);
  return success();
}

LogicalResult Slice::compile() {
  RegionPrograms *all[] = {&init, &step, &merge, &finish};
  auto findRank = [&](StringRef name) -> int64_t {
    int64_t rank = op.findRank(name);
    return rank < 0 ? rank : std::max<int64_t>(rankOf[rank], 0);
  };
  for (auto [programs, region] : llvm::zip(all, op->getRegions())) {
    unsigned count = region.front().getTerminator()->getNumOperands();
    for (unsigned yielded = 0; yielded < count; ++yielded) {
      FailureOr<Program> program = Program::compile(op, region.front(), findRank, context, yielded);
      if (failed(program))
        return failure();
      programs->programs.push_back(std::move(*program));
    }
  }
  return success();
}

Values Slice::withOperands(Values states, const Values &values) const {
  size_t first = states.size();
  states.resize(first + inputs.size(), ofInt(0));
  for (auto [operand, value] : llvm::zip(operands, values))
    states[first + operand] = value;
  return states;
}

/// Of the outermost folded rank, the point's part, if the fold has parts.
void Slice::enterPart() {
  if (!op.getPartRank())
    return;
  int64_t part = space->point[rankOf[op.findRank(*op.getPartRank())]];
  space->extents[numLabels] = extents[numLabels];
  space->restrict(numLabels, part * partLength, (part + 1) * partLength);
}

/// Adds the elements of the ranks from `rank` on.
void Slice::collect(unsigned rank) {
  if (rank + 1 == space->extents.size()) {
    Values loaded(operands.size());
    space->row(loaded.data(), [&](int64_t) { elements.push_back({loaded, space->point}); });
    return;
  }
  for (int64_t i = space->starts[rank]; i < space->extents[rank]; ++i) {
    space->point[rank] = i;
    collect(rank + 1);
  }
}

Values Slice::range(size_t from, size_t to) {
  Values states = init.run({}, space->point.data());
  for (size_t i = from; i < to; ++i)
    states = step.run(withOperands(states, elements[i].operands), elements[i].point.data());
  return states;
}

Values Slice::tree(size_t from, size_t to) {
  if (random() % 4 == 0 || from == to)
    return range(from, to);
  size_t middle = from + random() % (to - from + 1);
  bool whole = middle == from || middle == to;
  Values left = whole && middle == to ? range(from, to) : tree(from, middle);
  Values right = whole && middle == from ? range(from, to) : tree(middle, to);
  left.insert(left.end(), right.begin(), right.end());
  return merge.run(withOperands(std::move(left), rows), space->point.data());
}

FailureOr<Tensor> Slice::run() {
  FailureOr<Tensor> tensor =
      context.zeros(op, cast<ein::TensorType>(op.getResult(result).getType()));
  if (failed(tensor) || failed(makeSpace()) || failed(compile()))
    return failure();
  int64_t position = 0;
  space->outer(numLabels, [&] {
    std::fill(space->point.begin() + numLabels, space->point.end(), 0);
    rows.clear();
    for (auto [i, operand] : llvm::enumerate(operands)) {
      bool isFloat = inputs[operand]->isFloat();
      Scalar none = isFloat ? ofFloat(0) : ofInt(0);
      rows.push_back(op.isFoldedOperand(operand) ? none : space->first(i, none));
    }
    elements.clear();
    enterPart();
    collect(numLabels);
    Values states = context.splitFolds ? tree(0, elements.size()) : range(0, elements.size());
    tensor->data[position++] =
        finish.run(withOperands(std::move(states), rows), space->point.data())[result];
  });
  for (RegionPrograms *programs : {&init, &step, &merge, &finish})
    for (Program &program : programs->programs)
      if (failed(program.status()))
        return failure();
  return tensor;
}

FailureOr<SmallVector<Tensor>> evaluate(ein::FoldOp op, Inputs inputs, const Context &context) {
  SmallVector<Tensor> results;
  for (unsigned result = 0; result < op.getNumResults(); ++result) {
    FailureOr<Tensor> tensor = Slice(op, result, inputs, context).run();
    if (failed(tensor))
      return failure();
    results.push_back(std::move(*tensor));
  }
  return results;
}

} // namespace einfall::reference
