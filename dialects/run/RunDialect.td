//===- RunDialect.td - Host programs ----------------------------*- tablegen -*-===//
//
// Include order: RunDialect <- RunTypes <- RunOps.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_RUN_DIALECT
#define EINFALL_RUN_DIALECT

include "mlir/IR/OpBase.td"

def Run_Dialect : Dialect {
  let name = "run";
  let cppNamespace = "::einfall::run";
  let summary = "host programs: buffers, launches, copies, entry points";
  let description = [{
    A host program is a `run.entry`: straight-line code over buffers. What
    comes in: entry functions whose kernels all name a tile program. What must
    not survive: any `ein` op; sizes stay `ein` extents.

        ein.kernel + tile programs -> run -> codegen (host code), lib/Driver (manifest)

    Specified in docs/spec/run.md.
  }];
  let useDefaultTypePrinterParser = 1;
  let dependentDialects = ["::einfall::ein::EinDialect"];
}

#endif
