//===- EinFunctions.cpp - What may be said of a function ------------------===//
//
// Verifiers of the `ein` attributes on functions, their arguments and results;
// docs/spec/ein.md lists them.
//
//===----------------------------------------------------------------------===//
#include "dialects/ein/EinDialect.h"
#include "dialects/ein/EinNumerics.h"
#include "dialects/ein/EinPanels.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace einfall;
using namespace einfall::ein;

bool ein::liesInPanels(ArrayRef<ExtentAttr> shape, ArrayRef<int64_t> panels) {
  if (shape.size() != 2 || panels.size() != 3 || panels[0] < 0 || panels[0] > 1)
    return false;
  for (auto [dim, unit] : {std::pair(panels[0], panels[1]), std::pair(1 - panels[0], panels[2])})
    if (std::optional<int64_t> extent = shape[dim].getLiteral();
        unit < 1 || !extent || *extent % unit != 0)
      return false;
  return true;
}

namespace {

template <typename Of> bool isListOf(Attribute attribute) {
  auto list = dyn_cast<ArrayAttr>(attribute);
  return list && llvm::all_of(list, llvm::IsaPred<Of>);
}

LogicalResult verifyEntry(Operation *op, Attribute value) {
  // function_c1
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function || !isa<UnitAttr>(value))
    return op->emitError("expected ein.entry, without a value, on a function");
  if (function.isExternal())
    return op->emitError("is an entry (ein.entry), but has no body");
  // function_c2
  auto check = [&](StringRef what, ArrayRef<Type> types) -> LogicalResult {
    for (auto [number, type] : llvm::enumerate(types))
      if (!isa<ein::TensorType>(type))
        return op->emitError("is an entry (ein.entry): expected an ein tensor as ")
               << what << " #" << number << ", but got " << type;
    return success();
  };
  return success(succeeded(check("argument", function.getArgumentTypes())) &&
                 succeeded(check("result", function.getResultTypes())));
}

/// A name of an argument or a result.
LogicalResult verifyName(Operation *op, NamedAttribute attribute) {
  auto text = dyn_cast<StringAttr>(attribute.getValue());
  if (text && !text.getValue().empty())
    return success();
  return op->emitError("expected ")
         << attribute.getName().getValue() << " = \"NAME\", but got " << attribute.getValue();
}

LogicalResult verifyOrder(FunctionOpInterface function, unsigned argument, Attribute value) {
  // function_c7
  auto tensor = dyn_cast<ein::TensorType>(function.getArgumentTypes()[argument]);
  auto order = dyn_cast<DenseI64ArrayAttr>(value);
  if (tensor && order && function.getArgAttr(argument, "ein.weight") &&
      order.size() == tensor.getRank() && isPermutationVector(order.asArrayRef()))
    return success();
  return function.emitError(
             "expected ein.order on a weight, with each of its dimensions once, but got ")
         << value;
}

LogicalResult verifyPanels(FunctionOpInterface function, unsigned argument, Attribute value) {
  // function_c8
  auto tensor = dyn_cast<ein::TensorType>(function.getArgumentTypes()[argument]);
  auto panels = dyn_cast<DenseI64ArrayAttr>(value);
  if (tensor && panels && function.getArgAttr(argument, "ein.weight") &&
      ein::liesInPanels(tensor.getShape(), panels))
    return success();
  return function.emitError(
             "expected ein.panels = array<i64: DIMENSION, COLUMNS, GROUP> on a weight "
             "that is a matrix of whole panels and groups, but got ")
         << value;
}

LogicalResult verifyPanelsOfKernel(Operation *op, Attribute value) {
  // kernel_c2
  auto kernel = dyn_cast<KernelOp>(op);
  auto list = dyn_cast<ArrayAttr>(value);
  bool isValid = kernel && list && list.size() == kernel.getInputs().size();
  for (unsigned i = 0; isValid && i < list.size(); ++i) {
    auto tensor = dyn_cast<ein::TensorType>(kernel.getInputs()[i].getType());
    auto panels = dyn_cast<DenseI64ArrayAttr>(list[i]);
    isValid = isa<UnitAttr>(list[i]) ||
              (tensor && panels && ein::liesInPanels(tensor.getShape(), panels));
  }
  if (isValid)
    return success();
  return op->emitError("expected ein.panels of a kernel to say of each operand `unit` or "
                       "array<i64: DIMENSION, COLUMNS, GROUP>, where it is a matrix of whole "
                       "panels and groups, but got ")
         << value;
}

LogicalResult verifyRange(Operation *op, Type type, Attribute value) {
  // function_c6
  auto tensor = dyn_cast<ein::TensorType>(type);
  if (!tensor || !tensor.getElementType().isInteger())
    return op->emitError("ein.range is for integers, but got ") << type;
  auto list = dyn_cast<ArrayAttr>(value);
  if (list && list.size() == 2 && isListOf<IntegerAttr>(list)) {
    auto low = cast<IntegerAttr>(list[0]).getValue(), high = cast<IntegerAttr>(list[1]).getValue();
    if (low.getBitWidth() <= 64 && high.getBitWidth() <= 64 &&
        low.getSExtValue() < high.getSExtValue())
      return success();
  }
  return op->emitError("expected ein.range = [LOW, HIGH) with LOW < HIGH, but got ") << value;
}

} // namespace

LogicalResult EinDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  StringRef name = attribute.getName().getValue();
  if (name == kNumerics)
    return verifyNumerics(op, attribute);
  if (name == "ein.entry")
    return verifyEntry(op, attribute.getValue());
  // function_c3
  if (name == "ein.params" && !isListOf<StringAttr>(attribute.getValue()))
    return op->emitError("expected ein.params = [\"SYMBOL\", ...], but got ")
           << attribute.getValue();
  // function_c4
  if (name == "ein.assume" && !isListOf<ExtentAttr>(attribute.getValue()))
    return op->emitError("expected ein.assume = [#ein.extent<EXTENT>, ...], but got ")
           << attribute.getValue();
  if (name == kPanels)
    return verifyPanelsOfKernel(op, attribute.getValue());
  return success();
}

LogicalResult EinDialect::verifyRegionArgAttribute(Operation *op, unsigned, unsigned argument,
                                                   NamedAttribute attribute) {
  StringRef name = attribute.getName().getValue();
  // function_c5
  if (name == "ein.name" || name == "ein.weight" || name == "ein.state")
    return verifyName(op, attribute);
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (name == "ein.order" && function)
    return verifyOrder(function, argument, attribute.getValue());
  if (name == kPanels && function)
    return verifyPanels(function, argument, attribute.getValue());
  if (name == "ein.range" && function)
    return verifyRange(op, function.getArgumentTypes()[argument], attribute.getValue());
  return success();
}

LogicalResult EinDialect::verifyRegionResultAttribute(Operation *op, unsigned, unsigned,
                                                      NamedAttribute attribute) {
  StringRef name = attribute.getName().getValue();
  // function_c5
  if (name == "ein.name" || name == "ein.state")
    return verifyName(op, attribute);
  return success();
}
