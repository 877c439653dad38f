//===- PanelWeights.cpp - Weights in the order they are read --------------===//
#include "passes/ein-to-tile/PanelWeights.h"
#include "dialects/ein/EinPanels.h"
#include "dialects/tile/TileDialect.h"
#include "passes/ein-to-tile/Packing.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace einfall {
namespace {

constexpr StringLiteral kWeight = "ein.weight", kOrder = "ein.order";

/// Fewer rows do not fill half of a tile; they are sums of one stream each of weights as they lie.
constexpr int64_t kFewestRows = 16;

/// One tensor, which all entries have.
struct Weight {
  SmallVector<BlockArgument> arguments;
  int64_t column = -1; ///< the dimension along columns
  PanelShape shape;
  bool isKept = false; ///< as its type says
};

/// How products read a weight.
struct Reading {
  int64_t column;
  PanelShape shape;
};

/// How products of rows and columns read a weight by `use`; nothing where it is not read so.
std::optional<Reading> readingOf(OpOperand &use, Type element, const TileTarget &target) {
  auto op = dyn_cast<ein::EinsumOp>(use.getOwner());
  if (!op || op.getNumRanks() == op.getNumFree() || op.getInputs().size() < 2)
    return std::nullopt;
  auto map = cast<AffineMapAttr>(op.getMaps()[use.getOperandNumber()]).getValue();
  auto isSummed = [&](unsigned dim) {
    for (unsigned rank = op.getNumFree(); rank < op.getNumRanks(); ++rank)
      if (map.getResult(dim).isFunctionOfDim(rank))
        return true;
    return false;
  };
  if (isSummed(0) == isSummed(1))
    return std::nullopt;
  const int64_t column = isSummed(0) ? 1 : 0;
  // Rows that use each element of it.
  int64_t rows = 1, columns = -1;
  for (int64_t rank = 0; rank < op.getNumFree(); ++rank)
    if (!map.isFunctionOfDim(rank))
      rows *= op.getRankExtent(rank).getLiteral().value_or(kFewestRows);
    else if (map.getResult(column).isFunctionOfDim(rank))
      columns = rank; // the last one: neighbours
  std::optional<PanelShape> shape;
  if (rows >= kFewestRows && columns >= 0)
    shape = panelsOf(op, columns, element, target);
  return shape ? std::optional(Reading{column, *shape}) : std::nullopt;
}

class Panelling {
public:
  Panelling(ModuleOp module, const TileTarget &target, LowerFn lower,
            function_ref<std::string(ein::KernelOp)> keyOf)
      : module(module), target(target), lower(lower), keyOf(keyOf) {}

  unsigned run() {
    collect();
    while (!weights.empty()) {
      mark();
      if (llvm::all_of(kernels, [&](ein::KernelOp kernel) { return isRead(kernel); }))
        break;
      weights.remove_if([](auto &entry) { return entry.second.isKept; });
    }
    mark();
    for (auto &[name, weight] : weights)
      for (BlockArgument argument : weight.arguments)
        cast<func::FuncOp>(argument.getOwner()->getParentOp())
            .setArgAttr(argument.getArgNumber(), ein::kPanels, numbersOf(weight));
    return weights.size();
  }

private:
  DenseI64ArrayAttr numbersOf(const Weight &weight) {
    return DenseI64ArrayAttr::get(module.getContext(),
                                  {weight.column, weight.shape.columns, weight.shape.group});
  }

  void collect() {
    module.walk([&](ein::KernelOp kernel) {
      if (auto panels = kernel->getAttrOfType<ArrayAttr>(ein::kPanels))
        given[kernel] = panels;
    });
    for (auto function : module.getOps<func::FuncOp>())
      for (BlockArgument argument : function.getArguments())
        if (auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kWeight))
          weights[name].arguments.push_back(argument);
    for (auto &[name, weight] : weights)
      weight.isKept = !mayLieInPanels(weight);
    weights.remove_if([](auto &entry) { return entry.second.isKept; });
  }

  bool mayLieInPanels(Weight &weight) {
    BlockArgument first = weight.arguments.front();
    auto attributeOf = [](BlockArgument argument, StringRef name) {
      return cast<func::FuncOp>(argument.getOwner()->getParentOp())
          .getArgAttr(argument.getArgNumber(), name);
    };
    auto type = dyn_cast<ein::TensorType>(first.getType());
    if (!type || type.getRank() != 2)
      return false;
    for (BlockArgument argument : weight.arguments) {
      if (argument.getType() != type || attributeOf(argument, ein::kPanels) ||
          attributeOf(argument, kOrder) != attributeOf(first, kOrder))
        return false;
      for (OpOperand &use : argument.getUses()) {
        auto kernel = dyn_cast<ein::KernelOp>(use.getOwner());
        if (!kernel)
          return false;
        for (OpOperand &inner : kernel.getBody().getArgument(use.getOperandNumber()).getUses()) {
          std::optional<Reading> reading = readingOf(inner, type.getElementType(), target);
          if (!reading)
            return false;
          if (weight.column < 0) {
            weight.column = reading->column;
            weight.shape = reading->shape;
          } else if (weight.column != reading->column ||
                     weight.shape.columns != reading->shape.columns) {
            return false;
          }
        }
      }
    }
    if (weight.column < 0)
      return false;
    std::optional<int64_t> columns = type.getExtent(weight.column).getLiteral();
    std::optional<int64_t> depth = type.getExtent(1 - weight.column).getLiteral();
    return columns && depth && *columns > 0 && *columns % weight.shape.columns == 0 &&
           *depth % weight.shape.group == 0;
  }

