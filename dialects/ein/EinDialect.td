//===- EinDialect.td - Cascades of extended Einsums -------------*- tablegen -*-===//
//
// Include order: EinDialect <- EinAttrs <- EinTypes <- EinOps.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_EIN_DIALECT
#define EINFALL_EIN_DIALECT

include "mlir/IR/OpBase.td"

def Ein_Dialect : Dialect {
  let name = "ein";
  let cppNamespace = "::einfall::ein";
  let summary = "cascades of extended Einsums over named ranks";
  let description = [{
    What comes in: importers and users' files. What must not survive
    kernel formation: any einsum outside an `ein.kernel`.

        importers -> ein -> ein.kernel -> tile

    Specified in docs/spec/ein.md.
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
  let hasConstantMaterializer = 0;
  // Those of modules and functions: `ein.numerics`, `ein.entry`, `ein.params`, `ein.name`, ...
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
}

#endif
