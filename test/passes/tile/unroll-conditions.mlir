// RUN: einfall-opt %s --tile-unroll-conditions | FileCheck %s

// Lanes that compare their coordinates with a constant are written out, of both halves.
// CHECK-LABEL: func.func @halves
// CHECK-NOT: scf.for
// CHECK: tile.load %arg0[%[[FIRST:.*]]] strides
// CHECK: arith.select
// CHECK: tile.store {{.*}}, %arg1[%[[FIRST]]]
// CHECK: tile.load %arg0[%[[SECOND:.*]]] strides
// CHECK: arith.select
// CHECK: tile.store {{.*}}, %arg1[%[[SECOND]]]
// CHECK-NOT: tile.store
func.func @halves(%x: memref<?xf32>, %y: memref<?xf32>, %b: index) attributes {tile.program} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  %c64 = arith.constant 64 : index
  %half = tile.broadcast %c32 dims [] : index -> tensor<32xindex, "lanes">
  scf.for %i = %c0 to %c64 step %c32 {
    %v = tile.load %x[%i] strides[%c1] : memref<?xf32> -> tensor<32xf32, "lanes">
    %l = tile.iota %i : tensor<32xindex, "lanes">
    %c = arith.cmpi slt, %l, %half : tensor<32xindex, "lanes">
    %n = arith.negf %v : tensor<32xf32, "lanes">
    %s = arith.select %c, %n, %v : tensor<32xi1, "lanes">, tensor<32xf32, "lanes">
    tile.store %s, %y[%i] strides[%c1] : tensor<32xf32, "lanes">, memref<?xf32>
  }
  return
}

// So are those that `arange(n) < c` compares, as integers.
// CHECK-LABEL: func.func @integers
// CHECK-NOT: scf.for
func.func @integers(%x: memref<?xf32>, %y: memref<?xf32>, %b: index) attributes {tile.program} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  %c64 = arith.constant 64 : index
  %ten = arith.constant 10 : i64
  %least = tile.broadcast %ten dims [] : i64 -> tensor<32xi64, "lanes">
  scf.for %i = %c0 to %c64 step %c32 {
    %v = tile.load %x[%i] strides[%c1] : memref<?xf32> -> tensor<32xf32, "lanes">
    %l = tile.iota %i : tensor<32xindex, "lanes">
    %n = arith.index_cast %l : tensor<32xindex, "lanes"> to tensor<32xi64, "lanes">
    %c = arith.cmpi slt, %n, %least : tensor<32xi64, "lanes">
    %m = arith.negf %v : tensor<32xf32, "lanes">
    %s = arith.select %c, %m, %v : tensor<32xi1, "lanes">, tensor<32xf32, "lanes">
    tile.store %s, %y[%i] strides[%c1] : tensor<32xf32, "lanes">, memref<?xf32>
  }
  return
}

// What depends on the block, on constants alone (the last lanes of each row), on more steps, or on what a loop carries
// stays a loop, and so does one around another.
// CHECK-LABEL: func.func @stay
// CHECK-COUNT-6: scf.for
func.func @stay(%x: memref<?xf32>, %y: memref<?xf32>, %b: index) attributes {tile.program} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  %c64 = arith.constant 64 : index
  %c256 = arith.constant 256 : index
  %block = tile.broadcast %b dims [] : index -> tensor<32xindex, "lanes">
  %half = tile.broadcast %c32 dims [] : index -> tensor<32xindex, "lanes">
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %c64 step %c32 {
    %v = tile.load %x[%i] strides[%c1] : memref<?xf32> -> tensor<32xf32, "lanes">
    %l = tile.iota %i : tensor<32xindex, "lanes">
    %c = arith.cmpi slt, %l, %block : tensor<32xindex, "lanes">
    %n = arith.negf %v : tensor<32xf32, "lanes">
    %s = arith.select %c, %n, %v : tensor<32xi1, "lanes">, tensor<32xf32, "lanes">
    tile.store %s, %y[%i] strides[%c1] : tensor<32xf32, "lanes">, memref<?xf32>
  }
  scf.for %i = %c0 to %c256 step %c32 {
    %v = tile.load %x[%i] strides[%c1] : memref<?xf32> -> tensor<32xf32, "lanes">
    %l = tile.iota %i : tensor<32xindex, "lanes">
    %c = arith.cmpi slt, %l, %half : tensor<32xindex, "lanes">
    %n = arith.negf %v : tensor<32xf32, "lanes">
    %s = arith.select %c, %n, %v : tensor<32xi1, "lanes">, tensor<32xf32, "lanes">
    tile.store %s, %y[%i] strides[%c1] : tensor<32xf32, "lanes">, memref<?xf32>
  }
  scf.for %i = %c0 to %c64 step %c32 {
    %v = tile.load %x[%i] strides[%c1] : memref<?xf32> -> tensor<32xf32, "lanes">
    %l = tile.iota %c0 : tensor<32xindex, "lanes">
    %c = arith.cmpi slt, %l, %half : tensor<32xindex, "lanes">
    %n = arith.negf %v : tensor<32xf32, "lanes">
    %s = arith.select %c, %n, %v : tensor<32xi1, "lanes">, tensor<32xf32, "lanes">
    tile.store %s, %y[%i] strides[%c1] : tensor<32xf32, "lanes">, memref<?xf32>
  }
  scf.for %i = %c0 to %c64 step %c32 {
    %v = tile.load %x[%i] strides[%c1] : memref<?xf32> -> tensor<32xf32, "lanes">
    %l = tile.iota %i : tensor<32xindex, "lanes">
    %c = arith.cmpi slt, %l, %half : tensor<32xindex, "lanes">
    %n = arith.negf %v : tensor<32xf32, "lanes">
    %s = arith.select %c, %n, %v : tensor<32xi1, "lanes">, tensor<32xf32, "lanes">
    %some = arith.cmpi slt, %b, %c64 : index
    scf.if %some {
      scf.for %j = %c0 to %b step %c1 {
        tile.store %s, %y[%j] strides[%c1] : tensor<32xf32, "lanes">, memref<?xf32>
      }
    }
  }
  %sums = tile.broadcast %zero dims [] : f32 -> tensor<32xf32, "lanes">
  %sum = scf.for %i = %c0 to %c64 step %c32 iter_args(%a = %sums) -> (tensor<32xf32, "lanes">) {
    %v = tile.load %x[%i] strides[%c1] : memref<?xf32> -> tensor<32xf32, "lanes">
    %l = tile.iota %i : tensor<32xindex, "lanes">
    %c = arith.cmpi slt, %l, %half : tensor<32xindex, "lanes">
    %s = arith.select %c, %v, %a : tensor<32xi1, "lanes">, tensor<32xf32, "lanes">
    scf.yield %s : tensor<32xf32, "lanes">
  }
  tile.store %sum, %y[%c0] strides[%c1] : tensor<32xf32, "lanes">, memref<?xf32>
  return
}
