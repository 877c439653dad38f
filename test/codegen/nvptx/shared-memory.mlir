// RUN: einfall-opt %s --nvptx-lower-programs | FileCheck %s

// Where a block's own tensors lie: those that no two warps need at once share memory.

// No barrier follows the last use of %a. A warp may be in the next iteration then, and write %b.
// CHECK-LABEL: ptx_kernelcc @next_iteration(
// CHECK-SAME: nvptx.shared = 1024
func.func @next_iteration(%x: memref<?xf32>, %n: index, %blk: index) attributes {tile.program, tile.warps = 4 : i64} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %b = tile.local : memref<128xf32>
    %v = tile.load %x[%c0] strides[%c1] : memref<?xf32> -> tensor<32xf32, "lanes">
    tile.store %v, %b[%c0] strides[%c1] : tensor<32xf32, "lanes">, memref<128xf32>
    tile.barrier
    %u = tile.load %b[%c0] strides[%c1] : memref<128xf32> -> tensor<32xf32, "lanes">
    tile.barrier
    %a = tile.local : memref<128xf32>
    tile.store %u, %a[%c0] strides[%c1] : tensor<32xf32, "lanes">, memref<128xf32>
    tile.barrier
    %z = tile.load %a[%c0] strides[%c1] : memref<128xf32> -> tensor<32xf32, "lanes">
    tile.store %z, %x[%c0] strides[%c1] : tensor<32xf32, "lanes">, memref<?xf32>
  }
  return
}

// With a barrier at the end they share.
// CHECK-LABEL: ptx_kernelcc @ended(
// CHECK-SAME: nvptx.shared = 512
func.func @ended(%x: memref<?xf32>, %n: index, %blk: index) attributes {tile.program, tile.warps = 4 : i64} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %b = tile.local : memref<128xf32>
    %v = tile.load %x[%c0] strides[%c1] : memref<?xf32> -> tensor<32xf32, "lanes">
    tile.store %v, %b[%c0] strides[%c1] : tensor<32xf32, "lanes">, memref<128xf32>
    tile.barrier
    %u = tile.load %b[%c0] strides[%c1] : memref<128xf32> -> tensor<32xf32, "lanes">
    tile.barrier
    %a = tile.local : memref<128xf32>
    tile.store %u, %a[%c0] strides[%c1] : tensor<32xf32, "lanes">, memref<128xf32>
    tile.barrier
    %z = tile.load %a[%c0] strides[%c1] : memref<128xf32> -> tensor<32xf32, "lanes">
    tile.store %z, %x[%c0] strides[%c1] : tensor<32xf32, "lanes">, memref<?xf32>
    tile.barrier
  }
  return
}

// What a branch leaves is read while the others write what comes behind it, or at the start of the loop around it.
// CHECK-LABEL: ptx_kernelcc @behind_a_branch(
// CHECK-SAME: nvptx.shared = 1536
func.func @behind_a_branch(%x: memref<?xf32>, %n: index, %blk: index) attributes {tile.program, tile.warps = 4 : i64} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %v = tile.load %x[%c0] strides[%c1] : memref<?xf32> -> tensor<32xf32, "lanes">
  %some = arith.cmpi sgt, %n, %c1 : index
  scf.for %i = %c0 to %n step %c1 {
    %b = tile.local : memref<128xf32>
    tile.store %v, %b[%c0] strides[%c1] : tensor<32xf32, "lanes">, memref<128xf32>
    tile.barrier
    %u = tile.load %b[%c0] strides[%c1] : memref<128xf32> -> tensor<32xf32, "lanes">
    tile.barrier
    scf.if %some {
      %a = tile.local : memref<128xf32>
      tile.store %u, %a[%c0] strides[%c1] : tensor<32xf32, "lanes">, memref<128xf32>
      tile.barrier
      %z = tile.load %a[%c0] strides[%c1] : memref<128xf32> -> tensor<32xf32, "lanes">
      tile.store %z, %x[%c0] strides[%c1] : tensor<32xf32, "lanes">, memref<?xf32>
    }
    %c = tile.local : memref<128xf32>
    tile.store %u, %c[%c0] strides[%c1] : tensor<32xf32, "lanes">, memref<128xf32>
  }
  return
}

// Up to a barrier behind it.
// CHECK-LABEL: ptx_kernelcc @barrier_behind_a_branch(
// CHECK-SAME: nvptx.shared = 512
func.func @barrier_behind_a_branch(%x: memref<?xf32>, %n: index, %blk: index) attributes {tile.program, tile.warps = 4 : i64} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %v = tile.load %x[%c0] strides[%c1] : memref<?xf32> -> tensor<32xf32, "lanes">
  %some = arith.cmpi sgt, %n, %c1 : index
  scf.if %some {
    %a = tile.local : memref<128xf32>
    tile.store %v, %a[%c0] strides[%c1] : tensor<32xf32, "lanes">, memref<128xf32>
    tile.barrier
    %z = tile.load %a[%c0] strides[%c1] : memref<128xf32> -> tensor<32xf32, "lanes">
    tile.store %z, %x[%c0] strides[%c1] : tensor<32xf32, "lanes">, memref<?xf32>
  }
  tile.barrier
  %c = tile.local : memref<128xf32>
  tile.store %v, %c[%c0] strides[%c1] : tensor<32xf32, "lanes">, memref<128xf32>
  return
}
