// RUN: einfall-opt %s --tile-distribute-warps=warps=8 | FileCheck %s

// What one warp does alone takes along what it alone reads, but no memory: that is the block's until its next barrier.
// CHECK-LABEL: func.func private @alone
// CHECK: %[[MINE:.*]] = tile.local
// CHECK: scf.if
// CHECK: tile.local
func.func private @alone(%out: memref<?xf32>, %n: index, %block: index) attributes {tile.program} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %x = arith.constant 1.0 : f32
  %mine = tile.local : memref<64xf32>
  scf.for %i = %c0 to %c4 step %c1 {
    tile.store %x, %mine[%i] strides[] : f32, memref<64xf32>
    %y = tile.load %mine[%i] strides[] : memref<64xf32> -> f32
    tile.store %y, %out[%i] strides[] : f32, memref<?xf32>
  }
  %other = tile.local : memref<64xf32>
  scf.for %i = %c0 to %n step %c1 {
    tile.store %x, %other[%i] strides[] : f32, memref<64xf32>
  } {tile.parallel}
  tile.barrier
  scf.for %i = %c0 to %n step %c1 {
    %y = tile.load %other[%i] strides[] : memref<64xf32> -> f32
    tile.store %y, %out[%i] strides[] : f32, memref<?xf32>
  } {tile.parallel}
  return
}
