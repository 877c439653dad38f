//===- Compile.cpp - A module to a package --------------------------------===//
#include "lib/Driver/Compile.h"
#include "codegen/cpu/Object.h"
#include "codegen/nvptx/Ptx.h"
#include "dialects/check/CheckDialect.h"
#include "dialects/ein/EinNumerics.h"
#include "dialects/tile/TileDialect.h"
#include "lib/Driver/BuildId.h"
#include "lib/Driver/Manifest.h"
#include "lib/Driver/Objects.h"
#include "lib/Driver/Report.h"
#include "lib/Driver/Safetensors.h"
#include "lib/Driver/WeightData.h"
#include "lib/Package/Writer.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "llvm/ADT/STLExtras.h"

#include <cstring>
#include <set>

using namespace mlir;

namespace einfall {

void registerCompilerDialects(DialectRegistry &registry) {
  registry.insert<arith::ArithDialect, func::FuncDialect, math::MathDialect, memref::MemRefDialect,
                  scf::SCFDialect, vector::VectorDialect, LLVM::LLVMDialect, ein::EinDialect,
                  check::CheckDialect, tile::TileDialect, run::RunDialect>();
}

namespace {

/// An error about what was asked for: no place in the program is at fault.
InFlightDiagnostic optionError(ModuleOp module) {
  return emitError(UnknownLoc::get(module.getContext()));
}

/// Takes `module` through phases; a failure leaves a reproducer if asked to.
LogicalResult runPhases(ModuleOp module, const PipelineOptions &phases,
                        const std::string &reproducer, Report *report = nullptr) {
  PassManager passes(module.getContext());
  buildPipeline(passes, phases);
  if (report)
    report->watch(passes);
  if (!reproducer.empty())
    passes.enableCrashReproducerGeneration(reproducer, /*genLocalReproducer=*/true);
  return passes.run(module);
}

/// As runPhases. What a GPU runs is LLVM IR without the host programs that launch it.
LogicalResult runAllPhases(ModuleOp module, PipelineOptions phases, const std::string &reproducer) {
  if (!phases.target.gpu || phases.to != Phase::Llvm)
    return runPhases(module, phases, reproducer);
  if (phases.from < Phase::Run) {
    phases.to = Phase::Run;
    if (failed(runPhases(module, phases, reproducer)))
      return failure();
    phases.from = Phase::Run;
    phases.to = Phase::Llvm;
  }
  for (auto entry : llvm::make_early_inc_range(module.getOps<run::EntryOp>()))
    entry.erase();
  return runPhases(module, phases, reproducer);
}

/// Adds the keys of the module's stored schedules that kernels of `lowered` follow.
void addFollowed(ModuleOp module, ModuleOp lowered, std::set<std::string> &followed) {
  auto stored = module->getAttrOfType<DictionaryAttr>(tile::kSchedules);
  lowered.walk([&](ein::KernelOp kernel) {
    auto key = kernel->getAttrOfType<StringAttr>(tile::kKey);
    Attribute own = kernel->getAttr(tile::kSchedule);
    if (stored && key && own && own == stored.get(key.getValue()))
      followed.insert(key.str());
  });
}

/// Takes a clone of `module` to host programs, which `tables` then describe, and
/// writes on the way what it learns into `text`, and which stored schedules it
/// follows into `followed`.
FailureOr<OwningOpRef<ModuleOp>> compileToRun(ModuleOp module, const CompileOptions &options,
                                              PipelineOptions phases, PackageTables &tables,
                                              std::string &text, std::set<std::string> &followed) {
  if (phases.from > Phase::Run)
    return optionError(module) << "a package is made from phase '" << nameOf(Phase::Run)
                               << "' or one before, not from '" << nameOf(phases.from)
                               << "': its entries are gone there";
  Report report;
  if (options.remarks)
    options.remarks->clear();
  OwningOpRef<ModuleOp> clone = module.clone();
  if (phases.from <= Phase::Cascade)
    report.addCascades(*clone);
  // Kernels are described where they have programs and are kernels still.
  if (phases.from <= Phase::Tile) {
    phases.to = Phase::Tile;
    if (failed(runPhases(*clone, phases, options.reproducer, &report)))
      return failure();
    report.addKernels(*clone);
    addFollowed(module, *clone, followed);
    phases.from = Phase::Tile;
  }
  phases.to = Phase::Run;
  if (failed(runPhases(*clone, phases, options.reproducer, &report)))
    return failure();
  FailureOr<PackageTables> described = describeEntries(*clone);
  if (failed(described))
    return failure();
  tables = std::move(*described);
  if (tables.entries.empty())
    return emitError(module.getLoc())
           << "no function is marked ein.entry or holds checks: nothing to compile";
  report.addEntries(*clone, tables);
  text = report.json(module, phases.target, options.remarks ? *options.remarks : RemarkLog());
  return clone;
}

FailureOr<std::string> compileTarget(ModuleOp module, const CompileOptions &options,
                                     PipelineOptions phases, PackageTables &tables,
                                     std::string &report, std::set<std::string> &followed) {
  FailureOr<OwningOpRef<ModuleOp>> clone =
      compileToRun(module, options, phases, tables, report, followed);
  if (failed(clone))
    return failure();
  phases.from = Phase::Run;
  phases.to = Phase::Llvm;
  if (!phases.dumpTo.empty()) {
    // Kernels go this way one by one: show it for all of them.
    OwningOpRef<ModuleOp> whole = (*clone)->clone();
    if (failed(runAllPhases(*whole, phases, options.reproducer)))
      return failure();
  }
  FailureOr<std::vector<std::string>> objects =
      compileObjects(**clone, {phases, options.cache, options.reproducer});
  if (failed(objects))
    return failure();
  return cpu::linkShared(module.getLoc(), *objects, *phases.target.cpu);
}

/// How safetensors spells an element type.
StringRef storedName(rt::DType dtype) {
  switch (dtype) {
  case rt::DType::F64:
    return "F64";
  case rt::DType::F32:
    return "F32";
  case rt::DType::F16:
    return "F16";
  case rt::DType::BF16:
    return "BF16";
  case rt::DType::F8E4M3FN:
    return "F8_E4M3";
  case rt::DType::F8E5M2:
    return "F8_E5M2";
  case rt::DType::I1:
    return "BOOL";
  case rt::DType::I8:
    return "I8";
  case rt::DType::I16:
    return "I16";
  case rt::DType::I32:
    return "I32";
  case rt::DType::I64:
    return "I64";
  default:
    return "?";
  }
}

LogicalResult addWeights(ModuleOp module, const PackageTables &tables,
                         std::optional<Safetensors> &checkpoint, package::PackageSpec &spec) {
  for (const PackageTables::Weight &weight : tables.weights) {
    rt::WeightInfo info;
    info.name = weight.name;
    info.dtype = dtypeOf(weight.type.getElementType());
    info.size = rt::byteWidth(info.dtype);
    for (ein::ExtentAttr extent : weight.type.getShape()) {
      info.shape.push_back(extent.getLiteral().value_or(-1));
      info.size *= info.shape.back();
    }
    if (weight.literal) {
      auto dense = dyn_cast<DenseElementsAttr>(weight.literal);
      if (!dense)
        return emitError(module.getLoc()) << "constant " << weight.name << " is not dense";
      std::string bytes;
      if (weight.type.getElementType().isInteger(1)) {
        // Packed in the attribute, a byte each in a buffer.
        for (bool bit : dense.getValues<bool>())
          bytes.push_back(bit);
      } else {
        // A splat keeps one element: write them all out.
        ArrayRef<char> raw = dense.getRawData();
        while (bytes.size() < info.size && !raw.empty())
          bytes.append(raw.data(), raw.size());
      }
      spec.weights.push_back(
          [bytes](uint64_t offset, std::span<std::byte> out, std::string &error) {
            return copyFrom(ArrayRef<char>(bytes.data(), bytes.size()))(offset, out, error);
          });
      spec.manifest.weights.push_back(std::move(info));
      continue;
    }
    const Safetensors::Tensor *tensor = checkpoint ? checkpoint->find(weight.name) : nullptr;
    if (!tensor)
      return emitError(module.getLoc())
             << "weight '" << weight.name << "' is missing"
             << (checkpoint ? " from the checkpoint" : ": no checkpoint was given");
    // The checkpoint's own order.
    std::vector<int64_t> shape = info.shape;
    for (auto [i, dim] : llvm::enumerate(weight.order))
      shape[dim] = info.shape[i];
    if (!llvm::equal(tensor->shape, shape) || tensor->dtype != storedName(info.dtype) ||
        tensor->data.size() != info.size) {
      InFlightDiagnostic diag = emitError(module.getLoc())
                                << "weight '" << weight.name << "': expected "
                                << storedName(info.dtype) << " [";
      llvm::interleaveComma(shape, diag);
      diag << "], but " << tensor->file << " has " << tensor->dtype << " [";
      llvm::interleaveComma(tensor->shape, diag);
      return diag << "]";
    }
    spec.weights.push_back(weight.order.empty() && weight.panels.empty()
                               ? copyFrom(tensor->data)
                               : copyInOrder(tensor->data, rt::byteWidth(info.dtype), info.shape,
                                             weight.order, weight.panels));
    spec.manifest.weights.push_back(std::move(info));
  }
  return success();
}

/// The phases that `options` ask for, on the way to the target called `name`.
FailureOr<PipelineOptions> phasesFor(ModuleOp module, const std::string &name,
                                     const CompileOptions &options) {
  PipelineNames names = options.phases;
  names.target = name;
  auto fail = [&](const Twine &message) { optionError(module) << message; };
  std::optional<PipelineOptions> phases = parsePipeline(names, fail);
  if (!phases)
    return failure();
  if (options.machine && !phases->target.gpu)
    phases->target.machine = *options.machine;
  phases->target.ownsWeights = options.targets.size() == 1;
  phases->dumpPrefix = (phases->target.name() + ".").str();
  return *phases;
}

LogicalResult readInto(ModuleOp module, StringRef path, std::optional<std::string> &text) {
  if (path.empty())
    return success();
  auto file = llvm::MemoryBuffer::getFile(path);
  if (!file)
    return optionError(module) << "cannot read '" << path << "': " << file.getError().message();
  text = (*file)->getBuffer().str();
  return success();
}

} // namespace

LogicalResult setNumerics(ModuleOp module, StringRef numerics) {
  if (numerics.empty())
    return success();
  if (!ein::parseNumerics(numerics))
    return optionError(module) << "unknown numerics '" << numerics
                               << "'; there are strict, algebraic, fast";
  if (auto own = module->getAttrOfType<StringAttr>(ein::kNumerics); own && own != numerics)
    return optionError(module) << "numerics " << numerics
                               << " was asked for, but the module is marked " << ein::kNumerics
                               << " = " << own;
  module->setAttr(ein::kNumerics, StringAttr::get(module.getContext(), numerics));
  return success();
}

/// True for a #tile.schedule, and for what a kernel of several parts has: an array with
/// one of each, or `unit`.
static bool isSchedule(Attribute attribute) {
  if (auto parts = dyn_cast<ArrayAttr>(attribute))
    return llvm::all_of(parts,
                        [](Attribute part) { return isa<tile::ScheduleAttr, UnitAttr>(part); });
  return isa<tile::ScheduleAttr>(attribute);
}

/// Writes into the module what `options` say of it.
static LogicalResult prepare(ModuleOp module, const CompileOptions &options) {
  if (options.countVisits)
    module->setAttr(tile::kCountVisits, UnitAttr::get(module.getContext()));
  NamedAttrList schedules;
  for (auto &[key, text] : options.schedules) {
    Attribute schedule = parseAttribute(text, module.getContext());
    if (!schedule || !isSchedule(schedule) || key.empty())
      return optionError(module) << "what is stored for kernel '" << key
                                 << "' is no schedule: " << text;
    schedules.set(key, schedule);
  }
  if (!schedules.empty())
    module->setAttr(tile::kSchedules, schedules.getDictionary(module.getContext()));
  return setNumerics(module, options.numerics);
}

/// An error if an earlier of the `names` stands for `target` too, the next one's.
static LogicalResult checkNew(StringRef target, ArrayRef<rt::TargetInfo> earlier,
                              ArrayRef<std::string> names, MLIRContext *context) {
  for (auto [info, name] : llvm::zip(earlier, names))
    if (info.name == target)
      return emitError(UnknownLoc::get(context))
             << "the targets '" << name << "' and '" << names[earlier.size()] << "' are both "
             << target << " here; give one of them";
  return success();
}

LogicalResult compileToPackage(ModuleOp module, const CompileOptions &options) {
  package::PackageSpec spec;
  PackageTables tables;
  std::set<std::string> followed;
  if (failed(prepare(module, options)))
    return failure();
  for (const std::string &name : options.targets) {
    FailureOr<PipelineOptions> phases = phasesFor(module, name, options);
    if (failed(phases) || failed(checkNew(phases->target.name(), spec.manifest.targets,
                                          options.targets, module.getContext())))
      return failure();
    std::string report;
    PackageTables own;
    FailureOr<std::string> code = compileTarget(module, options, *phases, own, report, followed);
    if (failed(code))
      return failure();
    if (spec.manifest.targets.empty()) {
      tables = std::move(own);
    } else {
      // Each target may cut kernels in its own way.
      FailureOr<std::vector<rt::EntryInfo>> entries =
          entriesOver(tables, std::move(own), module.getLoc());
      if (failed(entries))
        return failure();
      if (*entries != tables.entries)
        spec.manifest.others.push_back({phases->target.name().str(), std::move(*entries)});
    }
    const Target &target = phases->target;
    if (!spec.reportJson || !target.gpu) // a CPU's, if there is one
      spec.reportJson = std::move(report);
    rt::TargetInfo info;
    info.name = target.name().str();
    info.arch = target.cpu->arch.str();
    for (StringRef feature : target.cpu->required)
      info.features.push_back(feature.str());
    info.priority = target.gpu ? target.gpu->priority : target.cpu->priority;
    if (target.gpu)
      info.device = target.gpu->device.str();
    spec.manifest.targets.push_back(std::move(info));
    spec.code.push_back(std::move(*code));
  }
  if (!options.schedules.empty() && followed.empty())
    emitWarning(UnknownLoc::get(module.getContext()))
        << "none of " << options.schedules.size()
        << " stored schedules is of a kernel here: nothing is tuned";
  std::optional<Safetensors> checkpoint;
  if (!options.weights.empty()) {
    llvm::Expected<Safetensors> opened = Safetensors::open(options.weights);
    if (!opened)
      return optionError(module) << llvm::toString(opened.takeError());
    checkpoint.emplace(std::move(*opened));
  }
  if (failed(addWeights(module, tables, checkpoint, spec)) ||
      failed(readInto(module, options.tokenizer, spec.tokenizerJson)) ||
      failed(readInto(module, options.generationConfig, spec.generationConfigJson)) ||
      failed(readInto(module, options.config, spec.configJson)))
    return failure();
  spec.manifest.compilerBuildId = compilerBuildId();
  spec.manifest.modelKind = options.modelKind;
  for (auto &[key, value] : options.metadata)
    spec.manifest.metadata.push_back({key, value});
  spec.manifest.metadata.push_back({"numerics", stringifyNumerics(ein::numericsOf(module)).str()});
  if (!options.schedules.empty())
    spec.manifest.metadata.push_back({"tuned", std::to_string(followed.size())});
  if (options.machine)
    spec.manifest.metadata.push_back({"machine", options.machine->describe()});
  llvm::append_range(spec.manifest.metadata, tables.facts);
  llvm::sort(spec.manifest.metadata, [](auto &a, auto &b) { return a.key < b.key; });
  spec.manifest.bounds = tables.bounds;
  spec.manifest.states = tables.states;
  spec.manifest.entries = tables.entries;
  rt::Status status = package::writePackage(std::move(spec), options.output);
  if (!status.ok())
    return optionError(module) << status.message();
  return success();
}

LogicalResult compileToReport(ModuleOp module, const CompileOptions &options, std::string &text) {
  PackageTables tables;
  std::set<std::string> followed;
  FailureOr<PipelineOptions> phases = phasesFor(module, options.targets.back(), options);
  if (failed(phases) || failed(prepare(module, options)))
    return failure();
  return success(succeeded(compileToRun(module, options, *phases, tables, text, followed)));
}

LogicalResult compileToPhase(ModuleOp module, const CompileOptions &options) {
  FailureOr<PipelineOptions> phases = phasesFor(module, options.targets.front(), options);
  if (failed(phases) || failed(prepare(module, options)))
    return failure();
  return runAllPhases(module, *phases, options.reproducer);
}

LogicalResult compileToAssembly(ModuleOp module, const CompileOptions &options, std::string &text) {
  FailureOr<PipelineOptions> phases = phasesFor(module, options.targets.front(), options);
  SmallVector<char> buffer;
  if (failed(phases) || failed(prepare(module, options)))
    return failure();
  if (failed(runAllPhases(module, *phases, options.reproducer)))
    return failure();
  if (phases->target.gpu) {
    FailureOr<std::string> ptx = nvptx::emitPtx(module, *phases->target.gpu);
    if (failed(ptx))
      return failure();
    text = *ptx;
    return success();
  }
  if (failed(cpu::emitObject(module, *phases->target.cpu, /*assembly=*/true, buffer)))
    return failure();
  text.assign(buffer.begin(), buffer.end());
  return success();
}

} // namespace einfall
