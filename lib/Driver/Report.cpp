//===- Report.cpp - What the compiler knows of a program ------------------===//
#include "lib/Driver/Report.h"
#include "dialects/ein/EinNumerics.h"
#include "dialects/tile/TileDialect.h"
#include "lib/Driver/KernelFacts.h"
#include "lib/Driver/Pipeline.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Transforms/Passes.h"
#include "passes/ein/Boundaries.h"
#include "passes/ein/PassCounts.h"
#include "passes/ein/Passes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
namespace json = llvm::json;

namespace einfall {

StringRef exactnessOf(StringRef pass, bool strict) {
  // Classes as the passes' descriptions state them (Passes.td).
  return llvm::StringSwitch<StringRef>(pass)
      .Cases({"ein-defer", "ein-derive-folds", "ein-split-folds", "ein-stage-kernels",
              "tile-pair-lanes"},
             "algebraic")
      .Case("ein-to-tile", strict ? "bitwise" : "algebraic")
      .Default("bitwise");
}

namespace {

/// Notes the passes after which something is different.
class Watcher : public PassInstrumentation {
public:
  explicit Watcher(std::shared_ptr<std::vector<std::string>> changed)
      : changed(std::move(changed)) {}

  void runBeforePass(Pass *pass, Operation *op) override {
    if (!wanted(pass))
      return;
    // A print takes as long as many a pass: between two passes over one op nothing changes.
    before.push_back(after && after->first == op ? after->second : OperationFingerPrint(op));
    after.reset();
  }
  void runAfterPass(Pass *pass, Operation *op) override {
    if (!wanted(pass))
      return;
    after.emplace(op, OperationFingerPrint(op));
    if (before.back() != after->second)
      note(pass);
    before.pop_back();
  }
  void runAfterPassFailed(Pass *pass, Operation *) override {
    if (wanted(pass))
      before.pop_back();
  }

private:
  static bool wanted(Pass *pass) { return !pass->getArgument().empty(); }
  void note(Pass *pass) {
    std::string name = pass->getArgument().str();
    if (!llvm::is_contained(*changed, name))
      changed->push_back(name);
  }

  std::shared_ptr<std::vector<std::string>> changed;
  SmallVector<OperationFingerPrint, 2> before;                       // of the passes that run now
  std::optional<std::pair<Operation *, OperationFingerPrint>> after; // the last one, and of what
};

json::Array describeCounts(func::FuncOp function) {
  json::Array ranks;
  for (const ein::RankPasses &count : ein::PassTable(function).describe()) {
    json::Array live;
    for (auto &[tensor, elements] : count.live)
      live.push_back(json::Object{{"tensor", tensor}, {"elements", elements}});
    ranks.push_back(json::Object{{"rank", count.rank},
                                 {"passes", count.passes},
                                 {"chain", json::Array(count.chain)},
                                 {"live", std::move(live)}});
  }
  return ranks;
}

/// What the user, the checkpoint or the session calls an argument.
std::string argumentName(func::FuncOp function, unsigned number) {
  for (StringRef key : {"ein.name", "ein.weight", "ein.state"})
    if (auto name = function.getArgAttrOfType<StringAttr>(number, key))
      return name.getValue().str();
  return "arg" + std::to_string(number);
}

/// The ops of a function as written, and in which pass each walks which rank.
json::Array describeCascade(func::FuncOp function) {
  json::Array ops;
  ein::PassTable passes(function);
  for (Operation &op : function.front().without_terminator()) {
    if (op.getNumResults() == 0 || !isa<ein::TensorType>(op.getResult(0).getType()) ||
        isa<ein::ConstantOp, ein::EmptyOp>(op))
      continue;
    json::Object facts = describeOp(&op, [&](Value value) {
      auto argument = dyn_cast<BlockArgument>(value);
      return argument ? argumentName(function, argument.getArgNumber()) : passes.nameOf(value);
    });
    facts["result"] = passes.describe(&op);
    json::Array walks;
    for (auto [i, count] : llvm::enumerate(passes.getCounts()))
      if (unsigned pass = count.passOfOp(&op); pass > 0 && count.passes > 1)
        walks.push_back(json::Object{{"rank", passes.rankName(i).str()}, {"pass", pass}});
    facts["walks"] = std::move(walks);
    ops.push_back(std::move(facts));
  }
  return ops;
}

void addStage(json::Array &stages, StringRef name, func::FuncOp function) {
  stages.push_back(json::Object{{"stage", name.str()}, {"ranks", describeCounts(function)}});
}

/// Runs passes on `module` without a word: the compilation itself runs into their
/// errors, or does not run them. Their remarks are collected like all others.
bool runQuietly(ModuleOp module, function_ref<void(OpPassManager &)> populate) {
  ScopedDiagnosticHandler handler(module.getContext(), [](Diagnostic &) { return success(); });
  PassManager passes(module.getContext());
  populate(passes.nest<func::FuncOp>());
  return succeeded(passes.run(module));
}

bool isReported(func::FuncOp function) {
  return function->hasAttr("ein.entry") && !function.isDeclaration();
}

} // namespace

void Report::addCascades(ModuleOp module) {
  // One function at a time, so that remarks are known to be of it.
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!isReported(function))
      continue;
    Function &facts = functions[function.getName()];
    facts.cascade = describeCascade(function);
    addStage(facts.stages, "as written", function);
    OwningOpRef<ModuleOp> scratch = ModuleOp::create(module.getLoc());
    (*scratch)->setAttrs(module->getAttrs());
    scratch->push_back(function.clone());
    auto copy = *scratch->getOps<func::FuncOp>().begin();
    bool ran = runQuietly(*scratch, [](OpPassManager &passes) {
      populateIndexing(passes);
      passes.addPass(ein::createEinDefer());
    });
    if (!ran)
      continue;
    addStage(facts.stages, "ein-defer", copy);
    ran = runQuietly(*scratch,
                     [](OpPassManager &passes) { passes.addPass(ein::createEinDeriveFolds()); });
    if (ran)
      addStage(facts.stages, "ein-derive-folds", copy);
  }
}

