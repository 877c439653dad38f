// Innermost loops of few operations in all are written out, longer ones are loops.
//
// RUN: einfall-opt %s --cpu-lower-programs | FileCheck %s

// CHECK-LABEL: llvm.func hidden @short
// CHECK: scf.for
// CHECK-NOT: scf.for
// CHECK-COUNT-4: llvm.store
// CHECK-NOT: llvm.store
func.func private @short(%x: memref<?xf32>, %y: memref<?xf32>, %block: index) attributes {tile.program} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  scf.for %i = %c0 to %c64 step %c16 {
    %v = tile.load %x[%i] strides[%c1] : memref<?xf32> -> tensor<16xf32, "lanes">
    tile.store %v, %y[%i] strides[%c1] : tensor<16xf32, "lanes">, memref<?xf32>
  }
  return
}

// CHECK-LABEL: llvm.func hidden @long
// CHECK: scf.for
// CHECK: scf.for
// CHECK: llvm.store
// CHECK-NOT: llvm.store
func.func private @long(%x: memref<?xf32>, %y: memref<?xf32>, %block: index) attributes {tile.program} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %c1024 = arith.constant 1024 : index
  scf.for %i = %c0 to %c1024 step %c16 {
    %v = tile.load %x[%i] strides[%c1] : memref<?xf32> -> tensor<16xf32, "lanes">
    tile.store %v, %y[%i] strides[%c1] : tensor<16xf32, "lanes">, memref<?xf32>
  }
  return
}
