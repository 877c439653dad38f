//===- Manifest.cpp - What a package says of its host programs ------------===//
#include "lib/Driver/Manifest.h"
#include "dialects/check/CheckDialect.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"

#include <map>

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

std::string sourceOf(Location location) {
  std::string text;
  location->walk([&](Location inner) {
    auto place = dyn_cast<FileLineColLoc>(inner);
    if (!place)
      return WalkResult::advance();
    text = (llvm::sys::path::filename(place.getFilename()) + ":" + Twine(place.getLine())).str();
    return WalkResult::interrupt();
  });
  return text;
}

namespace {

using Position = function_ref<uint32_t(StringRef)>;

/// The addends of a sum; MLIR keeps `a - b` as `b * -1 + a`.
void collectAddends(AffineExpr expr, SmallVectorImpl<AffineExpr> &out) {
  if (expr.getKind() != AffineExprKind::Add)
    return out.push_back(expr);
  collectAddends(cast<AffineBinaryOpExpr>(expr).getLHS(), out);
  collectAddends(cast<AffineBinaryOpExpr>(expr).getRHS(), out);
}

bool isNegative(AffineExpr expr) {
  if (expr.getKind() == AffineExprKind::Mul)
    expr = cast<AffineBinaryOpExpr>(expr).getRHS();
  auto literal = dyn_cast<AffineConstantExpr>(expr);
  return literal && literal.getValue() < 0;
}

rt::Extent toProgram(AffineExpr expr, ArrayRef<StringAttr> names, Position position);

/// Differences stay differences: users read these extents.
rt::Extent sumToProgram(AffineExpr sum, ArrayRef<StringAttr> names, Position position) {
  SmallVector<AffineExpr> addends;
  collectAddends(sum, addends);
  std::stable_partition(addends.begin(), addends.end(),
                        [](AffineExpr addend) { return !isNegative(addend); });
  rt::Extent result = toProgram(addends[0], names, position);
  for (AffineExpr addend : ArrayRef(addends).drop_front()) {
    bool minus = isNegative(addend);
    result = rt::Extent::binary(minus ? rt::ExtentOp::Sub : rt::ExtentOp::Add, result,
                                toProgram(minus ? -addend : addend, names, position));
  }
  return result;
}

rt::Extent toProgram(AffineExpr expr, ArrayRef<StringAttr> names, Position position) {
  if (auto literal = dyn_cast<AffineConstantExpr>(expr))
    return rt::Extent::constant(literal.getValue());
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return rt::Extent::symbol(position(names[symbol.getPosition()].getValue()));
  if (expr.getKind() == AffineExprKind::Add)
    return sumToProgram(expr, names, position);
  auto binary = cast<AffineBinaryOpExpr>(expr);
  rt::ExtentOp::Kind kind = rt::ExtentOp::Mul;
  switch (expr.getKind()) {
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
  return rt::Extent::binary(kind, toProgram(binary.getLHS(), names, position),
                            toProgram(binary.getRHS(), names, position));
}

rt::Extent toProgram(ein::ExtentAttr extent, Position position) {
  return toProgram(extent.getExpr(), extent.getSymbols(), position);
}

template <typename List> unsigned positionOf(List &list, StringRef name) {
  for (auto [i, item] : llvm::enumerate(list))
    if (item.name == name)
      return i;
  return list.size();
}

/// Describes one entry, adding to the tables of the package.
class EntryDescriber {
public:
  EntryDescriber(run::EntryOp entry, PackageTables &tables) : entry(entry), tables(tables) {}
  LogicalResult run();

private:
  LogicalResult buffer(Value value);
  FailureOr<unsigned> weight(Operation *op, PackageTables::Weight weight);
  FailureOr<unsigned> state(run::StateOp op);
  void symbols();
  void steps();
  void assumptions();
  void checks();

  run::EntryOp entry;
  PackageTables &tables;
  rt::EntryInfo info;
  unsigned numConstants = 0;
};

FailureOr<unsigned> EntryDescriber::weight(Operation *op, PackageTables::Weight weight) {
  auto &list = tables.weights;
  // A literal is stored once, whatever entry has it.
  unsigned at =
      weight.literal
          ? llvm::find_if(list, [&](auto &w) { return w.literal == weight.literal; }) - list.begin()
          : positionOf(list, weight.name);
  if (at == list.size())
    list.push_back(std::move(weight));
  else if (!list[at].isLike(weight))
    return op->emitError() << "weight '" << weight.name << "' is " << list[at].type
                           << " in one entry and " << weight.type << " in another";
  return at;
}

FailureOr<unsigned> EntryDescriber::state(run::StateOp op) {
  rt::StateInfo info;
  info.name = op.getName().str();
  info.dtype = dtypeOf(op.getResult().getType().getElementType());
  for (ein::ExtentAttr extent : op.getResult().getType().getShape())
    info.shape.push_back(toProgram(extent, [&](StringRef symbol) -> uint32_t {
      auto it = llvm::find(tables.bounds, symbol);
      if (it == tables.bounds.end())
        it = tables.bounds.insert(it, symbol.str());
      return it - tables.bounds.begin();
    }));
  auto &list = tables.states;
  unsigned at = positionOf(list, info.name);
  if (at == list.size())
    list.push_back(info);
  else if (list[at].dtype != info.dtype || list[at].shape != info.shape)
    return op.emitError() << "state '" << info.name << "' differs between entries";
  return at;
}

LogicalResult EntryDescriber::buffer(Value value) {
  auto type = cast<run::BufferType>(value.getType());
  rt::BufferInfo buffer;
  buffer.dtype = dtypeOf(type.getElementType());
  auto position = [&](StringRef name) -> uint32_t { return entry.findSymbol(name); };
  for (ein::ExtentAttr extent : type.getShape())
    buffer.shape.push_back(toProgram(extent, position));
  buffer.byteSize = toProgram(type.getByteSize(), position);
  FailureOr<unsigned> index = 0u;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    unsigned number = argument.getArgNumber();
    buffer.name = entry.getArgumentName(number).str();
    buffer.kind = entry.isOutput(number) ? rt::BufferKind::Output : rt::BufferKind::Input;
    if (auto range = entry.getArgAttrOfType<ArrayAttr>(number, run::EntryOp::kRange)) {
      buffer.hasRange = true;
      buffer.lo = cast<IntegerAttr>(range[0]).getInt();
      buffer.hi = cast<IntegerAttr>(range[1]).getInt();
    }
  } else if (auto op = value.getDefiningOp<run::WeightOp>()) {
    buffer.name = op.getName().str();
    buffer.kind = rt::BufferKind::Weight;
    index = weight(op, {buffer.name,
                        type,
                        {},
                        SmallVector<int64_t>(op.getOrder().value_or(ArrayRef<int64_t>())),
                        SmallVector<int64_t>(op.getPanels().value_or(ArrayRef<int64_t>()))});
  } else if (auto op = value.getDefiningOp<run::ConstantOp>()) {
    buffer.name = (entry.getName() + ".constant" + Twine(numConstants++)).str();
    buffer.kind = rt::BufferKind::Weight;
    index = weight(op, {buffer.name, type, op.getValue(), {}, {}});
  } else if (auto op = value.getDefiningOp<run::StateOp>()) {
    buffer.name = op.getName().str();
    buffer.kind = rt::BufferKind::State;
    index = state(op);
  } else {
    auto alloc = cast<run::AllocOp>(value.getDefiningOp());
    if (!alloc.getAlive())
      return alloc.emitOpError("has no lifetime: run-plan-memory gives it one");
    buffer.name = alloc.getName().str();
    buffer.kind = rt::BufferKind::Temporary;
    buffer.firstStep = (*alloc.getAlive())[0];
    buffer.lastStep = (*alloc.getAlive())[1];
  }
  if (failed(index))
    return failure();
  buffer.index = *index;
  info.buffers.push_back(std::move(buffer));
  return success();
}

void EntryDescriber::symbols() {
  for (auto [i, symbol] : llvm::enumerate(entry.getSymbols())) {
    run::SymbolOrigin origin = entry.originOf(i);
    rt::SymbolSource source = origin.kind == run::SymbolOrigin::Input   ? rt::SymbolSource::InputDim
                              : origin.kind == run::SymbolOrigin::Bound ? rt::SymbolSource::Bound
                                                                        : rt::SymbolSource::Param;
    info.symbols.push_back({cast<StringAttr>(symbol).str(), source, origin.argument, origin.dim});
  }
}

void EntryDescriber::steps() {
  DenseMap<Value, uint32_t> positions;
  for (auto [i, buffer] : llvm::enumerate(entry.getBuffers()))
    positions[buffer] = i;
  auto position = [&](StringRef name) -> uint32_t { return entry.findSymbol(name); };
  for (Operation *op : entry.getSteps()) {
    rt::StepInfo step;
    step.source = sourceOf(op->getLoc());
    for (Value buffer : op->getOperands())
      step.buffers.push_back(positions.lookup(buffer));
    if (auto launch = dyn_cast<run::LaunchOp>(op)) {
      step.program = launch.getProgram().str();
      ein::ExtentAttr points = launch.getPoints().value_or(launch.getGrid());
      step.points = toProgram(points, position);
    } else {
      step.program = "copy";
      step.points = info.buffers[step.buffers[0]].byteSize;
    }
    info.steps.push_back(std::move(step));
  }
}

/// `constant + slope * symbol`.
struct Line {
  int64_t constant, slope;
};

/// An expression over one symbol as a line; none where it is not one, or too steep to tell.
std::optional<Line> lineOf(AffineExpr expr) {
  if (auto literal = dyn_cast<AffineConstantExpr>(expr))
    return Line{literal.getValue(), 0};
  if (isa<AffineSymbolExpr>(expr))
    return Line{0, 1};
  auto binary = cast<AffineBinaryOpExpr>(expr);
  std::optional<Line> a = lineOf(binary.getLHS()), b = lineOf(binary.getRHS());
  if (!a || !b)
    return std::nullopt;
  std::optional<int64_t> constant, slope;
  if (expr.getKind() == AffineExprKind::Add) {
    constant = llvm::checkedAdd(a->constant, b->constant);
    slope = llvm::checkedAdd(a->slope, b->slope);
  } else if (expr.getKind() == AffineExprKind::Mul && b->slope == 0) {
    constant = llvm::checkedMul(a->constant, b->constant);
    slope = llvm::checkedMul(a->slope, b->constant);
  }
  if (!constant || !slope || *slope == INT64_MIN)
    return std::nullopt;
  return Line{*constant, *slope};
}

/// Assumptions, and of those that bound one symbol the greatest value of it.
void EntryDescriber::assumptions() {
  std::map<std::string, int64_t> limits;
  for (auto [number, op] : llvm::enumerate(entry.getBody().getOps<run::AssumeOp>())) {
    ein::ExtentAttr extent = op.getExtent();
    tables.facts.push_back(
        {"assume." + info.name + "." + std::to_string(number + 1), extent.str()});
    if (extent.getSymbols().size() != 1)
      continue;
    // `150 - 2 * s` is negative from s = 76 on.
    std::optional<Line> line = lineOf(extent.getExpr());
    if (!line || line->slope >= 0)
      continue;
    int64_t greatest = llvm::divideFloorSigned(line->constant, -line->slope);
    auto [it, isNew] = limits.try_emplace(extent.getSymbols()[0].str(), greatest);
    it->second = std::min(it->second, greatest);
  }
  for (auto &[symbol, limit] : limits)
    tables.facts.push_back({"limit." + info.name + "." + symbol, std::to_string(limit)});
}

/// What `einfall-run --check` compares, and the sizes it runs with.
void EntryDescriber::checks() {
  if (auto expectations = entry->getAttrOfType<ArrayAttr>(check::kExpectations))
    for (auto [number, text] : llvm::enumerate(expectations))
      tables.facts.push_back(
          {"check." + info.name + "." + std::to_string(number), cast<StringAttr>(text).str()});
  if (auto sizes = entry->getAttrOfType<DictionaryAttr>(check::kParams))
    for (NamedAttribute size : sizes)
      if (auto number = dyn_cast<IntegerAttr>(size.getValue()))
        tables.facts.push_back({"check." + info.name + ".param." + size.getName().str(),
                                std::to_string(number.getInt())});
}

LogicalResult EntryDescriber::run() {
  info.name = entry.getName().str();
  symbols();
  for (Value value : entry.getBuffers())
    if (failed(buffer(value)))
      return failure();
  steps();
  assumptions();
  checks();
  tables.entries.push_back(std::move(info));
  return success();
}

} // namespace

