// RUN: einfall-opt %s --tile-distribute-warps=warps=4 | FileCheck %s
// RUN: einfall-opt %s --tile-distribute-warps=warps=1 | FileCheck %s --check-prefix=ONE

// Of a loop of tiles each warp takes every fourth one; a loop within stays its own.
// CHECK-LABEL: func.func private @tiles
// CHECK-SAME: tile.warps = 4
// CHECK: %[[WARP:.*]] = tile.warp
// CHECK: %[[OFFSET:.*]] = arith.muli %[[WARP]], %c6
// CHECK: %[[FIRST:.*]] = arith.addi %c0{{.*}}, %[[OFFSET]]
// CHECK: scf.for %{{.*}} = %[[FIRST]] to %{{.*}} step %
// CHECK-NEXT: scf.for %{{.*}} = %c0{{.*}} to %{{.*}} step %c32
// ONE-LABEL: func.func private @tiles
// ONE-SAME: tile.warps = 1
// ONE-NOT: tile.warp{{$}}
func.func private @tiles(%out: memref<?xf32>, %n: index, %block: index) attributes {tile.program} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c6 = arith.constant 6 : index
  %c32 = arith.constant 32 : index
  %x = arith.constant dense<1.0> : tensor<6x32xf32, "lanes">
  scf.for %i = %c0 to %n step %c6 {
    scf.for %j = %c0 to %n step %c32 {
      tile.store %x, %out[%i] strides[%c1, %c1] : tensor<6x32xf32, "lanes">, memref<?xf32>
    } {tile.parallel}
  } {tile.parallel}
  return
}

// What stores outside of such a loop is the first warp's; loops that hold stages
// are walked by all of them.
// CHECK-LABEL: func.func private @stages
// CHECK: %[[FIRST:.*]] = arith.cmpi eq, %{{.*}}, %c0{{.*}} : index
// CHECK: scf.for %{{.*}} = %c0{{.*}} to %{{.*}} step %c1
// CHECK: scf.for {{.*}} {
// CHECK: } {tile.parallel}
// CHECK: scf.if %[[FIRST]] {
// CHECK-NEXT: scf.if
// CHECK: tile.barrier
func.func private @stages(%out: memref<?xf32>, %n: index, %some: i1, %block: index) attributes {tile.program} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = arith.constant 1.0 : f32
  scf.for %chunk = %c0 to %n step %c1 {
    scf.for %i = %c0 to %n step %c1 {
      tile.store %x, %out[%i] strides[] : f32, memref<?xf32>
    } {tile.parallel}
    scf.if %some {
      tile.store %x, %out[%n] strides[] : f32, memref<?xf32>
    }
    tile.barrier
  }
  return
}

// The result of a loop that stores is needed by all: one warp runs everything.
// CHECK-LABEL: func.func private @alone
// CHECK-SAME: tile.warps = 1
// CHECK-NOT: tile.warp{{$}}
func.func private @alone(%out: memref<?xf32>, %n: index, %block: index) attributes {tile.program} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = arith.constant 1.0 : f32
  %last = scf.for %i = %c0 to %n step %c1 iter_args(%at = %c0) -> index {
    tile.store %x, %out[%at] strides[] : f32, memref<?xf32>
    scf.yield %i : index
  }
  scf.for %i = %c0 to %last step %c1 {
    tile.store %x, %out[%i] strides[] : f32, memref<?xf32>
  } {tile.parallel}
  return
}
