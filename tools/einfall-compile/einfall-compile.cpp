//===- einfall-compile.cpp - .mlir to .einf -------------------------------===//
#include "lib/Driver/Compile.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace llvm;
using mlir::LogicalResult;

static cl::OptionCategory category("einfall-compile options");
static cl::opt<std::string> input(cl::Positional, cl::desc("<input.mlir>"), cl::Required,
                                  cl::cat(category));
static cl::opt<std::string> output("o", cl::desc("the package to write"), cl::value_desc("file"),
                                   cl::Required, cl::cat(category));
static const std::string targetHelp =
    einfall::targetNames() + " (a GPU: with host code for every CPU); several make one package";
static cl::list<std::string> targets("target", cl::CommaSeparated, cl::cat(category),
                                     cl::desc(targetHelp));
static cl::opt<std::string>
    machine("machine", cl::cat(category), cl::value_desc("file"),
            cl::desc("what schedules for CPUs count on, as einfall calibrate has measured it; "
                     "without it what is typical of the target"));
static cl::opt<std::string>
    schedules("schedules", cl::cat(category), cl::value_desc("file"),
              cl::desc("JSON of kernels' keys (of a report) and the schedules that they follow"));
static cl::opt<std::string>
    numerics("numerics", cl::cat(category),
             cl::desc("strict: the interpreter's bits; algebraic (default): reassociation and fma; "
                      "fast: also approximations"));
static cl::opt<std::string> weights("weights", cl::cat(category), cl::value_desc("path"),
                                    cl::desc("a .safetensors file or a folder of them"));
static cl::opt<std::string> dumpPhases("dump-phases-to", cl::cat(category),
                                       cl::value_desc("folder"),
                                       cl::desc("write the module after each phase"));
static cl::opt<std::string> compileTo("compile-to", cl::cat(category), cl::value_desc("phase"),
                                      cl::desc("stop after this phase and write the module: input, "
                                               "cascade, kernels, tile, run, llvm"));
static cl::opt<std::string> compileFrom("compile-from", cl::cat(category), cl::init("input"),
                                        cl::value_desc("phase"),
                                        cl::desc("the phase that the input has been through"));
static cl::opt<std::string> reproducer("reproducer", cl::cat(category), cl::value_desc("file"),
                                       cl::desc("where a pass fails, write what repeats it"));
static cl::opt<std::string> showRemarks("remarks", cl::cat(category), cl::value_desc("regex"),
                                        cl::ValueOptional,
                                        cl::desc("print what passes decided; the "
                                                 "regex is over passes' names"));
static cl::opt<bool> noCache("no-cache", cl::cat(category),
                             cl::desc("neither read nor write the compile cache"));
static cl::opt<bool> requireHit("require-cache-hit", cl::cat(category),
                                cl::desc("fail if a kernel is not in the compile cache"));
static cl::opt<uint64_t> cacheLimit("cache-limit", cl::cat(category), cl::value_desc("MiB"),
                                    cl::init(256), cl::desc("size of the compile cache (256)"));
static cl::opt<bool> countVisits("count-visits", cl::cat(category),
                                 cl::desc("kernels count the chunks that they walk and visit, "
                                          "for profiles"));
static cl::opt<bool> assembly("S", cl::cat(category),
                              cl::desc("write the assembly of the first target instead"));
static cl::opt<bool> reportOnly("report", cl::cat(category),
                                cl::desc("write the report of what is decided as JSON instead: "
                                         "neither machine code nor weights"));
static cl::opt<std::string> kind("model-kind", cl::init("function"), cl::cat(category),
                                 cl::desc("function or causal-lm"));
static cl::list<std::string> metadata("meta", cl::cat(category), cl::value_desc("key=value"),
                                      cl::desc("a fact for the manifest"));
static cl::opt<std::string> tokenizer("tokenizer", cl::cat(category), cl::value_desc("file"),
                                      cl::desc("tokenizer.json to pack"));
static cl::opt<std::string> generation("generation-config", cl::cat(category),
                                       cl::value_desc("file"),
                                       cl::desc("generation_config.json to pack"));
static cl::opt<std::string> config("config", cl::cat(category), cl::value_desc("file"),
                                   cl::desc("config.json to pack"));

static LogicalResult complain(const Twine &message) {
  errs() << "einfall-compile: error: " << message << '\n';
  return mlir::failure();
}

/// $XDG_CACHE_HOME/einfall, else ~/.cache/einfall; empty where there is neither.
static std::string cacheFolder() {
  SmallString<128> folder(sys::Process::GetEnv("XDG_CACHE_HOME").value_or(""));
  if (!sys::path::is_absolute(folder)) {
    folder.clear();
    if (!sys::path::home_directory(folder))
      return "";
    sys::path::append(folder, ".cache");
  }
  sys::path::append(folder, "einfall");
  return folder.str().str();
}

static einfall::CompileOptions readOptions() {
  einfall::CompileOptions options;
  if (!targets.empty())
    options.targets.assign(targets.begin(), targets.end());
  options.numerics = numerics;
  options.countVisits = countVisits;
  options.weights = weights;
  options.output = output;
  options.phases.from = compileFrom;
  if (!compileTo.empty())
    options.phases.to = compileTo;
  options.phases.dumpTo = dumpPhases;
  options.reproducer = reproducer;
  if (!noCache)
    options.cache.folder = cacheFolder();
  options.cache.limit = cacheLimit << 20;
  options.cache.requireHit = requireHit;
  options.modelKind = kind;
  options.tokenizer = tokenizer;
  options.generationConfig = generation;
  options.config = config;
  for (StringRef fact : metadata) {
    auto [key, value] = fact.split('=');
    options.metadata.emplace_back(key.str(), value.str());
  }
  return options;
}

