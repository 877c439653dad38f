// RUN: einfall-opt %s --split-input-file --einfall-pipeline-kernels=target=x86-64-v3 --einfall-pipeline-tile=target=x86-64-v3 | FileCheck %s

// exp takes both zeros for one.
// CHECK: arith.maximumf {{.*}} fastmath<nsz>
func.func @sum_of_exp(%x: !ein.tensor<[n, k], f32>) -> !ein.tensor<[n], f32> {
  %m = ein.einsum (%x[i, j]) -> [i] reduce [j: max] : (!ein.tensor<[n, k], f32>) -> !ein.tensor<[n], f32>
  %y = ein.einsum (%m[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    %n = arith.negf %a : f32
    %e = math.exp %n : f32
    ein.yield %e : f32
  }
  return %y : !ein.tensor<[n], f32>
}

// -----

// 1 / -0 is no more what 1 / 0 is, whatever exp makes of it.
// CHECK: func.func private
// CHECK-NOT: nsz
func.func @exp_of_quotient(%x: !ein.tensor<[n, k], f32>) -> !ein.tensor<[n], f32> {
  %m = ein.einsum (%x[i, j]) -> [i] reduce [j: max] : (!ein.tensor<[n, k], f32>) -> !ein.tensor<[n], f32>
  %y = ein.einsum (%m[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    %one = arith.constant 1.0 : f32
    %q = arith.divf %one, %a : f32
    %e = math.exp %q : f32
    ein.yield %e : f32
  }
  return %y : !ein.tensor<[n], f32>
}

// -----

// What is stored shows its sign.
// CHECK: func.func private
// CHECK-NOT: nsz
func.func @maximum(%x: !ein.tensor<[n, k], f32>) -> !ein.tensor<[n], f32> {
  %m = ein.einsum (%x[i, j]) -> [i] reduce [j: max] : (!ein.tensor<[n, k], f32>) -> !ein.tensor<[n], f32>
  return %m : !ein.tensor<[n], f32>
}
