//===- EntryPlan.cpp - Buffers and launches of an entry point -------------===//
#include "lib/Driver/EntryPlan.h"
#include "dialects/tile/TileDialect.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/STLExtras.h"

#include <numeric>

using namespace mlir;

namespace einfall {

rt::DType dtypeOf(Type element) {
  if (element.isInteger(1))
    return rt::DType::I1;
  if (auto integer = dyn_cast<IntegerType>(element)) {
    std::string name =
        "i" + std::to_string(std::max<unsigned>(8, llvm::PowerOf2Ceil(integer.getWidth())));
    return *rt::parseDType(name);
  }
  std::string text;
  llvm::raw_string_ostream(text) << element;
  return *rt::parseDType(text);
}

namespace {

/// `expr` over `names` as a program over the positions in `order`.
rt::Extent toProgram(AffineExpr expr, function_ref<uint32_t(unsigned)> position) {
  if (auto literal = dyn_cast<AffineConstantExpr>(expr))
    return rt::Extent::constant(literal.getValue());
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return rt::Extent::symbol(position(symbol.getPosition()));
  auto binary = cast<AffineBinaryOpExpr>(expr);
  rt::ExtentOp::Kind kind = rt::ExtentOp::Add;
  switch (expr.getKind()) {
  case AffineExprKind::Mul:
    kind = rt::ExtentOp::Mul;
    break;
  case AffineExprKind::FloorDiv:
    kind = rt::ExtentOp::FloorDiv;
    break;
  case AffineExprKind::CeilDiv:
    kind = rt::ExtentOp::CeilDiv;
    break;
  case AffineExprKind::Mod:
    kind = rt::ExtentOp::Mod;
    break;
  default:
    break;
  }
  return rt::Extent::binary(kind, toProgram(binary.getLHS(), position),
                            toProgram(binary.getRHS(), position));
}

template <typename List> unsigned positionOf(List &list, StringRef name) {
  for (auto [i, entry] : llvm::enumerate(list))
    if (entry.name == name)
      return i;
  return list.size();
}

class Planner {
public:
  Planner(func::FuncOp function, PackageTables &tables) : function(function), tables(tables) {
    plan.info.name = function.getName().str();
  }
  FailureOr<EntryPlan> run();

private:
  LogicalResult arguments();
  LogicalResult kernel(ein::KernelOp op);
  LogicalResult results(func::ReturnOp op);
  void orderOutputs(ArrayRef<unsigned> outputs);
  LogicalResult symbols();
  void collect(ein::ExtentAttr extent) {
    for (StringAttr name : extent.getSymbols())
      symbol(name.getValue());
  }
  uint32_t symbol(StringRef name) {
    auto &list = plan.info.symbols;
    unsigned at = positionOf(list, name);
    if (at == list.size())
      list.push_back({name.str(), rt::SymbolSource::Param, 0, 0});
    return at;
  }
  rt::Extent program(ein::ExtentAttr extent) {
    return toProgram(extent.getExpr(),
                     [&](unsigned i) { return symbol(extent.getSymbols()[i].getValue()); });
  }
  unsigned add(Value value, StringRef name, rt::BufferKind kind, unsigned index = 0);