static LogicalResult writeText(StringRef text) {
  std::string message;
  auto out = mlir::openOutputFile(output, &message);
  if (!out)
    return complain(message);
  out->os() << text;
  out->keep();
  return mlir::success();
}

/// Reads --schedules: an object of text by text.
static LogicalResult readSchedules(einfall::CompileOptions &options) {
  auto file = MemoryBuffer::getFile(schedules, /*IsText=*/true);
  if (!file)
    return complain("--schedules: cannot read '" + schedules + "': " + file.getError().message());
  Expected<json::Value> parsed = json::parse((*file)->getBuffer());
  if (!parsed)
    return complain("--schedules: " + schedules + ": " + toString(parsed.takeError()));
  const json::Object *object = parsed->getAsObject();
  if (!object)
    return complain("--schedules: " + schedules + ": expected an object");
  for (const auto &[key, value] : *object) {
    std::optional<StringRef> text = value.getAsString();
    if (!text)
      return complain("--schedules: " + schedules + ": expected text at '" + key.str() + "'");
    options.schedules.emplace_back(key.str(), text->str());
  }
  return mlir::success();
}

static LogicalResult compile(mlir::ModuleOp module, std::shared_ptr<einfall::RemarkLog> remarks) {
  if (noCache && requireHit)
    return complain("--require-cache-hit needs the cache that --no-cache turns off");
  einfall::CompileOptions options = readOptions();
  options.remarks = remarks;
  if (!machine.empty()) {
    Expected<einfall::Machine> read = einfall::readMachine(machine);
    if (!read)
      return complain("--machine: " + toString(read.takeError()));
    options.machine = *read;
  }
  if (!schedules.empty() && failed(readSchedules(options)))
    return mlir::failure();
  if (assembly + reportOnly + !compileTo.empty() > 1)
    return complain("-S, --report and --compile-to each write something else: give one of them");
  if (!assembly && !reportOnly && compileTo.empty())
    return einfall::compileToPackage(module, options);
  std::string text;
  if (assembly) {
    if (failed(einfall::compileToAssembly(module, options, text)))
      return mlir::failure();
  } else if (reportOnly) {
    if (failed(einfall::compileToReport(module, options, text)))
      return mlir::failure();
  } else {
    if (failed(einfall::compileToPhase(module, options)))
      return mlir::failure();
    raw_string_ostream os(text);
    module.print(os);
    os << '\n';
  }
  return writeText(text);
}

/// Errors about options have no place in the program: they go without one, as the tool's own.
static LogicalResult showWithoutPlace(mlir::Diagnostic &diagnostic) {
  if (!isa<mlir::UnknownLoc>(diagnostic.getLocation()))
    return mlir::failure();
  bool isWarning = diagnostic.getSeverity() == mlir::DiagnosticSeverity::Warning;
  if (!isWarning && diagnostic.getSeverity() != mlir::DiagnosticSeverity::Error)
    return mlir::failure();
  errs() << "einfall-compile: " << (isWarning ? "warning: " : "error: ") << diagnostic.str()
         << '\n';
  return mlir::success();
}

/// Collects remarks in `log`, and prints those of passes that --remarks names.
static LogicalResult listen(mlir::MLIRContext &context, std::shared_ptr<einfall::RemarkLog> log) {
  std::optional<std::string> shown;
  if (showRemarks.getNumOccurrences() > 0)
    shown = showRemarks.empty() ? ".*" : showRemarks.getValue();
  if (std::string error; shown && !Regex(*shown).isValid(error))
    return complain("--remarks: " + error);
  return einfall::collectRemarks(context, std::move(log), shown);
}

int main(int argc, char **argv) {
  InitLLVM init(argc, argv);
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv, "Einfall: compiles a cascade ahead of time\n");
  mlir::DialectRegistry registry;
  einfall::registerCompilerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  auto remarks = std::make_shared<einfall::RemarkLog>();
  if (failed(listen(context, remarks)))
    return 1;
  SourceMgr sources;
  std::string message;
  auto file = mlir::openInputFile(input, &message);
  if (!file)
    return failed(complain(message));
  sources.AddNewSourceBuffer(std::move(file), SMLoc());
  mlir::SourceMgrDiagnosticHandler handler(sources, &context);
  mlir::ScopedDiagnosticHandler withoutPlace(&context, showWithoutPlace);
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::parseSourceFile<mlir::ModuleOp>(sources, &context);
  if (!module)
    return 1;
  // A file from an earlier failure must not pass for one of this run.
  if (!reproducer.empty())
    (void)sys::fs::remove(reproducer);
  if (succeeded(compile(*module, remarks)))
    return 0;
  if (!reproducer.empty() && sys::fs::exists(reproducer))
    errs() << "einfall-compile: wrote " << reproducer << "; einfall-opt --run-reproducer "
           << reproducer << " repeats the failure\n";
  return 1;
}