void Report::watch(PassManager &passes) {
  passes.addInstrumentation(std::make_unique<Watcher>(changed));
}

namespace {

/// The ops of a kernel, those that its streams walk among them.
SmallVector<Operation *> opsOf(ein::KernelOp kernel) {
  SmallVector<Operation *> ops;
  kernel.getBody().walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isa<ein::KernelOp, ein::StreamOp>(op->getParentOp()) &&
        !isa<ein::StreamOp, ein::GuardOp, ein::YieldOp>(op))
      ops.push_back(op);
  });
  return ops;
}

json::Array describeBody(ein::KernelOp kernel) {
  json::Array ops;
  DenseMap<Operation *, unsigned> number;
  std::function<std::string(Value)> nameOf = [&](Value value) -> std::string {
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      auto stream = dyn_cast<ein::StreamOp>(argument.getOwner()->getParentOp());
      return stream ? nameOf(stream.getInputs()[argument.getArgNumber()])
                    : "in" + std::to_string(argument.getArgNumber());
    }
    // What a stream carries is called after its start.
    if (auto stream = value.getDefiningOp<ein::StreamOp>())
      return nameOf(stream.getInputs()[cast<OpResult>(value).getResultNumber()]);
    return "op" + std::to_string(number.lookup(value.getDefiningOp()));
  };
  for (Operation *op : opsOf(kernel)) {
    number[op] = number.size();
    if (!isa<ein::EmptyOp>(op) && op->getNumResults() > 0 &&
        isa<ein::TensorType>(op->getResult(0).getType()))
      ops.push_back(describeOp(op, nameOf));
  }
  return ops;
}

/// The schedule of the kernel's program as text.
std::string scheduleOf(ein::KernelOp kernel) {
  std::string text;
  auto reference = kernel->getAttrOfType<FlatSymbolRefAttr>("program");
  auto program = reference ? SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(kernel, reference)
                           : func::FuncOp();
  if (Attribute schedule = program ? program->getAttr("tile.schedule") : Attribute())
    llvm::raw_string_ostream(text) << schedule;
  return text;
}

/// By which a tuner stores its schedule.
std::string keyOf(ein::KernelOp kernel) {
  auto key = kernel->getAttrOfType<StringAttr>(tile::kKey);
  return key ? key.str() : "";
}

json::Object describeKernel(ein::KernelOp kernel) {
  Work work(kernel.getContext());
  for (Operation *op : opsOf(kernel))
    addOperations(op, work);
  return json::Object{{"kernel", kernel.getName().str()},
                      {"ops", describeBody(kernel)},
                      {"flops", work.total().str()},
                      {"schedule", scheduleOf(kernel)},
                      {"key", keyOf(kernel)},
                      {"boundaries", json::Array()}};
}

