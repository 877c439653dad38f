// What is asked for long before it is used goes to the second-level cache, what is used soon to
// the first one.
//
// RUN: einfall-opt %s --cpu-lower-programs | FileCheck %s

// CHECK-LABEL: llvm.func hidden @ahead
// CHECK: "llvm.intr.prefetch"{{.*}}hint = 3
// CHECK: "llvm.intr.prefetch"{{.*}}hint = 2
// CHECK: "llvm.intr.prefetch"{{.*}}hint = 2
// CHECK-NOT: prefetch
func.func private @ahead(%x: memref<?xf32>, %y: memref<?xf32>, %block: index) attributes {tile.program} {
  %c1 = arith.constant 1 : index
  %near = tile.load %x[%block] strides[%c1] ahead 1024 : memref<?xf32> -> tensor<16xf32, "lanes">
  %far = tile.load %y[%block] strides[%c1] ahead 2048 : memref<?xf32> -> tensor<16xf32, "lanes">
  %sum = arith.addf %near, %far : tensor<16xf32, "lanes">
  tile.store %sum, %y[%block] strides[%c1] : tensor<16xf32, "lanes">, memref<?xf32>
  tile.prefetch %x[%block] : memref<?xf32>
  return
}
