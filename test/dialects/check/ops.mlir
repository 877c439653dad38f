// RUN: einfall-opt %s | einfall-opt | FileCheck %s
// RUN: einfall-opt %s --mlir-print-op-generic | einfall-opt | FileCheck %s
// Checks are effects: nothing removes them.
// RUN: einfall-opt %s --canonicalize --cse | FileCheck %s

// CHECK-LABEL: func.func @checks
// CHECK: check.expect_eq %{{.*}}, %{{.*}} : {{.*}}<[2], f32>
// CHECK: check.expect_close %{{.*}}, %{{.*}} {atol = 0.000000e+00 : f64} : {{.*}}<[2], f32>
// CHECK: check.expect_close %{{.*}}, %{{.*}} : {{.*}}<[2], f32>
func.func @checks() {
  %x = ein.constant dense<1.0> : tensor<2xf32> -> !ein.tensor<[2], f32>
  %y = ein.view %x[1 - i] -> [i] : !ein.tensor<[2], f32> -> !ein.tensor<[2], f32>
  check.expect_eq %x, %y : !ein.tensor<[2], f32>
  check.expect_close %x, %y {atol = 0.0 : f64} : !ein.tensor<[2], f32>
  check.expect_close %x, %y : !ein.tensor<[2], f32>
  return
}
