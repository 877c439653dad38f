//===- EinNumerics.cpp - How exact a compilation has to be ----------------===//
#include "dialects/ein/EinNumerics.h"
#include "dialects/ein/EinDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;

namespace einfall::ein {

static constexpr std::pair<llvm::StringLiteral, Numerics> kModes[] = {
    {"strict", Numerics::strict}, {"algebraic", Numerics::algebraic}, {"fast", Numerics::fast}};

llvm::StringRef stringifyNumerics(Numerics numerics) {
  return kModes[static_cast<int>(numerics)].first;
}

std::optional<Numerics> parseNumerics(llvm::StringRef name) {
  for (auto [known, numerics] : kModes)
    if (known == name)
      return numerics;
  return std::nullopt;
}

Numerics numericsOf(Operation *op) {
  for (; op; op = op->getParentOp())
    if (auto name = op->getAttrOfType<StringAttr>(kNumerics))
      return parseNumerics(name.getValue()).value_or(Numerics::algebraic);
  return Numerics::algebraic;
}

bool feedsSumUnrounded(Operation *product) {
  auto module = product->getParentOfType<ModuleOp>();
  if (!module || !module->hasAttr(kFixedRounding))
    return true;
  auto flags = cast<arith::ArithFastMathInterface>(product).getFastMathFlagsAttr().getValue();
  return arith::bitEnumContainsAll(flags, arith::FastMathFlags::contract);
}

LogicalResult verifyNumerics(Operation *op, NamedAttribute attribute) {
  // numerics_c1
  auto name = dyn_cast<StringAttr>(attribute.getValue());
  if (!isa<ModuleOp, FunctionOpInterface>(op) || !name || !parseNumerics(name.getValue()))
    return op->emitError() << kNumerics
                           << " expects \"strict\", \"algebraic\" or \"fast\" on a module or a "
                              "function, but got "
                           << attribute.getValue();
  return success();
}

} // namespace einfall::ein
