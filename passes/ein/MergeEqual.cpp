//===- MergeEqual.cpp - Einsums that differ in labels only ----------------===//
#include "dialects/ein/EinDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/ein/Passes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace einfall::ein {
#define GEN_PASS_DEF_EINMERGEEQUAL
#include "passes/ein/Passes.h.inc"

namespace {

/// What an Einsum computes as text, labels being numbers.
std::string keyOf(EinsumOp op) {
  std::string text;
  llvm::raw_string_ostream os(text);
  for (Value input : op.getInputs())
    os << input.getAsOpaquePointer() << ' ';
  for (NamedAttribute attr : op->getAttrs())
    if (attr.getName() != "ranks" && attr.getName() != "ein.name")
      os << attr.getName() << '=' << attr.getValue().getAsOpaquePointer() << ' ';
  os << op.getResult().getType().getAsOpaquePointer() << '\n';
  llvm::DenseMap<Value, unsigned> numbers;
  auto number = [&](Value value) {
    return numbers.try_emplace(value, numbers.size()).first->second;
  };
  Block &body = op.getBody().front();
  llvm::for_each(body.getArguments(), [&](Value argument) { (void)number(argument); });
  for (Operation &inner : body) {
    os << inner.getName();
    if (auto index = dyn_cast<IndexOp>(inner))
      os << ' ' << op.findRank(index.getRank());
    else
      os << inner.getAttrDictionary();
    for (Value operand : inner.getOperands())
      os << " %" << number(operand);
    for (Value result : inner.getResults())
      os << " -> %" << number(result) << result.getType();
    os << '\n';
  }
  return text;
}

struct MergeEqualPass : impl::EinMergeEqualBase<MergeEqualPass> {
  void runOnOperation() override {
    if (getOperation().isDeclaration())
      return;
    llvm::StringMap<EinsumOp> known;
    for (EinsumOp op : llvm::make_early_inc_range(getOperation().getOps<EinsumOp>())) {
      auto [it, isNew] = known.try_emplace(keyOf(op), op);
      if (isNew)
        continue;
      op.replaceAllUsesWith(it->second.getResult());
      op.erase();
      ++numMerged;
    }
  }
};

} // namespace
} // namespace einfall::ein
