// RUN: einfall-opt %s --ein-form-kernels --ein-to-tile="vector-bytes=32 vector-registers=16" --canonicalize | FileCheck %s

// Remainder and quotient by a size are two numbers, each with its own step.
// CHECK: func.func private @map_0_p0(%arg0: memref<?xf32>, %arg1: memref<?xf32>, %[[T:arg2]]: index
// CHECK-DAG: %[[REST:.*]] = arith.remsi {{.*}}, %[[T]]
// CHECK-DAG: arith.divsi {{.*}}, %[[T]]
// CHECK-DAG: arith.muli {{.*}}, %c32
// CHECK-DAG: arith.muli {{.*}}, %c8
// CHECK-NOT: %c40
// CHECK: return
func.func @main(%l: !ein.tensor<[t, 32], f32>) -> !ein.tensor<[4 * t, 8], f32> {
  %r = ein.einsum (%l[i mod t, d + 8 * (i floordiv t)]) -> [i, d] : (!ein.tensor<[t, 32], f32>) -> !ein.tensor<[4 * t, 8], f32>
  return %r : !ein.tensor<[4 * t, 8], f32>
}
