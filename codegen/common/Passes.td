//===- Passes.td - What all targets need ------------------------*- tablegen -*-===//
#ifndef EINFALL_CODEGEN_COMMON_PASSES
#define EINFALL_CODEGEN_COMMON_PASSES

include "mlir/Pass/PassBase.td"

def ExpandMath : Pass<"expand-math", "::mlir::ModuleOp"> {
  let summary = "elementary functions and conversions become arithmetic";
  let description = [{
    Compiled code imports nothing: exp, tanh and the like become the recipes of
    lib/Elementary, and what the target has no instruction for becomes what it
    has. Exactness: bitwise under strict numerics, else algebraic (fma).
  }];
  let options = [
    Option<"halfCasts", "half-casts", "bool", "true", "the target converts between f16 and f32">,
    Option<"bfloatCasts", "bfloat-casts", "bool", "false", "the target converts to bf16">,
    Option<"fma", "fma", "bool", "true", "the target multiplies and adds with one rounding">,
    Option<"toBfloat", "to-bfloat", "std::string", "",
           "intrinsic that rounds a single f32 to bf16, subnormals too">,
    Option<"pairToBfloat", "pair-to-bfloat", "std::string", "",
           "intrinsic that rounds two vectors of sixteen f32, the upper one first, to bf16">,
    Option<"fmaDown", "fma-down", "std::string", "",
           "intrinsic that multiplies and adds f32, rounded down">,
    Option<"fmaSaturated", "fma-saturated", "std::string", "",
           "intrinsic that multiplies and adds f32, clamped to [0, 1]">,
    Option<"powerOfTwo", "power-of-two", "std::string", "",
           "intrinsic for 2^x of f32, within 2^-22 of it for x in [0, 1)">,
    Option<"reciprocal", "reciprocal", "std::string", "",
           "intrinsic for 1 / x of f32, within 2^-22 of it for x in [1, 2]">,
    Option<"quotient", "quotient", "std::string", "",
           "intrinsic for a quotient of f32, within two units in the last place">,
    Option<"inverseRoot", "inverse-root", "std::string", "",
           "intrinsic for 1 / sqrt(x) of f32, within 2^-22 of it">,
    Option<"scale", "scale", "std::string", "",
           "masked intrinsic for x * 2^n of sixteen f32, rounded once, n rounded down">,
    Option<"fraction", "fraction", "std::string", "",
           "masked intrinsic for x less the integer below of sixteen f32, 0 of infinities">];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
}

#endif
