//===- FromKernels.cpp - Entry functions become host programs -------------===//
#include "dialects/check/CheckDialect.h"
#include "dialects/ein/EinBounds.h"
#include "dialects/ein/EinPanels.h"
#include "dialects/tile/TileDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Remarks.h"
#include "passes/run/Passes.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/Format.h"

using namespace mlir;

namespace einfall::run {
#define GEN_PASS_DEF_RUNFROMKERNELS
#include "passes/run/Passes.h.inc"

namespace {

/// The points of the iteration spaces of a kernel's ops.
ein::ExtentAttr countPoints(ein::KernelOp op) {
  SmallVector<StringAttr> table;
  AffineExpr sum = getAffineConstantExpr(0, op.getContext());
  op.getBody().walk([&](Operation *inner) {
    bool isOp = inner->getNumResults() > 0 && isa<ein::TensorType>(inner->getResult(0).getType());
    if (!isOp || isa<ein::StreamOp>(inner))
      return;
    AffineExpr product = getAffineConstantExpr(1, op.getContext());
    for (ein::ExtentAttr extent : ein::rankExtents(inner))
      product = product * extent.over(table);
    sum = sum + product;
  });
  return ein::ExtentAttr::of(sum, table);
}

/// A value that the function gives back: for an output or a state.
struct Result {
  Value value;
  std::string name;
  StringRef state; // empty for an output
};

/// Writes the host program of one function.
class EntryBuilder {
public:
  EntryBuilder(func::FuncOp function, StringRef device)
      : function(function), builder(function), device(device) {}

  FailureOr<EntryOp> run();
  unsigned numLaunches = 0, numCopies = 0;

private:
  LogicalResult collectResults(func::ReturnOp done);
  void collectChecks(func::ReturnOp done);
  LogicalResult signature();
  LogicalResult arguments();
  void findStateValues();
  LogicalResult kernel(ein::KernelOp op);
  Value targetOf(ein::KernelOp op, unsigned operand, Value result);
  LogicalResult results(Location loc);
  LogicalResult nameSymbols();

  StringRef text(unsigned argument, StringRef key) {
    auto attr = function.getArgAttrOfType<StringAttr>(argument, key);
    return attr ? attr.getValue() : StringRef();
  }
  StringRef resultText(unsigned result, StringRef key) {
    auto attr = function.getResultAttrOfType<StringAttr>(result, key);
    return attr ? attr.getValue() : StringRef();
  }
  BufferType bufferType(Value value) {
    return BufferType::get(cast<ein::TensorType>(value.getType()));
  }
  void mention(ein::ExtentAttr extent) {
    symbols.insert(extent.getSymbols().begin(), extent.getSymbols().end());
  }
  Value allocate(Location loc, StringRef name, Type type) {
    for (ein::ExtentAttr extent : cast<BufferType>(type).getShape())
      mention(extent);
    return AllocOp::create(builder, loc, type, name, DenseI64ArrayAttr());
  }
  void copy(Location loc, Value source, Value target, const Twine &reason) {
    CopyOp::create(builder, loc, source, target);
    ++numCopies;
    remark::analysis(
        loc,
        remark::RemarkOpts::name("copy").category("run-from-kernels").function(entry.getName()))
        << reason.str();
  }
  /// True if anything after `op` reads the tensor `value`.
  static bool isReadAfter(Value value, Operation *op) {
    return llvm::any_of(value.getUsers(),
                        [&](Operation *user) { return user != op && op->isBeforeInBlock(user); });
  }

