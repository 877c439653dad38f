// A file of checks is a numeric test of the interpreter and of compiled code.
// RUN: einfall-opt %s --ein-interpret
// RUN: einfall-compile %s -o %t.einf
// RUN: einfall-run %t.einf --check | FileCheck %s
// CHECK: {{.*}}: 3 tests, 6 checks hold, 0 fail
// RUN: einfall-run %t.einf --check --entry old_value | FileCheck %s --check-prefix=ONE
// ONE: {{.*}}: 1 tests, 2 checks hold, 0 fail

// What fails is told with its place, and the exit code says so.
// RUN: sed -e 's/dense<\[3.0, 6.0, 9.0, 12.0\]>/dense<[3.0, 6.5, 9.0, 12.5]>/' %s > %t.wrong.mlir
// RUN: einfall-compile %t.wrong.mlir -o %t.wrong.einf
// RUN: not einfall-run %t.wrong.einf --check 2>&1 | FileCheck %s --check-prefix=WRONG
// WRONG: wrong.mlir:{{[0-9]+}}: sizes: at [1]: got 6, expected 6.5; 2 of 4 elements differ
// WRONG: 3 tests, 5 checks hold, 1 fail
// WRONG: einfall-run: error: 1 checks fail

// RUN: not einfall-run %s --check 2>&1 | FileCheck %s --check-prefix=PROGRAM
// PROGRAM: is a program, and a package is needed: einfall-compile it
// RUN: not einfall-run %t.einf --check --entry plain 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: entry 'plain' holds no checks: compile a program with functions of check.expect_eq
// RUN: not einfall-run %t.einf --check --expect y=y.npy 2>&1 | FileCheck %s --check-prefix=MIXED
// MIXED: option '--check' runs tests, which have their own inputs

!n = !ein.tensor<[n], f32>

func.func @sizes() attributes {check.params = {n = 4}} {
  %x = ein.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32> -> !ein.tensor<[4], f32>
  %y = ein.einsum (%x[i]) -> [i] {partial} : (!ein.tensor<[4], f32>) -> !n {
  ^bb0(%a: f32):
    %three = arith.constant 3.0 : f32
    %b = arith.mulf %a, %three : f32
    ein.yield %b : f32
  }
  %e = ein.constant dense<[3.0, 6.0, 9.0, 12.0]> : tensor<4xf32> -> !ein.tensor<[4], f32>
  %w = ein.einsum (%e[i]) -> [i] {partial} : (!ein.tensor<[4], f32>) -> !n
  check.expect_close %y, %w {atol = 1.0e-3 : f64} : !n
  return
}

// Two checks of one value, a constant with itself, NaN and signed zeros.
func.func @exact() {
  %x = ein.constant dense<[0x7FC00000, -0.0, 0.0]> : tensor<3xf32> -> !ein.tensor<[3], f32>
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[3], f32>) -> !ein.tensor<[3], f32>
  check.expect_eq %y, %x : !ein.tensor<[3], f32>
  check.expect_eq %y, %y : !ein.tensor<[3], f32>
  check.expect_close %x, %x : !ein.tensor<[3], f32>
  return
}

// A value is checked as it stands in the program, whatever is updated later.
func.func @old_value() {
  %zero = ein.constant dense<0> : tensor<2xi32> -> !ein.tensor<[2], i32>
  %x = ein.einsum (%zero[i]) -> [i] : (!ein.tensor<[2], i32>) -> !ein.tensor<[2], i32>
  %one = ein.constant dense<1> : tensor<i32> -> !ein.tensor<[], i32>
  check.expect_eq %x, %zero : !ein.tensor<[2], i32>
  %y = ein.update %x[1] = %one[] : !ein.tensor<[2], i32>, !ein.tensor<[], i32>
  %e = ein.constant dense<[0, 1]> : tensor<2xi32> -> !ein.tensor<[2], i32>
  check.expect_eq %y, %e : !ein.tensor<[2], i32>
  return
}

func.func @plain(%x: !n) -> !n attributes {ein.entry} {
  return %x : !n
}
