// A wrong option is no fault of a place in the program: its error has none.
// RUN: not einfall-compile %s -o %t.einf --target=sm_1 2>&1 | FileCheck %s --check-prefix=TARGET
// RUN: not einfall-compile %s -o %t.einf --target=native,,sm_80 2>&1 | FileCheck %s --check-prefix=EMPTY
// RUN: not einfall-compile %s -o %t.einf --numerics=exact 2>&1 | FileCheck %s --check-prefix=NUMERICS
// RUN: not einfall-compile %s -o %t.einf --weights=%t.absent 2>&1 | FileCheck %s --check-prefix=FILE
// RUN: not einfall-compile %s -o %t.einf --compile-from=yesterday 2>&1 | FileCheck %s --check-prefix=PHASE
// RUN: not einfall-compile %s -o %t.einf --machine=%t.absent 2>&1 | FileCheck %s --check-prefix=MACHINE
// RUN: not einfall-opt %s --compile-to=tile --target=sm_1 2>&1 | FileCheck %s --check-prefix=OPT
// TARGET: {{^}}einfall-compile: error: unknown target 'sm_1'; there are native,
// EMPTY: {{^}}einfall-compile: error: unknown target '';
// NUMERICS: {{^}}einfall-compile: error: unknown numerics 'exact'; there are strict, algebraic, fast
// FILE: {{^}}einfall-compile: error: cannot read '{{.*}}.absent'
// PHASE: {{^}}einfall-compile: error: there is no phase 'yesterday';
// MACHINE: {{^}}einfall-compile: error: --machine: cannot read '{{.*}}.absent'
// OPT: {{^}}einfall-opt: error: unknown target 'sm_1';

func.func @twice(%x: !ein.tensor<[n], f32> {ein.name = "x"}) -> (!ein.tensor<[n], f32> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    %b = arith.addf %a, %a : f32
    ein.yield %b : f32
  }
  return %y : !ein.tensor<[n], f32>
}
