//===- RunEntry.cpp - Entry points ----------------------------------------===//
#include "dialects/run/RunDialect.h"
#include "mlir/Interfaces/FunctionImplementation.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace einfall;
using namespace einfall::run;

ParseResult EntryOp::parse(OpAsmParser &parser, OperationState &result) {
  auto type = [](Builder &builder, ArrayRef<Type> arguments, ArrayRef<Type> results,
                 function_interface_impl::VariadicFlag,
                 std::string &) { return builder.getFunctionType(arguments, results); };
  return function_interface_impl::parseFunctionOp(
      parser, result, /*allowVariadic=*/false, getFunctionTypeAttrName(result.name), type,
      getArgAttrsAttrName(result.name), getResAttrsAttrName(result.name));
}

void EntryOp::print(OpAsmPrinter &printer) {
  function_interface_impl::printFunctionOp(printer, *this, /*isVariadic=*/false,
                                           getFunctionTypeAttrName(), getArgAttrsAttrName(),
                                           getResAttrsAttrName());
}

SmallVector<Value> EntryOp::getBuffers() {
  SmallVector<Value> buffers(getBody().getArguments());
  for (Operation &op : getBody().front())
    llvm::append_range(buffers, op.getResults());
  return buffers;
}

SmallVector<Operation *> EntryOp::getSteps() {
  SmallVector<Operation *> steps;
  for (Operation &op : getBody().front())
    if (isa<LaunchOp, CopyOp>(op))
      steps.push_back(&op);
  return steps;
}

int64_t EntryOp::findSymbol(StringRef name) {
  for (auto [i, symbol] : llvm::enumerate(getSymbols()))
    if (cast<StringAttr>(symbol).getValue() == name)
      return i;
  return -1;
}

SymbolOrigin EntryOp::originOf(unsigned symbol) {
  auto alone =
      ein::ExtentAttr::symbol(getContext(), cast<StringAttr>(getSymbols()[symbol]).getValue());
  if (llvm::is_contained(getParams(), getSymbols()[symbol]))
    return {SymbolOrigin::Param};
  for (auto [i, type] : llvm::enumerate(getArgumentTypes()))
    for (auto [d, extent] : llvm::enumerate(cast<BufferType>(type).getShape()))
      if (extent == alone && !isOutput(i))
        return {SymbolOrigin::Input, static_cast<unsigned>(i), static_cast<unsigned>(d)};
  for (auto state : getBody().getOps<StateOp>())
    if (llvm::is_contained(state.getResult().getType().getShape(), alone))
      return {SymbolOrigin::Bound};
  return {};
}

static LogicalResult verifyArguments(EntryOp op) {
  llvm::StringSet<> inputs, outputs;
  bool afterOutput = false;
  for (auto [i, type] : llvm::enumerate(op.getArgumentTypes())) {
    auto buffer = dyn_cast<BufferType>(type);
    auto name = op.getArgAttrOfType<StringAttr>(i, EntryOp::kName);
    if (!buffer || !name || name.empty())
      return op.emitOpError("argument #")
             << i << ": expected a buffer with a run.name, but got " << type; // entry_c1
    bool output = op.isOutput(i);
    if (afterOutput && !output)
      return op.emitOpError("input '") << name.getValue() << "' follows an output"; // entry_c1
    afterOutput = output;
    if (!(output ? outputs : inputs).insert(name.getValue()).second)
      return op.emitOpError("two ") << (output ? "outputs" : "inputs") << " are called '"
                                    << name.getValue() << "'"; // entry_c2
    Attribute range = op.getArgAttr(i, EntryOp::kRange);
    if (!range)
      continue;
    auto limits = dyn_cast<ArrayAttr>(range);
    if (output || !isa<IntegerType>(buffer.getElementType()) || !limits || limits.size() != 2 ||
        !llvm::all_of(limits, llvm::IsaPred<IntegerAttr>))
      return op.emitOpError("argument '") << name.getValue()
                                          << "': a range [lo, hi) is for an input of integers, but "
                                             "this is "
                                          << range << " on " << type; // entry_c6
  }
  return success();
}

/// Calls `each` on every extent that `op` itself names.
static void forEachExtent(Operation &op, function_ref<void(ein::ExtentAttr)> each) {
  for (Type type : op.getResultTypes())
    llvm::for_each(cast<BufferType>(type).getShape(), each);
  if (auto assume = dyn_cast<AssumeOp>(op))
    each(assume.getExtent());
  if (auto launch = dyn_cast<LaunchOp>(op)) {
    for (Attribute size : launch.getSizes())
      each(cast<ein::ExtentAttr>(size));
    each(launch.getGrid());
    each(launch.getWork());
    if (launch.getPoints())
      each(*launch.getPoints());
  }
}

static LogicalResult verifySymbols(EntryOp op) {
  llvm::StringSet<> seen;
  for (Attribute symbol : op.getSymbols())
    if (!seen.insert(cast<StringAttr>(symbol).getValue()).second)
      return op.emitOpError("symbol ") << symbol << " is there twice"; // entry_c3
  for (Attribute param : op.getParams())
    if (!seen.contains(cast<StringAttr>(param).getValue()))
      return op.emitOpError("parameter ") << param << " is no symbol of the entry"; // entry_c3
  LogicalResult result = success();
  auto check = [&](Operation *at, ein::ExtentAttr extent) {
    for (StringAttr name : extent.getSymbols())
      if (succeeded(result) && !seen.contains(name.getValue()))
        result = at->emitOpError("extent ") << extent.str() << " uses '" << name.getValue()
                                            << "', which is no symbol of the entry"; // entry_c4
  };
  for (Type type : op.getArgumentTypes())
    for (ein::ExtentAttr extent : cast<BufferType>(type).getShape())
      check(op, extent);
  for (Operation &inner : op.getBody().front())
    forEachExtent(inner, [&](ein::ExtentAttr extent) { check(&inner, extent); });
  for (unsigned i = 0, e = op.getSymbols().size(); i < e && succeeded(result); ++i)
    if (op.originOf(i).kind == SymbolOrigin::None)
      return op.emitOpError("nothing tells the size ")
             << op.getSymbols()[i]
             << ": it is no whole dimension of an input or a state, and "
                "no parameter"; // entry_c5
  return result;
}

LogicalResult EntryOp::verify() {
  if (getFunctionType().getNumResults() != 0)
    return emitOpError("expected no results, but got ")
           << getFunctionType().getNumResults() << ": outputs are arguments"; // entry_c1
  if (failed(verifyArguments(*this)))
    return failure();
  for (Operation &op : getBody().front())
    if (!isa<RunDialect>(op.getDialect()) || isa<EntryOp>(op))
      return op.emitOpError("is not part of a host program"); // entry_c7
  return verifySymbols(*this);
}