  /// Says of each kernel which of its operands are in panels.
  void mark() {
    for (ein::KernelOp kernel : kernels)
      if (ArrayAttr before = given.lookup(kernel))
        kernel->setAttr(ein::kPanels, before);
      else
        kernel->removeAttr(ein::kPanels);
    kernels.clear();
    operands.clear();
    for (auto &[name, weight] : weights)
      for (BlockArgument argument : weight.arguments)
        for (OpOperand &use : argument.getUses())
          operands[use.getOwner()].push_back({use.getOperandNumber(), &weight});
    for (auto &[op, own] : operands) {
      SmallVector<Attribute> numbers(op->getNumOperands(), UnitAttr::get(module.getContext()));
      if (ArrayAttr before = given.lookup(op))
        numbers.assign(before.begin(), before.end());
      for (auto [number, weight] : own)
        numbers[number] = numbersOf(*weight);
      op->setAttr(ein::kPanels, ArrayAttr::get(module.getContext(), numbers));
      kernels.push_back(cast<ein::KernelOp>(op));
    }
  }

  /// True if a program of `kernel` reads panels as such; else says of which weights it
  /// does not.
  bool isRead(ein::KernelOp kernel) {
    std::string key = keyOf(kernel);
    auto known = readOf.find(key);
    if (known == readOf.end())
      known = readOf.try_emplace(key, tryOn(kernel)).first;
    bool all = true;
    for (auto [number, weight] : operands[kernel])
      if (!known->second[number]) {
        weight->isKept = true;
        all = false;
      }
    return all;
  }

  /// Of each operand, whether a copy of `kernel` reads it as it lies.
  SmallVector<bool> tryOn(ein::KernelOp kernel) {
    ScopedDiagnosticHandler quiet(kernel.getContext(), [](Diagnostic &) { return success(); });
    OpBuilder builder(kernel);
    auto copy = cast<ein::KernelOp>(builder.clone(*kernel));
    SmallVector<bool> result(kernel.getInputs().size(), false);
    Operation *last = &module.getBody()->back();
    FailureOr<func::FuncOp> program = lower(copy);
    if (succeeded(program))
      for (unsigned i = 0; i < result.size(); ++i)
        result[i] = isReadInPanels(*program, i);
    // Lowering leaves what it began where it fails.
    while (&module.getBody()->back() != last)
      module.getBody()->back().erase();
    copy.erase();
    return result;
  }

  static bool isReadInPanels(func::FuncOp program, unsigned number) {
    return llvm::all_of(program.getArgument(number).getUses(), [](OpOperand &use) {
      if (isa<tile::PrefetchOp>(use.getOwner()))
        return true;
      if (auto load = dyn_cast<tile::LoadOp>(use.getOwner()))
        return load->hasAttr(tile::kPanel);
      auto multiply = dyn_cast<tile::MultiplyOp>(use.getOwner());
      return multiply && &use == &multiply.getRhsMutable();
    });
  }
  friend bool einfall::keepsPanels(ein::KernelOp, func::FuncOp);

  ModuleOp module;
  const TileTarget &target;
  LowerFn lower;
  function_ref<std::string(ein::KernelOp)> keyOf;
  llvm::MapVector<StringRef, Weight> weights;
  llvm::MapVector<Operation *, SmallVector<std::pair<unsigned, Weight *>>> operands;
  SmallVector<ein::KernelOp> kernels;
  llvm::DenseMap<Operation *, ArrayAttr> given; // what kernels said before
  llvm::StringMap<SmallVector<bool>> readOf;    // by key
};

} // namespace

bool keepsPanels(ein::KernelOp kernel, func::FuncOp program) {
  auto panels = kernel->getAttrOfType<ArrayAttr>(ein::kPanels);
  return !panels || llvm::all_of(llvm::enumerate(panels), [&](auto each) {
    return isa<UnitAttr>(each.value()) || Panelling::isReadInPanels(program, each.index());
  });
}

unsigned panelWeights(ModuleOp module, const TileTarget &target, LowerFn lower,
                      function_ref<std::string(ein::KernelOp)> keyOf) {
  return Panelling(module, target, lower, keyOf).run();
}

} // namespace einfall
