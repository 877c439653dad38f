//===- CheckOps.td - Expectations -------------------------------*- tablegen -*-===//
#ifndef EINFALL_CHECK_OPS
#define EINFALL_CHECK_OPS

include "dialects/check/CheckDialect.td"
include "dialects/ein/EinTypes.td"
include "mlir/IR/CommonAttrConstraints.td"

def Check_Tensor : Type<CPred<"::llvm::isa<::einfall::ein::TensorType>($_self)">,
                        "ein tensor", "::einfall::ein::TensorType">;

class Check_Op<string mnemonic, list<Trait> traits = []>
    : Op<Check_Dialect, mnemonic, !listconcat(traits, [SameTypeOperands])> {
  let assemblyFormat = "$got `,` $expected attr-dict `:` type($got)";
}

def Check_ExpectEqOp : Check_Op<"expect_eq"> {
  let summary = "both tensors hold the same values";
  let description = [{
    Floats are equal if they have the same bits, except that any NaN equals
    any other: -0 and +0 differ.
  }];
  let arguments = (ins Check_Tensor:$got, Check_Tensor:$expected);
}

def Check_ExpectCloseOp : Check_Op<"expect_close"> {
  let summary = "float tensors within |got - expected| <= atol + rtol * |expected|";
  let description = [{
    NaN equals NaN, an infinity the same infinity.
  }];
  let arguments = (ins Check_Tensor:$got, Check_Tensor:$expected,
                       DefaultValuedAttr<F64Attr, "1.0e-5">:$atol,
                       DefaultValuedAttr<F64Attr, "1.0e-5">:$rtol);
  let hasVerifier = 1;
}

#endif