  func::FuncOp function;
  PackageTables &tables;
  EntryPlan plan;
  DenseMap<Value, unsigned> bufferOf;
};

unsigned Planner::add(Value value, StringRef name, rt::BufferKind kind, unsigned index) {
  auto type = cast<ein::TensorType>(value.getType());
  rt::BufferInfo info;
  info.name = name.str();
  info.kind = kind;
  info.dtype = dtypeOf(type.getElementType());
  rt::Extent bytes = rt::Extent::constant(rt::byteWidth(info.dtype));
  for (ein::ExtentAttr extent : type.getShape()) {
    info.shape.push_back(program(extent));
    bytes = rt::Extent::binary(rt::ExtentOp::Mul, bytes, info.shape.back());
  }
  info.byteSize = bytes;
  info.index = index;
  plan.info.buffers.push_back(std::move(info));
  return bufferOf[value] = plan.info.buffers.size() - 1;
}

LogicalResult Planner::arguments() {
  for (BlockArgument argument : function.getArguments()) {
    unsigned number = argument.getArgNumber();
    auto type = dyn_cast<ein::TensorType>(argument.getType());
    if (!type)
      return function.emitError() << "argument #" << number << " of entry '" << plan.info.name
                                  << "' is not an ein tensor";
    auto text = [&](StringRef key) {
      auto attr = function.getArgAttrOfType<StringAttr>(number, key);
      return attr ? attr.getValue() : StringRef();
    };
    StringRef weight = text("ein.weight"), state = text("ein.state"), name = text("ein.name");
    if (!weight.empty()) {
      FailureOr<unsigned> index = tables.weight(function.getLoc(), weight, type, {});
      if (failed(index))
        return failure();
      add(argument, weight, rt::BufferKind::Weight, *index);
    } else if (!state.empty()) {
      FailureOr<unsigned> index = tables.state(function.getLoc(), state, type);
      if (failed(index))
        return failure();
      add(argument, state, rt::BufferKind::State, *index);
    } else {
      unsigned at = add(argument, name.empty() ? ("arg" + Twine(number)).str() : name.str(),
                        rt::BufferKind::Input);
      if (auto range = function.getArgAttrOfType<ArrayAttr>(number, "ein.range")) {
        rt::BufferInfo &info = plan.info.buffers[at];
        info.hasRange = true;
        info.lo = cast<IntegerAttr>(range[0]).getInt();
        info.hi = cast<IntegerAttr>(range[1]).getInt();
      }
    }
  }
  return success();
}

LogicalResult Planner::kernel(ein::KernelOp op) {
  unsigned step = plan.launches.size();
  cpu::Launch launch;
  auto reference = op->getAttrOfType<FlatSymbolRefAttr>("program");
  auto program = reference ? SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(op, reference)
                           : func::FuncOp();
  if (!program)
    return op.emitOpError("names no tile program: run ein-to-tile first");
  launch.program = program.getName();
  launch.grid = program->getAttrOfType<AffineMapAttr>(tile::kGrid).getValue();
  launch.work = program->getAttrOfType<AffineMapAttr>(tile::kWork).getValue();
  for (Attribute name : program->getAttrOfType<ArrayAttr>(tile::kSymbols))
    launch.symbols.push_back(symbol(cast<StringAttr>(name).getValue()));
  for (Value input : op.getInputs()) {
    unsigned buffer = bufferOf.lookup(input);
    launch.buffers.push_back(buffer);
    plan.info.buffers[buffer].lastStep = step;
  }
  for (Value result : op.getResults()) {
    std::optional<unsigned> inPlace =
        op.getInPlaceOperand(cast<OpResult>(result).getResultNumber());
    if (!inPlace) {
      unsigned buffer = add(result, op.getName(), rt::BufferKind::Temporary);
      plan.info.buffers[buffer].firstStep = plan.info.buffers[buffer].lastStep = step;
      launch.buffers.push_back(buffer);
      continue;
    }
    Value dest = op.getInputs()[*inPlace];
    rt::BufferKind kind = plan.info.buffers[bufferOf.lookup(dest)].kind;
    if (kind == rt::BufferKind::Input || kind == rt::BufferKind::Weight)
      return op.emitOpError("updates an input or a weight, which are read only; copy it first");
    for (Operation *user : dest.getUsers())
      if (user != op && op->isBeforeInBlock(user))
        return op.emitOpError("updates a tensor in place whose old value is read later");
    bufferOf[result] = bufferOf.lookup(dest);
  }
  plan.launches.push_back(std::move(launch));
  return success();
}

LogicalResult Planner::results(func::ReturnOp op) {
  SmallVector<unsigned> outputs;
  for (auto [number, value] : llvm::enumerate(op.getOperands())) {
    auto text = [&](StringRef key) {
      auto attr = function.getResultAttrOfType<StringAttr>(number, key);
      return attr ? attr.getValue() : StringRef();
    };
    rt::BufferInfo &info = plan.info.buffers[bufferOf.lookup(value)];
    if (StringRef name = text("ein.state"); !name.empty()) {
      if (info.kind != rt::BufferKind::State || info.name != name)
        return op.emitOpError("result #") << number << " is to be the new value of state '" << name
                                          << "', but is not an update of it";
      continue;
    }
    if (info.kind != rt::BufferKind::Temporary)
      return op.emitOpError("result #") << number << " is an argument or another result";
    info.kind = rt::BufferKind::Output;
    StringRef name = text("ein.name");
    info.name = name.empty() ? ("result" + Twine(number)).str() : name.str();
    info.firstStep = info.lastStep = 0;
    outputs.push_back(bufferOf.lookup(value));
  }
  orderOutputs(outputs);
  return success();
}

/// Outputs are listed as the function returns them, whichever kernel is first.
void Planner::orderOutputs(ArrayRef<unsigned> outputs) {
  SmallVector<unsigned> places(outputs), moved(plan.info.buffers.size());
  llvm::sort(places);
  std::iota(moved.begin(), moved.end(), 0u);
  std::vector<rt::BufferInfo> buffers = plan.info.buffers;
  for (auto [from, to] : llvm::zip(outputs, places)) {
    plan.info.buffers[to] = buffers[from];
    moved[from] = to;
  }
  for (cpu::Launch &launch : plan.launches)
    for (unsigned &buffer : launch.buffers)
      buffer = moved[buffer];
}

/// Where symbols get their values: see docs/spec/ein.md.
LogicalResult Planner::symbols() {
  auto &list = plan.info.symbols;
  for (unsigned i = 0; i < list.size(); ++i) {
    rt::SymbolInfo &info = list[i];
    bool bound = false;
    for (auto kind : {rt::BufferKind::Input, rt::BufferKind::State})
      for (auto [b, buffer] : llvm::enumerate(plan.info.buffers))
        for (auto [d, extent] : llvm::enumerate(buffer.shape))
          if (!bound && buffer.kind == kind && extent == rt::Extent::symbol(i)) {
            bound = true;
            if (kind == rt::BufferKind::Input)
              info = {info.name, rt::SymbolSource::InputDim, (uint32_t)b, (uint32_t)d};
            else
              info = {info.name, rt::SymbolSource::Bound, 0, 0};
          }
    if (bound)
      continue;
    auto params = function->getAttrOfType<ArrayAttr>("ein.params");
    if (!params || !llvm::is_contained(params, StringAttr::get(function.getContext(), info.name)))
      return function.emitError() << "no argument of entry '" << plan.info.name
                                  << "' tells the size '" << info.name
                                  << "': list it in ein.params, to be passed as a number";
  }
  return success();
}

FailureOr<EntryPlan> Planner::run() {
  if (failed(arguments()))
    return failure();
  unsigned constants = 0;
  for (Operation &op : function.front()) {
    if (auto kernel = dyn_cast<ein::KernelOp>(op)) {
      if (failed(this->kernel(kernel)))
        return failure();
    } else if (auto constant = dyn_cast<ein::ConstantOp>(op)) {
      std::string name = (function.getName() + ".constant" + Twine(constants++)).str();
      FailureOr<unsigned> index =
          tables.weight(op.getLoc(), name, constant.getResult().getType(), constant.getValue());
      if (failed(index))
        return failure();
      add(constant.getResult(), name, rt::BufferKind::Weight, *index);
    } else if (isa<ein::EmptyOp>(op)) {
      unsigned buffer = add(op.getResult(0), "empty", rt::BufferKind::Temporary);
      plan.info.buffers[buffer].firstStep = plan.launches.size();
    } else if (auto done = dyn_cast<func::ReturnOp>(op)) {
      if (failed(results(done)))
        return failure();
    } else {
      return op.emitOpError("is not part of a kernel");
    }
  }
  if (auto facts = function->getAttrOfType<ArrayAttr>("ein.assume"))
    for (Attribute fact : facts) {
      auto extent = cast<ein::ExtentAttr>(fact);
      SmallVector<AffineExpr> positions;
      for (StringAttr name : extent.getSymbols())
        positions.push_back(getAffineSymbolExpr(symbol(name.getValue()), function.getContext()));
      plan.assumptions.push_back(extent.str());
      plan.guards.push_back(extent.getExpr().replaceSymbols(positions));
    }
  if (failed(symbols()))
    return failure();
  return std::move(plan);
}

} // namespace

FailureOr<unsigned> PackageTables::weight(Location loc, StringRef name, ein::TensorType type,
                                          ElementsAttr literal) {
  unsigned at = positionOf(weights, name);
  if (at == weights.size())
    weights.push_back({name.str(), type, literal});
  else if (weights[at].type != type)
    return emitError(loc) << "weight '" << name << "' is " << weights[at].type
                          << " in one entry and " << type << " in another";
  return at;
}

FailureOr<unsigned> PackageTables::state(Location loc, StringRef name, ein::TensorType type) {
  rt::StateInfo info;
  info.name = name.str();
  info.dtype = dtypeOf(type.getElementType());
  for (ein::ExtentAttr extent : type.getShape())
    info.shape.push_back(toProgram(extent.getExpr(), [&](unsigned i) -> uint32_t {
      std::string symbol = extent.getSymbols()[i].str();
      auto it = llvm::find(bounds, symbol);
      if (it == bounds.end())
        it = bounds.insert(it, symbol);
      return it - bounds.begin();
    }));
  unsigned at = positionOf(states, name);
  if (at == states.size())
    states.push_back(info);
  else if (states[at].dtype != info.dtype || states[at].shape != info.shape)
    return emitError(loc) << "state '" << name << "' differs between entries";
  return at;
}

FailureOr<EntryPlan> planEntry(func::FuncOp function, PackageTables &tables) {
  return Planner(function, tables).run();
}

} // namespace einfall
