//===- CheckDialect.td - Numeric tests as functions -------------*- tablegen -*-===//
#ifndef EINFALL_CHECK_DIALECT
#define EINFALL_CHECK_DIALECT

include "mlir/IR/OpBase.td"

def Check_Dialect : Dialect {
  let name = "check";
  let cppNamespace = "::einfall::check";
  let summary = "numeric expectations in a cascade";
  let description = [{
    A function without arguments that holds checks is a test:
    `einfall-opt --ein-interpret FILE` runs it in the reference interpreter. Its
    attribute `check.params = {t = 5}` gives values to symbols. Checks have
    an effect, so no pass removes them; nothing but the interpreter runs them.
  }];
  let hasOperationAttrVerify = 1; // check.params
}

#endif