/// Says as remarks what became a kernel and what stayed apart.
void remarkKernel(ein::KernelOp kernel, StringRef function) {
  unsigned ops = opsOf(kernel).size();
  remark::passed(kernel.getLoc(),
                 remark::RemarkOpts::name("kernel").category("ein-kernels").function(function))
      << ("kernel '" + kernel.getName() + "' computes " + Twine(ops) + (ops == 1 ? " op" : " ops"))
             .str();
}

void remarkBoundary(ein::KernelOp kernel, StringRef function, const ein::Boundary &boundary) {
  remark::missed(kernel.getLoc(),
                 remark::RemarkOpts::name("boundary").category("ein-kernels").function(function))
      << ("kernel '" + kernel.getName() + "' is apart from what makes " + boundary.tensor + ": " +
          boundary.reason)
             .str();
}

} // namespace

void Report::addKernels(ModuleOp module) {
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isDeclaration() || function.getOps<ein::KernelOp>().empty())
      continue;
    Function &facts = functions[function.getName()];
    SmallVector<ein::KernelOp> kernels(function.getOps<ein::KernelOp>());
    for (ein::KernelOp kernel : kernels) {
      facts.kernels.push_back(describeKernel(kernel));
      remarkKernel(kernel, function.getName());
    }
    for (const ein::Boundary &boundary : ein::findBoundaries(function)) {
      ein::KernelOp kernel = kernels[boundary.consumer];
      facts.kernels[boundary.consumer]
          .getAsObject()
          ->getArray("boundaries")
          ->push_back(json::Object{{"from", kernels[boundary.producer].getName().str()},
                                   {"producer", boundary.producer},
                                   {"tensor", boundary.tensor},
                                   {"kind", nameOf(boundary.kind)},
                                   {"reason", boundary.reason}});
      remarkBoundary(kernel, function.getName(), boundary);
    }
  }
}

namespace {

const char *nameOf(rt::BufferKind kind) {
  constexpr const char *names[] = {"input", "output", "state", "weight", "temporary"};
  return names[unsigned(kind)];
}

json::Object describeBuffer(const rt::BufferInfo &buffer, ArrayRef<std::string> names) {
  json::Array shape;
  for (const rt::Extent &extent : buffer.shape)
    shape.push_back(rt::toString(extent, names));
  json::Object facts{{"name", buffer.name},
                     {"kind", nameOf(buffer.kind)},
                     {"dtype", StringRef(rt::nameOf(buffer.dtype))},
                     {"width", int64_t(rt::byteWidth(buffer.dtype))},
                     {"shape", std::move(shape)},
                     {"bytes", rt::toString(buffer.byteSize, names)}};
  if (buffer.kind == rt::BufferKind::Temporary)
    facts["alive"] = json::Array{buffer.firstStep, buffer.lastStep};
  return facts;
}

/// What a step moves at least: each buffer once, and no more elements of it than
/// the step has points. The runtime's profile counts the same.
rt::Extent bytesOf(const rt::StepInfo &step, const rt::EntryInfo &entry) {
  rt::Extent sum = rt::Extent::constant(0);
  for (uint32_t index : step.buffers) {
    const rt::BufferInfo &buffer = entry.buffers[index];
    rt::Extent elements = rt::Extent::constant(1);
    for (const rt::Extent &extent : buffer.shape)
      elements = elements == rt::Extent::constant(1)
                     ? extent
                     : rt::Extent::binary(rt::ExtentOp::Mul, elements, extent);
    if (elements != step.points)
      elements = rt::Extent::binary(rt::ExtentOp::Min, elements, step.points);
    rt::Extent bytes = rt::Extent::binary(rt::ExtentOp::Mul, elements,
                                          rt::Extent::constant(rt::byteWidth(buffer.dtype)));
    sum =
        sum == rt::Extent::constant(0) ? bytes : rt::Extent::binary(rt::ExtentOp::Add, sum, bytes);
  }
  return sum;
}

json::Object describeSymbol(const rt::SymbolInfo &symbol, const rt::EntryInfo &entry) {
  std::string source = "parameter";
  if (symbol.source == rt::SymbolSource::Bound)
    source = "bound";
  else if (symbol.source == rt::SymbolSource::InputDim)
    source = "dimension " + std::to_string(symbol.dim) + " of " + entry.buffers[symbol.buffer].name;
  return json::Object{{"name", symbol.name}, {"source", source}};
}

} // namespace