  func::FuncOp function;
  OpBuilder builder;
  StringRef device; // where kernels run
  EntryOp entry;
  SmallVector<Result> given;
  llvm::SmallSetVector<StringAttr, 8> symbols;
  DenseMap<Value, Value> bufferOf; // of each tensor
  /// Tensors that are a value of a state on its way to the new one: these live
  /// in the state's own buffer.
  DenseMap<Value, StringRef> stateValues;
  unsigned numInputs = 0;
};

/// What may be said of a place in a buffer's life.
std::string nameOf(Value buffer) {
  if (auto state = buffer.getDefiningOp<StateOp>())
    return ("state '" + state.getName() + "'").str();
  if (auto weight = buffer.getDefiningOp<WeightOp>())
    return ("weight '" + weight.getName() + "'").str();
  if (buffer.getDefiningOp<ConstantOp>())
    return "a constant";
  if (auto alloc = buffer.getDefiningOp<AllocOp>())
    return ("temporary '" + alloc.getName() + "'").str();
  auto argument = cast<BlockArgument>(buffer);
  auto entry = cast<EntryOp>(argument.getOwner()->getParentOp());
  unsigned number = argument.getArgNumber();
  return ((entry.isOutput(number) ? "output '" : "input '") + entry.getArgumentName(number) + "'")
      .str();
}

bool isReadOnly(Value buffer) {
  if (auto argument = dyn_cast<BlockArgument>(buffer))
    return !cast<EntryOp>(argument.getOwner()->getParentOp()).isOutput(argument.getArgNumber());
  return isa<WeightOp, ConstantOp>(buffer.getDefiningOp());
}

LogicalResult EntryBuilder::collectResults(func::ReturnOp done) {
  for (auto [number, value] : llvm::enumerate(done.getOperands())) {
    if (!isa<ein::TensorType>(value.getType()))
      return done.emitOpError("result #") << number << " is no ein tensor";
    StringRef name = resultText(number, "ein.name");
    given.push_back({value, name.empty() ? ("result" + Twine(number)).str() : name.str(),
                     resultText(number, "ein.state")});
  }
  return success();
}

/// What einfall-run reads to compare a pair of outputs: `close ATOL RTOL WHERE`
/// or `eq WHERE`.
std::string expectationOf(Operation *op) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (auto close = dyn_cast<check::ExpectCloseOp>(op))
    os << llvm::format("close %.17g %.17g ", close.getAtol().convertToDouble(),
                       close.getRtol().convertToDouble());
  else
    os << "eq ";
  if (auto place = op->getLoc()->findInstanceOf<FileLineColLoc>())
    os << place.getFilename().getValue() << ':' << place.getLine();
  else
    os << op->getLoc();
  return text;
}

/// The operands of checks become outputs, in pairs; what is expected of each
/// pair stays as text on the entry.
void EntryBuilder::collectChecks(func::ReturnOp done) {
  SmallVector<Operation *> checks;
  for (Operation &op : function.front())
    if (isa<check::CheckDialect>(op.getDialect()))
      checks.push_back(&op);
  SmallVector<std::string> expectations;
  for (auto [number, op] : llvm::enumerate(checks)) {
    // What is compared are the values at the end.
    op->moveBefore(done);
    given.push_back({op->getOperand(0), "got" + std::to_string(number), ""});
    given.push_back({op->getOperand(1), "expected" + std::to_string(number), ""});
    expectations.push_back(expectationOf(op));
  }
  SmallVector<StringRef> texts(expectations.begin(), expectations.end());
  function->setAttr(check::kExpectations, builder.getStrArrayAttr(texts));
  SmallVector<Attribute> params;
  if (auto sizes = function->getAttrOfType<DictionaryAttr>(check::kParams))
    for (NamedAttribute size : sizes)
      params.push_back(builder.getStringAttr(size.getName().getValue()));
  function->setAttr("ein.params", builder.getArrayAttr(params));
}

/// Makes the entry with its arguments; symbols are filled in at the end.
LogicalResult EntryBuilder::signature() {
  SmallVector<Type> types;
  SmallVector<Attribute> attributes;
  SmallVector<Location> locations;
  auto add = [&](Value value, StringRef name, Location loc, ArrayRef<NamedAttribute> more) {
    SmallVector<NamedAttribute> list(more);
    list.push_back(builder.getNamedAttr(EntryOp::kName, builder.getStringAttr(name)));
    attributes.push_back(builder.getDictionaryAttr(list));
    types.push_back(bufferType(value));
    locations.push_back(loc);
    for (ein::ExtentAttr extent : bufferType(value).getShape())
      mention(extent);
  };
  for (BlockArgument argument : function.getArguments()) {
    unsigned number = argument.getArgNumber();
    if (!isa<ein::TensorType>(argument.getType()))
      return function.emitError() << "argument #" << number << " of entry '" << function.getName()
                                  << "' is " << argument.getType() << ", not an ein tensor";
    if (!text(number, "ein.weight").empty() || !text(number, "ein.state").empty())
      continue;
    SmallVector<NamedAttribute> more;
    if (Attribute range = function.getArgAttr(number, "ein.range"))
      more.push_back(builder.getNamedAttr(EntryOp::kRange, range));
    StringRef name = text(number, "ein.name");
    add(argument, name.empty() ? ("arg" + Twine(number)).str() : name.str(), argument.getLoc(),
        more);
  }
  numInputs = types.size();
  for (const Result &result : given)
    if (result.state.empty())
      add(result.value, result.name, result.value.getLoc(),
          builder.getNamedAttr(EntryOp::kOutput, builder.getUnitAttr()));
  entry = EntryOp::create(builder, function.getLoc(), function.getName(),
                          builder.getFunctionType(types, {}), builder.getStrArrayAttr({}),
                          builder.getStrArrayAttr({}), StringAttr(),
                          builder.getArrayAttr(attributes), ArrayAttr());
  for (StringRef key : {check::kExpectations, check::kParams})
    if (Attribute value = function->getAttr(key))
      entry->setAttr(key, value);
  Block *block = builder.createBlock(&entry.getBody());
  block->addArguments(types, locations);
  return success();
}

LogicalResult EntryBuilder::arguments() {
  unsigned next = 0;
  llvm::StringMap<Value> named;
  for (BlockArgument argument : function.getArguments()) {
    unsigned number = argument.getArgNumber();
    StringRef weight = text(number, "ein.weight"), state = text(number, "ein.state");
    Type type = bufferType(argument);
    if (weight.empty() && state.empty()) {
      bufferOf[argument] = entry.getArgument(next++);
      continue;
    }
    for (ein::ExtentAttr extent : bufferType(argument).getShape())
      mention(extent);
    bool isWeight = !weight.empty();
    Value &buffer = named[((isWeight ? "w" : "s") + (isWeight ? weight : state)).str()];
    if (buffer && (!isWeight || buffer.getType() != type))
      return function.emitError() << "argument #" << number << ": '" << (isWeight ? weight : state)
                                  << "' is an argument already; name each weight and state once";
    if (!buffer)
      buffer = isWeight ? Value(WeightOp::create(
                              builder, argument.getLoc(), type, weight,
                              function.getArgAttrOfType<DenseI64ArrayAttr>(number, "ein.order"),
                              function.getArgAttrOfType<DenseI64ArrayAttr>(number, ein::kPanels)))
                        : Value(StateOp::create(builder, argument.getLoc(), type, state));
    bufferOf[argument] = buffer;
  }
  return success();
}

/// Follows each returned state back through its updates to the argument.
void EntryBuilder::findStateValues() {
  for (const Result &result : given) {
    SmallVector<Value> line = {result.value};
    while (auto kernel = line.back().getDefiningOp<ein::KernelOp>()) {
      std::optional<unsigned> operand =
          kernel.getInPlaceOperand(cast<OpResult>(line.back()).getResultNumber());
      if (!operand)
        break;
      line.push_back(kernel.getInputs()[*operand]);
    }
    auto argument = dyn_cast<BlockArgument>(line.back());
    if (result.state.empty() || !argument ||
        text(argument.getArgNumber(), "ein.state") != result.state)
      continue;
    for (Value each : line)
      stateValues[each] = result.state;
  }
}

/// The buffer in which `op` updates its operand to give `result`.
Value EntryBuilder::targetOf(ein::KernelOp op, unsigned operand, Value result) {
  Location loc = op.getLoc();
  Value old = op.getInputs()[operand], buffer = bufferOf.lookup(old);
  // Blocks of the kernel read what others store.
  bool readNow = llvm::count(op.getInputs(), old) > 1;
  bool readLater = readNow || isReadAfter(old, op);
  auto why = [&] {
    return Twine(readNow ? "' needs its old value at other points"
                         : "' updates it, and its old value is read later")
        .str();
  };
  bool inState = buffer.getDefiningOp<StateOp>() && stateValues.contains(old);
  if (inState && stateValues.contains(result) && readLater) {
    // The new value has to end up here: the old one moves away.
    Value saved = allocate(loc, (op.getName() + "_old").str(), buffer.getType());
    copy(loc, buffer, saved, nameOf(buffer) + " is copied: kernel '" + op.getName() + why());
    bufferOf[old] = saved;
    return buffer;
  }
  bool keep = readLater || (inState && !stateValues.contains(result));
  if (!keep && !isReadOnly(buffer))
    return buffer;
  Value fresh = allocate(loc, op.getName(), buffer.getType());
  copy(loc, buffer, fresh,
       nameOf(buffer) + " is copied: kernel '" + op.getName() +
           (isReadOnly(buffer) ? std::string("' updates it, and it is read only") : why()));
  return fresh;
}

LogicalResult EntryBuilder::kernel(ein::KernelOp op) {
  auto reference = op->getAttrOfType<FlatSymbolRefAttr>("program");
  auto program = reference ? SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(op, reference)
                           : func::FuncOp();
  if (!program)
    return op.emitOpError("names no tile program: run ein-to-tile first");
  SmallVector<Value> buffers(op.getInputs().size());
  llvm::SmallSetVector<int64_t, 4> writes;
  SmallVector<std::pair<Value, Value>> made; // results and their buffers
  for (OpResult result : op.getResults()) {
    std::optional<unsigned> operand = op.getInPlaceOperand(result.getResultNumber());
    if (!operand) {
      Value fresh = allocate(op.getLoc(), op.getName(), bufferType(result));
      writes.insert(buffers.size());
      buffers.push_back(fresh);
      made.push_back({result, fresh});
      continue;
    }
    Value target = targetOf(op, *operand, result);
    writes.insert(*operand);
    buffers[*operand] = target;
    made.push_back({result, target});
  }
  for (auto [i, input] : llvm::enumerate(op.getInputs()))
    if (!buffers[i])
      buffers[i] = bufferOf.lookup(input);
  for (auto [result, buffer] : made)
    bufferOf[result] = buffer;

  auto names = program->getAttrOfType<ArrayAttr>(tile::kSymbols);
  SmallVector<StringAttr> table;
  SmallVector<Attribute> sizes;
  for (Attribute name : names) {
    table.push_back(cast<StringAttr>(name));
    sizes.push_back(ein::ExtentAttr::symbol(op.getContext(), table.back()));
    symbols.insert(table.back());
  }
  auto extent = [&](StringRef key) {
    AffineMap map = program->getAttrOfType<AffineMapAttr>(key).getValue();
    return ein::ExtentAttr::of(map.getResult(0), table);
  };
  SmallVector<int64_t> sorted = writes.takeVector();
  llvm::sort(sorted);
  ein::ExtentAttr points = countPoints(op);
  for (StringAttr name : points.getSymbols())
    symbols.insert(name);
  LaunchOp::create(builder, op.getLoc(), reference, buffers, builder.getDenseI64ArrayAttr(sorted),
                   builder.getArrayAttr(sizes), extent(tile::kGrid), extent(tile::kWork), points,
                   builder.getStringAttr(device));
  ++numLaunches;
  return success();
}

LogicalResult EntryBuilder::results(Location loc) {
  // Outputs first: the value of one may lie in a state that is stored below.
  unsigned next = numInputs;
  SmallVector<std::pair<Value, Value>> stores; // values for states
  for (auto [number, result] : llvm::enumerate(given)) {
    Value buffer = bufferOf.lookup(result.value);
    StringRef state = result.state;
    if (!state.empty()) {
      Value target;
      for (auto op : entry.getBody().getOps<StateOp>())
        if (op.getName() == state)
          target = op.getResult();
      if (!target || target.getType() != buffer.getType())
        return emitError(loc) << "result #" << number << " is the new value of state '" << state
                              << "', but "
                              << (target ? "differs from it in type"
                                         : "the entry has no argument of that state");
      if (buffer != target)
        stores.push_back({buffer, target});
      continue;
    }
    Value output = entry.getArgument(next++);
    if (auto alloc = buffer.getDefiningOp<AllocOp>()) {
      // The temporary is the output.
      for (auto &entryOfMap : bufferOf)
        if (entryOfMap.second == buffer)
          entryOfMap.second = output;
      for (auto &store : stores)
        if (store.first == buffer)
          store.first = output;
      buffer.replaceAllUsesWith(output);
      alloc.erase();
      continue;
    }
    copy(loc, buffer, output,
         "result '" + entry.getArgumentName(next - 1) + "' is a copy: it is " + nameOf(buffer) +
             " itself");
  }
  // A state that another one takes its value from is saved before it changes.
  for (auto &[source, target] : stores)
    if (llvm::any_of(stores, [&](auto &other) { return other.second == source; })) {
      Value saved = allocate(loc, "exchanged", source.getType());
      copy(loc, source, saved, nameOf(source) + " is copied: another state takes its value");
      source = saved;
    }
  for (auto &[source, target] : stores)
    copy(loc, source, target,
         nameOf(target) + " is copied: its new value is no update of it, but " + nameOf(source));
  return success();
}

FailureOr<EntryOp> EntryBuilder::run() {
  auto done = cast<func::ReturnOp>(function.front().getTerminator());
  if (function->hasAttr("ein.entry")) {
    if (failed(collectResults(done)))
      return failure();
  } else {
    collectChecks(done);
  }
  if (failed(signature()) || failed(arguments()))
    return failure();
  findStateValues();
  if (auto facts = function->getAttrOfType<ArrayAttr>("ein.assume"))
    for (Attribute fact : facts) {
      mention(cast<ein::ExtentAttr>(fact));
      AssumeOp::create(builder, function.getLoc(), cast<ein::ExtentAttr>(fact));
    }
  for (Operation &op : function.front().without_terminator()) {
    if (auto constant = dyn_cast<ein::ConstantOp>(op)) {
      Value value = constant.getResult();
      bufferOf[value] =
          ConstantOp::create(builder, op.getLoc(), bufferType(value), constant.getValue());
    } else if (isa<ein::EmptyOp>(op)) {
      Value value = op.getResult(0);
      bufferOf[value] = allocate(op.getLoc(), "empty", bufferType(value));
    } else if (auto kernel = dyn_cast<ein::KernelOp>(op)) {
      if (failed(this->kernel(kernel)))
        return failure();
    } else if (!isa<check::CheckDialect>(op.getDialect())) {
      return op.emitOpError("is not part of a kernel");
    }
  }
  if (failed(results(done.getLoc())) || failed(nameSymbols()))
    return failure();
  return entry;
}

LogicalResult EntryBuilder::nameSymbols() {
  SmallVector<Attribute> names(symbols.begin(), symbols.end()), params;
  if (auto given = function->getAttrOfType<ArrayAttr>("ein.params"))
    llvm::copy_if(given, std::back_inserter(params),
                  [&](Attribute name) { return symbols.contains(cast<StringAttr>(name)); });
  entry.setSymbolsAttr(builder.getArrayAttr(names));
  if (device != "cpu")
    entry->setAttr(kDevice, builder.getStringAttr(device));
  // What a shape tells is not passed as a number.
  entry.setParamsAttr(builder.getStrArrayAttr({}));
  llvm::erase_if(params, [&](Attribute name) {
    return entry.originOf(llvm::find(names, name) - names.begin()).kind != SymbolOrigin::None;
  });
  entry.setParamsAttr(builder.getArrayAttr(params));
  for (unsigned i = 0; i < names.size(); ++i)
    if (entry.originOf(i).kind == SymbolOrigin::None)
      return function.emitError() << "no argument of entry '" << function.getName()
                                  << "' tells the size " << names[i]
                                  << ": list it in ein.params, to be passed as a number";
  return success();
}

/// A function of checks: an entry that compares, without arguments.
bool isTest(func::FuncOp function) {
  return function.getNumArguments() == 0 && !function.isExternal() &&
         llvm::any_of(function.front(),
                      [](Operation &op) { return isa<check::CheckDialect>(op.getDialect()); });
}

struct FromKernelsPass : impl::RunFromKernelsBase<FromKernelsPass> {
  using RunFromKernelsBase::RunFromKernelsBase;

  void runOnOperation() override {
    for (auto function : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      if (function->hasAttr(tile::kProgram))
        continue;
      if (function->hasAttr("ein.entry") || isTest(function)) {
        EntryBuilder builder(function, device);
        if (function.isExternal() || !function.getBody().hasOneBlock()) {
          function.emitError("an entry is a function of one block");
          return signalPassFailure();
        }
        if (failed(builder.run()))
          return signalPassFailure();
        numLaunches += builder.numLaunches;
        numCopies += builder.numCopies;
      }
      function.erase();
    }
  }
};

} // namespace
} // namespace einfall::run