FailureOr<std::vector<rt::EntryInfo>> entriesOver(PackageTables &tables, PackageTables own,
                                                  Location loc) {
  std::vector<uint32_t> weights, states;
  for (PackageTables::Weight &weight : own.weights) {
    auto it = llvm::find_if(tables.weights, [&](const PackageTables::Weight &other) {
      return weight.literal ? other.literal == weight.literal && other.type == weight.type
                            : !other.literal && other.name == weight.name;
    });
    weights.push_back(it - tables.weights.begin());
    if (it == tables.weights.end()) {
      // Names of literals are each target's own.
      for (unsigned n = 0;
           weight.literal && positionOf(tables.weights, weight.name) < tables.weights.size(); ++n)
        weight.name = ("constant_" + Twine(tables.weights.size() + n)).str();
      tables.weights.push_back(weight);
    } else if (!it->isLike(weight)) {
      return emitError(loc) << "weight '" << weight.name << "' is " << it->type
                            << " for one target and " << weight.type << " for another";
    }
  }
  for (const rt::StateInfo &state : own.states) {
    unsigned at = positionOf(tables.states, state.name);
    if (own.bounds != tables.bounds || own.states.size() != tables.states.size() ||
        at == tables.states.size() || tables.states[at].dtype != state.dtype ||
        tables.states[at].shape != state.shape)
      return emitError(loc) << "state '" << state.name << "' differs between targets";
    states.push_back(at);
  }
  for (rt::EntryInfo &entry : own.entries)
    for (rt::BufferInfo &buffer : entry.buffers)
      if (buffer.kind == rt::BufferKind::Weight)
        buffer.index = weights[buffer.index];
      else if (buffer.kind == rt::BufferKind::State)
        buffer.index = states[buffer.index];
  return std::move(own.entries);
}

FailureOr<PackageTables> describeEntries(ModuleOp module) {
  PackageTables tables;
  for (auto entry : module.getOps<run::EntryOp>())
    if (failed(EntryDescriber(entry, tables).run()))
      return failure();
  return tables;
}

} // namespace einfall