json::Object Report::describeEntry(run::EntryOp entry, const rt::EntryInfo &info) {
  std::vector<std::string> names = rt::symbolNames(info);
  json::Array symbols, buffers, steps;
  for (const rt::SymbolInfo &symbol : info.symbols)
    symbols.push_back(describeSymbol(symbol, info));
  for (const rt::BufferInfo &buffer : info.buffers)
    buffers.push_back(describeBuffer(buffer, names));
  // Launches stand in the order of the kernels that they come from.
  Function &facts = functions[info.name];
  size_t next = 0;
  for (auto [i, op] : llvm::enumerate(entry.getSteps())) {
    const rt::StepInfo &step = info.steps[i];
    auto launch = dyn_cast<run::LaunchOp>(op);
    // A copy computes nothing; of a module that came in as host programs nothing is known.
    json::Object item{{"kernel", step.program},
                      {"ops", launch ? json::Value(nullptr) : json::Value(json::Array())},
                      {"flops", launch ? json::Value(nullptr) : json::Value("0")},
                      {"schedule", ""},
                      {"boundaries", json::Array()}};
    if (launch && next < facts.kernels.size())
      item = std::move(*facts.kernels[next++].getAsObject());
    item["program"] = step.program;
    item["source"] = step.source;
    item["points"] = rt::toString(step.points, names);
    item["bytes"] = rt::toString(bytesOf(step, info), names);
    item["buffers"] = json::Array(step.buffers);
    item["writes"] = launch ? json::Array(launch.getWrites()) : json::Array{1};
    steps.push_back(std::move(item));
  }
  json::Array assume;
  for (auto op : entry.getBody().getOps<run::AssumeOp>())
    assume.push_back(op.getExtent().str());
  return json::Object{{"name", info.name},
                      {"assume", std::move(assume)},
                      {"symbols", std::move(symbols)},
                      {"cascade", std::move(facts.cascade)},
                      {"stages", std::move(facts.stages)},
                      {"kernels", std::move(steps)},
                      {"buffers", std::move(buffers)}};
}

void Report::addEntries(ModuleOp module, const PackageTables &tables) {
  for (auto [entry, info] : llvm::zip(module.getOps<run::EntryOp>(), tables.entries))
    entries.push_back(describeEntry(entry, info));
  for (const PackageTables::Weight &weight : tables.weights) {
    ++numWeights;
    uint64_t bytes = rt::byteWidth(dtypeOf(weight.type.getElementType()));
    for (ein::ExtentAttr extent : weight.type.getShape())
      bytes *= extent.getLiteral().value_or(0);
    weightBytes += bytes;
  }
}

std::string Report::json(ModuleOp module, const Target &target, const RemarkLog &remarks) const {
  bool strict = ein::isStrict(module);
  json::Array passes, said;
  for (const std::string &pass : *changed)
    passes.push_back(json::Object{{"pass", pass}, {"exactness", exactnessOf(pass, strict)}});
  // The passes of the counts run once more in the compilation.
  llvm::StringSet<> known;
  auto say = [&](const RemarkRecord &record, StringRef function) {
    if (!known.insert(record.pass + "\n" + record.message + "\n" + record.source).second)
      return;
    said.push_back(json::Object{{"pass", record.pass},
                                {"kind", record.kind},
                                {"entry", function.str()},
                                {"message", json::fixUTF8(record.message)},
                                {"source", record.source}});
  };
  for (const RemarkRecord &record : remarks)
    say(record, record.function);
  std::string text;
  llvm::raw_string_ostream os(text);
  json::OStream out(os, /*IndentSize=*/0);
  out.value(json::Object{
      {"report", 1},
      {"numerics", stringifyNumerics(ein::numericsOf(module))},
      {"target", target.name()},
      {"machine", target.gpu ? std::string() : target.machine.describe()},
      {"weights", json::Object{{"count", int64_t(numWeights)}, {"bytes", int64_t(weightBytes)}}},
      {"passes", std::move(passes)},
      {"remarks", std::move(said)},
      {"entries", json::Array(entries)}});
  return text + "\n";
}

} // namespace einfall
