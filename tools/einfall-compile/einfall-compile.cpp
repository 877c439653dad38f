//===- einfall-compile.cpp - .mlir to .einf -------------------------------===//
#include "lib/Driver/Compile.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace llvm;

static cl::OptionCategory category("einfall-compile options");
static cl::opt<std::string> input(cl::Positional, cl::desc("<input.mlir>"), cl::Required,
                                  cl::cat(category));
static cl::opt<std::string> output("o", cl::desc("the package to write"), cl::value_desc("file"),
                                   cl::Required, cl::cat(category));
static cl::list<std::string> targets("target", cl::CommaSeparated, cl::cat(category),
                                     cl::desc("native (default), x86-64-v2, x86-64-v3, x86-64-v4"));
static cl::opt<std::string> weights("weights", cl::cat(category), cl::value_desc("path"),
                                    cl::desc("a .safetensors file or a folder of them"));
static cl::opt<std::string> dumpPhases("dump-phases-to", cl::cat(category),
                                       cl::value_desc("folder"),
                                       cl::desc("write the module after each phase"));
static cl::opt<bool> assembly("S", cl::cat(category),
                              cl::desc("write the assembly of the first target instead"));
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

int main(int argc, char **argv) {
  InitLLVM init(argc, argv);
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv, "Einfall: compiles a cascade ahead of time\n");
  mlir::DialectRegistry registry;
  einfall::registerCompilerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  SourceMgr sources;
  std::string message;
  auto file = mlir::openInputFile(input, &message);
  if (!file) {
    errs() << "einfall-compile: " << message << '\n';
    return 1;
  }
  sources.AddNewSourceBuffer(std::move(file), SMLoc());
  mlir::SourceMgrDiagnosticHandler handler(sources, &context);
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::parseSourceFile<mlir::ModuleOp>(sources, &context);
  if (!module)
    return 1;
  einfall::CompileOptions options;
  if (!targets.empty())
    options.targets.assign(targets.begin(), targets.end());
  if (assembly) {
    const einfall::CpuTarget *target = einfall::findCpuTarget(options.targets.front());
    std::string text;
    if (!target) {
      errs() << "einfall-compile: unknown target '" << options.targets.front() << "'\n";
      return 1;
    }
    if (failed(einfall::compileToAssembly(*module, *target, text)))
      return 1;
    auto out = mlir::openOutputFile(output, &message);
    if (!out) {
      errs() << "einfall-compile: " << message << '\n';
      return 1;
    }
    out->os() << text;
    out->keep();
    return 0;
  }
  options.weights = weights;
  options.output = output;
  options.dumpPhases = dumpPhases;
  options.modelKind = kind;
  options.tokenizer = tokenizer;
  options.generationConfig = generation;
  options.config = config;
  for (StringRef fact : metadata) {
    auto [key, value] = fact.split('=');
    options.metadata.emplace_back(key.str(), value.str());
  }
  return failed(einfall::compileToPackage(*module, options));
}
