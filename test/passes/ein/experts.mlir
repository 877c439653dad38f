// RUN: einfall-opt %s --ein-simplify-views --ein-inline-maps | FileCheck %s
// RUN: einfall-opt %s --compile-to=kernels --target=sm_90a | FileCheck %s --check-prefix=KERNELS
// RUN: einfall-opt %s --compile-to=kernels --target=x86-64-v4 | FileCheck %s --check-prefix=KERNELS
// RUN: einfall-opt %s --compile-to=tile --target=sm_80 -o /dev/null
// RUN: einfall-opt %s --compile-to=tile --target=sm_90a -o /dev/null

!x = !ein.tensor<[n, 64], f32>
!ids = !ein.tensor<[n, 2], i64>
!up = !ein.tensor<[3, 96, 64], f32>
!down = !ein.tensor<[3, 64, 96], f32>

// Which matrix is read tells a coordinate that nobody knows the range of: a copy of what is
// missing is 0, and so is what its reader then reads in place. No block holds a matrix, and
// that each expert reads the same row does not part the one kernel.
// CHECK-LABEL: func.func @main
// CHECK: ein.einsum (%{{.*}}[i, e] as at0, %{{.*}}[at0, j, k] else 0.000000e+00, %{{.*}}[i, k]) -> [i, e, j] reduce [k: add]
// CHECK: ein.einsum (%{{.*}}[i, e] as at0, %{{.*}}[at0, k, j] else 0.000000e+00, %{{.*}}[i, e, j]) -> [i, e, k] reduce [j: add]
// KERNELS-LABEL: func.func @main
// KERNELS: ein.kernel
// KERNELS-NOT: ein.tensor<[n, 2, 96, 64], f32>
// KERNELS-NOT: ein.kernel
// KERNELS: return
func.func @main(%x: !x, %ids: !ids, %up: !up, %down: !down) -> !x attributes {ein.entry} {
  %a = ein.einsum (%ids[i, e] as r, %up[r, j, k]) -> [i, e, j, k] : (!ids, !up) -> !ein.tensor<[n, 2, 96, 64], f32> {
  ^bb0(%id: i64, %v: f32):
    ein.yield %v : f32
  }
  %h = ein.einsum (%a[i, e, j, k], %x[i, k]) -> [i, e, j] reduce [k: add] : (!ein.tensor<[n, 2, 96, 64], f32>, !x) -> !ein.tensor<[n, 2, 96], f32>
  %b = ein.einsum (%ids[i, e] as r, %down[r, k, j]) -> [i, e, k, j] : (!ids, !down) -> !ein.tensor<[n, 2, 64, 96], f32> {
  ^bb0(%id: i64, %v: f32):
    ein.yield %v : f32
  }
  %y = ein.einsum (%b[i, e, k, j], %h[i, e, j]) -> [i, e, k] reduce [j: add] : (!ein.tensor<[n, 2, 64, 96], f32>, !ein.tensor<[n, 2, 96], f32>) -> !ein.tensor<[n, 2, 64], f32>
  %z = ein.einsum (%y[i, e, k]) -> [i, k] reduce [e: add] : (!ein.tensor<[n, 2, 64], f32>) -> !x
  return %z : !x
}

// A matrix that many rows share is gathered once, not for each of them.
// CHECK-LABEL: func.func @shared
// CHECK: %[[GATHERED:.*]] = ein.einsum (%{{.*}}[e] as {{[a-z0-9]+}}, %{{.*}}[{{[a-z0-9]+}}, k, j] else 0.000000e+00) -> [e, k, j]
// CHECK: ein.einsum (%[[GATHERED]][e, k, j], %{{.*}}[e, i, j]) -> [e, i, k] reduce [j: add]
func.func @shared(%x: !ein.tensor<[2, n, 96], f32>, %ids: !ein.tensor<[2], i64>, %down: !down) -> !ein.tensor<[2, n, 64], f32> {
  %b = ein.einsum (%ids[e] as r, %down[r, k, j]) -> [e, k, j] : (!ein.tensor<[2], i64>, !down) -> !ein.tensor<[2, 64, 96], f32> {
  ^bb0(%id: i64, %v: f32):
    ein.yield %v : f32
  }
  %y = ein.einsum (%b[e, k, j], %x[e, i, j]) -> [e, i, k] reduce [j: add] : (!ein.tensor<[2, 64, 96], f32>, !ein.tensor<[2, n, 96], f32>) -> !ein.tensor<[2, n, 64], f32>
  return %y : !ein.tensor<[2, n, 64], f32>
}
