// Products of signed bytes go through an instruction whose left factor has no sign: it is raised by 128, and what that
// adds to the sums of a column, the same for all rows, is added up once a block.
//
// RUN: einfall-opt %s --einfall-pipeline="target=x86-64-v4-dot to=tile" | FileCheck %s

// CHECK-LABEL: func.func private @reduce_0_p0
// The columns are packed; rows are not: they are raised where they are loaded.
// CHECK: %[[PANEL:.*]] = tile.local : memref<1024xi32>
// CHECK-NOT: tile.local : memref<{{[0-9]+}}xi32>
// CHECK: %[[SUMS:.*]] = tile.local : memref<64xi32>
// CHECK-NOT: tile.load %arg0
// CHECK: tile.dot {{.*}} : tensor<64xi32, "lanes">
// CHECK: tile.store {{.*}}, %[[SUMS]]
// CHECK: scf.for
// CHECK: scf.for
// CHECK: tile.load %arg0{{.*}} -> tensor<6xi32>
// In each lane: put together in one vector they would have to be taken apart again.
// CHECK: arith.xori {{.*}} : tensor<6x64xi32, "lanes">
// CHECK: tile.load %[[PANEL]]
// CHECK: tile.dot
// CHECK-NOT: tile.dot
// CHECK: tile.load %[[SUMS]]
// CHECK: arith.subi {{.*}} : tensor<6x64xi32, "lanes">
func.func @f(%x: !ein.tensor<[96, 64], i8>, %w: !ein.tensor<[64, 64], i8>) -> !ein.tensor<[96, 64], i32> attributes {ein.entry} {
  %y = ein.einsum (%x[i, k], %w[k, j]) -> [i, j] reduce [k: add] : (!ein.tensor<[96, 64], i8>, !ein.tensor<[64, 64], i8>) -> !ein.tensor<[96, 64], i32> {
  ^bb0(%a: i8, %b: i8):
    %c = arith.extsi %a : i8 to i32
    %d = arith.extsi %b : i8 to i32
    %p = arith.muli %c, %d : i32
    ein.yield %p : i32
  }
  return %y : !ein.tensor<[96, 64], i32>
}
