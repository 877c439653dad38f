//===- Objects.cpp - Host code, kernel by kernel --------------------------===//
#include "lib/Driver/Objects.h"
#include "codegen/cpu/Object.h"
#include "dialects/run/RunDialect.h"
#include "dialects/tile/TileDialect.h"
#include "lib/Driver/BuildId.h"
#include "lib/Driver/Compile.h"
#include "lib/Driver/DeviceCode.h"
#include "lib/Driver/Manifest.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/raw_ostream.h"

#include <atomic>
#include <thread>

using namespace mlir;

namespace einfall {
namespace {

/// What one object is made of, and what became of it.
struct Unit {
  std::string name; // for messages: what the compiler calls the kernel
  Location loc;
  std::string key, text;
  std::string object, message; // message: why there is no object
  bool isDevice = false;       // a kernel of a device, and the object its text
  std::string symbol = {};     // of a kernel
};

/// Everything but the program that an object depends on: the passes with their
/// options, and what the code generator is told of the target.
std::string settingsOf(const Target &target) {
  std::string text;
  llvm::raw_string_ostream os(text);
  OpPassManager passes(ModuleOp::getOperationName());
  populatePhase(passes, Phase::Llvm, target);
  passes.printAsTextualPipeline(os);
  const CpuTarget &cpu = *target.cpu;
  os << '\n' << cpu.triple << '\n' << cpu.cpu << '\n' << cpu.features << '\n' << cpu.vectorBytes;
  if (const GpuTarget *gpu = target.gpu)
    os << '\n' << gpu->chip << '\n' << gpu->features << '\n' << gpu->wideFeatures;
  return text;
}

std::string textOf(Operation *op) {
  std::string text;
  llvm::raw_string_ostream os(text);
  op->print(os, OpPrintingFlags().useLocalScope());
  return text;
}

/// Splits `module` into units; programs are called by their keys, so that an
/// object serves every package that has the program.
std::vector<Unit> split(ModuleOp module, const std::string &settings, bool isDevice) {
  std::vector<Unit> units;
  llvm::StringMap<std::string> names;
  llvm::StringMap<int64_t> numbers; // of kernels, as they come
  llvm::StringSet<> keys;
  constexpr llvm::StringLiteral kCommon = "einf_kernel";
  for (auto program : llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
    if (!program->hasAttr(tile::kProgram) || program.isExternal())
      continue;
    std::string name = program.getName().str();
    program.setName(kCommon);
    std::string key = ObjectCache::keyOf({compilerBuildId(), settings, textOf(program)});
    std::string symbol = "einf_k_" + key.substr(0, 32);
    program.setName(symbol);
    names[name] = symbol;
    bool first = keys.insert(key).second;
    if (first) {
      numbers[symbol] = units.size();
      units.push_back({name, program.getLoc(), key, textOf(program), {}, {}, isDevice, symbol});
    }
    // What stays is a declaration.
    if (first)
      program.eraseBody();
    else
      program.erase();
  }
  module.walk([&](run::LaunchOp launch) {
    auto found = names.find(launch.getProgram());
    if (found == names.end())
      return;
    launch.setProgram(found->second);
    if (isDevice)
      launch->setAttr(run::kKernelNumber,
                      OpBuilder(launch).getI32IntegerAttr(numbers.lookup(found->second)));
  });
  std::string text = textOf(module);
  units.push_back({"host program",
                   module.getLoc(),
                   ObjectCache::keyOf({compilerBuildId(), settings, text}),
                   text,
                   {},
                   {}});
  return units;
}

/// Compiles units in a context of its own.
class Worker {
public:
  explicit Worker(const ObjectOptions &options)
      : options(options), context(MLIRContext::Threading::DISABLED) {
    DialectRegistry registry;
    registerCompilerDialects(registry);
    context.appendDialectRegistry(registry);
    context.getDiagEngine().registerHandler([this](Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
        message += (message.empty() ? "" : "; ") + diagnostic.str();
    });
  }

