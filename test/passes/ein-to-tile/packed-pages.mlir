// Columns that are packed where each step of the sum lies on a page of its own are asked for 128
// steps ahead; where steps lie closer the machine follows them.
//
// RUN: einfall-opt %s --einfall-pipeline="target=x86-64-v4-dot to=tile" | FileCheck %s

// CHECK-LABEL: func.func private @reduce_0_p0
// CHECK: tile.load %arg1[{{.*}}] strides[%c8192, %c1] ahead 1048576 : memref<?xi8> -> tensor<4x16xi8, "lanes">
// CHECK-NEXT: tile.join
// CHECK-LABEL: func.func private @reduce_0_p1
// CHECK-NOT: tile.load %arg1{{.*}} ahead
func.func @far(%x: !ein.tensor<[128, 512], i8>, %w: !ein.tensor<[512, 8192], i8>)
    -> !ein.tensor<[128, 8192], i32> attributes {ein.entry} {
  %y = ein.einsum (%x[m, k], %w[k, n]) -> [m, n] reduce [k: add]
      : (!ein.tensor<[128, 512], i8>, !ein.tensor<[512, 8192], i8>) -> !ein.tensor<[128, 8192], i32> {
  ^bb0(%a: i8, %b: i8):
    %aa = arith.extsi %a : i8 to i32
    %bb = arith.extsi %b : i8 to i32
    %p = arith.muli %aa, %bb : i32
    ein.yield %p : i32
  }
  return %y : !ein.tensor<[128, 8192], i32>
}
func.func @near(%x: !ein.tensor<[128, 512], i8>, %w: !ein.tensor<[512, 1024], i8>)
    -> !ein.tensor<[128, 1024], i32> attributes {ein.entry} {
  %y = ein.einsum (%x[m, k], %w[k, n]) -> [m, n] reduce [k: add]
      : (!ein.tensor<[128, 512], i8>, !ein.tensor<[512, 1024], i8>) -> !ein.tensor<[128, 1024], i32> {
  ^bb0(%a: i8, %b: i8):
    %aa = arith.extsi %a : i8 to i32
    %bb = arith.extsi %b : i8 to i32
    %p = arith.muli %aa, %bb : i32
    ein.yield %p : i32
  }
  return %y : !ein.tensor<[128, 1024], i32>
}
