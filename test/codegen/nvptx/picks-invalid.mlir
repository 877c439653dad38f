// RUN: not einfall-opt %s --nvptx-lower-programs 2>&1 | FileCheck %s

// CHECK: 'tile.load' op has picks, and lanes of threads read neighbours only
func.func private @picks(%x: memref<?xf32>, %y: memref<?xf32>, %block: index) attributes {tile.program, tile.warps = 1 : i64} {
  %c1 = arith.constant 1 : index
  %pairs = tile.load %x[%block] strides[%c1] picks [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15]
      : memref<?xf32> -> tensor<32xf32, "lanes">
  tile.store %pairs, %y[%block] strides[%c1] : tensor<32xf32, "lanes">, memref<?xf32>
  return
}
