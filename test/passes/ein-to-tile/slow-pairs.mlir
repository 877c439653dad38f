// Where dots multiply bf16 more slowly than fma multiplies f32, both factors are widened as they are packed. Where any
// operation on a vector takes the place of a product, signed bytes are raised as they are packed.
//
// RUN: einfall-opt %s --einfall-pipeline="target=x86-64-v4-fp16 to=tile" | FileCheck %s
// RUN: einfall-opt %s --einfall-pipeline="target=x86-64-v4-dot to=tile" | FileCheck %s --check-prefix=FAST

// CHECK-LABEL: func.func private @reduce_0_p0
// CHECK-COUNT-2: tile.local : memref<{{[0-9]+}}xf32>
// CHECK-NOT: tile.dot
// CHECK: math.fma {{.*}} : tensor<6x64xf32, "lanes">
// FAST-LABEL: func.func private @reduce_0_p0
// FAST: tile.local : memref<{{[0-9]+}}xi32>
// FAST: tile.dot
func.func @floats(%x: !ein.tensor<[96, 64], bf16>, %w: !ein.tensor<[64, 64], bf16>) -> !ein.tensor<[96, 64], f32> attributes {ein.entry} {
  %y = ein.einsum (%x[i, k], %w[j, k]) -> [i, j] reduce [k: add] : (!ein.tensor<[96, 64], bf16>, !ein.tensor<[64, 64], bf16>) -> !ein.tensor<[96, 64], f32> {
  ^bb0(%a: bf16, %b: bf16):
    %c = arith.extf %a : bf16 to f32
    %d = arith.extf %b : bf16 to f32
    %p = arith.mulf %c, %d : f32
    ein.yield %p : f32
  }
  return %y : !ein.tensor<[96, 64], f32>
}

// CHECK-LABEL: func.func private @reduce_0_p1
// CHECK: arith.xori {{.*}}xi8
// CHECK: tile.dot
// CHECK-NOT: arith.xori
// CHECK: tile.dot {{.*}} : tensor<6x64xi32, "lanes">
// CHECK: return
func.func @bytes(%x: !ein.tensor<[96, 64], i8>, %w: !ein.tensor<[64, 64], i8>) -> !ein.tensor<[96, 64], i32> attributes {ein.entry} {
  %y = ein.einsum (%x[i, k], %w[k, j]) -> [i, j] reduce [k: add] : (!ein.tensor<[96, 64], i8>, !ein.tensor<[64, 64], i8>) -> !ein.tensor<[96, 64], i32> {
  ^bb0(%a: i8, %b: i8):
    %c = arith.extsi %a : i8 to i32
    %d = arith.extsi %b : i8 to i32
    %p = arith.muli %c, %d : i32
    ein.yield %p : i32
  }
  return %y : !ein.tensor<[96, 64], i32>
}