  void compile(Unit &unit) {
    message.clear();
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(unit.text, &context);
    bool done =
        module && succeeded(lower(*module, unit.isDevice)) && succeeded(write(*module, unit));
    if (!done)
      unit.message = message.empty() ? "it cannot be compiled" : message;
  }

private:
  LogicalResult write(ModuleOp module, Unit &unit) {
    const Target &target = options.phases.target;
    if (unit.isDevice) {
      FailureOr<std::string> text = makeKernel(module, *target.gpu);
      if (succeeded(text))
        unit.object = std::move(*text);
      return text;
    }
    llvm::SmallVector<char> object;
    if (failed(cpu::emitObject(module, *target.cpu, /*assembly=*/false, object)))
      return failure();
    unit.object.assign(object.begin(), object.end());
    return success();
  }

  LogicalResult lower(ModuleOp module, bool isDevice) {
    PassManager passes(&context);
    PipelineOptions phases;
    phases.target = options.phases.target;
    phases.from = Phase::Run;
    phases.part = isDevice ? ModulePart::device : ModulePart::host;
    buildPipeline(passes, phases);
    // What comes out is verified as LLVM IR. To verify it after each pass takes as long as the
    // passes do: that is for tests, and for who looks for the pass that fails.
    passes.enableVerifier(!options.reproducer.empty());
    if (!options.reproducer.empty())
      passes.enableCrashReproducerGeneration(options.reproducer, /*genLocalReproducer=*/true);
    return passes.run(module);
  }

  const ObjectOptions &options;
  MLIRContext context;
  std::string message;
};

/// Compiles `units` on as many threads as there are processors; on one where
/// a reproducer is to tell which kernel failed.
void compileAll(llvm::ArrayRef<Unit *> units, const ObjectOptions &options) {
  std::atomic<size_t> next = 0;
  auto work = [&] {
    std::unique_ptr<Worker> worker;
    for (size_t i = next++; i < units.size(); i = next++) {
      if (!worker)
        worker = std::make_unique<Worker>(options);
      worker->compile(*units[i]);
    }
  };
  size_t count = std::clamp<size_t>(std::thread::hardware_concurrency(), 1, units.size());
  if (!options.reproducer.empty())
    count = 1;
  std::vector<std::thread> threads;
  for (size_t i = 1; i < count; ++i)
    threads.emplace_back(work);
  work();
  for (std::thread &thread : threads)
    thread.join();
}

LogicalResult keep(llvm::ArrayRef<Unit *> made, const ObjectCache &cache) {
  for (Unit *unit : made) {
    if (!unit->message.empty())
      return emitError(unit->loc) << "kernel '" << unit->name << "': " << unit->message;
    // A cache that cannot be written costs time only.
    if (llvm::Error error = cache.store(unit->key, unit->object)) {
      emitWarning(unit->loc) << "the compile cache cannot be written: "
                             << llvm::toString(std::move(error));
      return success();
    }
  }
  cache.trim();
  return success();
}

} // namespace

FailureOr<std::vector<std::string>> compileObjects(ModuleOp module, const ObjectOptions &options) {
  const Target &target = options.phases.target;
  std::vector<Unit> units = split(module, settingsOf(target), target.gpu);
  ObjectCache cache(options.cache);
  std::vector<Unit *> missing;
  for (Unit &unit : units) {
    if (std::optional<std::string> object = cache.find(unit.key)) {
      unit.object = std::move(*object);
      continue;
    }
    if (cache.requiresHit())
      return emitError(unit.loc) << "the compile cache has no entry for kernel '" << unit.name
                                 << "' on " << target.name() << ": expected "
                                 << cache.pathOf(unit.key);
    missing.push_back(&unit);
  }
  if (!missing.empty()) {
    compileAll(missing, options);
    if (failed(keep(missing, cache)))
      return failure();
  }
  std::vector<std::string> objects;
  std::vector<DeviceKernel> kernels;
  for (Unit &unit : units) {
    if (unit.isDevice)
      kernels.push_back(
          {unit.loc, unit.name, unit.symbol, sourceOf(unit.loc), std::move(unit.object)});
    else
      objects.push_back(std::move(unit.object));
  }
  if (target.gpu) {
    FailureOr<std::string> code = makeDeviceObject(module.getLoc(), kernels, target);
    if (failed(code))
      return failure();
    objects.push_back(std::move(*code));
  }
  return objects;
}

} // namespace einfall
