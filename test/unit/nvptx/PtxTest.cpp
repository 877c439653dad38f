//===- PtxTest.cpp - Texts of kernels: versions, joined, registers --------===//
#include "codegen/nvptx/Ptx.h"
#include "codegen/nvptx/Threads.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace einfall;

namespace {

/// The text of a kernel that takes `count` addresses and does nothing; empty where it
/// is refused.
std::string emit(const std::string &name, unsigned count, std::string *error = nullptr) {
  MLIRContext context;
  context.loadDialect<LLVM::LLVMDialect>();
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (error)
      *error = diagnostic.str();
    return success();
  });
  Location loc = UnknownLoc::get(&context);
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  OpBuilder builder(module->getBodyRegion());
  SmallVector<Type> types(count, LLVM::LLVMPointerType::get(&context));
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(&context), types);
  auto kernel = LLVM::LLVMFuncOp::create(builder, loc, name, type);
  kernel.setCConv(LLVM::cconv::CConv::PTX_Kernel);
  kernel->setAttr(nvptx::kThreads, builder.getI64IntegerAttr(64));
  builder.setInsertionPointToStart(kernel.addEntryBlock(builder));
  LLVM::ReturnOp::create(builder, loc, ValueRange());
  FailureOr<std::string> text = nvptx::emitPtx(*module, *findGpuTarget("sm_80"));
  return succeeded(text) ? *text : "";
}

bool has(StringRef text, StringRef part) { return text.contains(part); }

} // namespace

TEST(Ptx, ManyParametersNeedALaterVersion) {
  std::string plain = emit("plain", 512), wide = emit("wide", 513), error;
  EXPECT_TRUE(has(plain, ".version 8.0\n")) << plain.substr(0, 200);
  EXPECT_TRUE(has(wide, ".version 8.1\n")) << wide.substr(0, 200);
  EXPECT_EQ(emit("most", 4096, &error), "");
  EXPECT_TRUE(has(error, "takes 32768 bytes of parameters")) << error;
}

TEST(Ptx, JoinedTextsHaveTheLatestVersion) {
  std::string joined = nvptx::joinPtx({emit("a", 1), emit("wide", 513), emit("b", 2)});
  StringRef text = joined;
  EXPECT_EQ(text.count(".version "), 1u);
  EXPECT_TRUE(text.contains(".version 8.1\n"));
  EXPECT_LT(text.find(".entry a("), text.find(".entry wide("));
  EXPECT_LT(text.find(".entry wide("), text.find(".entry b("));
}

TEST(Ptx, RegistersAreGivenToTheNamedKernelsOnly) {
  std::string text =
      nvptx::giveAllRegisters(nvptx::joinPtx({emit("a", 1), emit("b", 2)}), {{"b", 16}});
  EXPECT_EQ(StringRef(text).count(".minnctapersm 1\n"), 1u);
  EXPECT_GT(text.find(".minnctapersm 1\n"), text.find(".entry b(")) << text;
}
