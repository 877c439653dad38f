// Walks along a row of which the middle ones neither read memory nor write it run in one loop,
// each along a row of its own: the last one first, so that what the one before makes anew has
// been read. Where two walks are all, or more rows would have to stay in the first-level cache,
// or registers are few, or the row is short, they follow one another.
//
// RUN: einfall-opt %s --einfall-pipeline="target=x86-64-v4-dot to=tile" | FileCheck %s
// RUN: einfall-opt %s --einfall-pipeline="target=x86-64-v3 to=tile" | FileCheck %s --check-prefix=FEW
// RUN: einfall-compile %s -S --target=x86-64-v4-dot -o - | FileCheck %s --check-prefix=CODE

// FEW-NOT: tile.walks_blocks

// The program goes over its rows by itself.
// CODE-LABEL: reduce_0_p0:
// CODE-NOT: div{{q|l}}
// CODE: vmovntps

// CHECK-LABEL: func.func private @reduce_0_p0(%arg0: memref<?xf32>, %arg1: memref<?xf32>, %arg2: index, %arg3: index, %arg4: index)
// CHECK-SAME: tile.walks_blocks
// CHECK-DAG: %[[MAXIMA:.*]] = tile.local : memref<4xf32>
// CHECK-DAG: %[[POWERS:.*]] = tile.local : memref<4096xf32>
// CHECK-DAG: %[[SUMS:.*]] = tile.local : memref<4xf32>
// CHECK: %[[STOP:.*]] = arith.addi %arg4, %c2
// CHECK: scf.for %[[ROW:.*]] = %arg3 to %[[STOP]] step %c1
// CHECK: scf.if
// CHECK: scf.for %[[AT:.*]] = %c0 to %c4096 step %c32 iter_args(%{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}, %{{.*}} = %{{.*}})
// CHECK: tile.load %[[POWERS]][%[[AT]]]
// CHECK: arith.divf
// CHECK: tile.store %{{.*}}, %arg1
// CHECK: math.exp
// CHECK: tile.store %{{.*}}, %[[POWERS]][%[[AT]]]
// CHECK: arith.addf
// CHECK: tile.load %arg0[{{.*}}] strides[%{{.*}}] ahead 2048
// CHECK: arith.cmpf ogt
// CHECK: tile.are_numbers
// CHECK: scf.yield
// CHECK: tile.reduce "add"
// CHECK: tile.reduce "max"
// CHECK: } else {
func.func @softmax(%x: !ein.tensor<[s, 4096], f32>) -> !ein.tensor<[s, 4096], f32> attributes {ein.entry} {
  %m = ein.einsum (%x[s, k]) -> [s] reduce [k: max] : (!ein.tensor<[s, 4096], f32>) -> !ein.tensor<[s], f32>
  %e = ein.einsum (%x[s, k], %m[s]) -> [s, k] : (!ein.tensor<[s, 4096], f32>, !ein.tensor<[s], f32>) -> !ein.tensor<[s, 4096], f32> {
  ^bb0(%a: f32, %b: f32):
    %d = arith.subf %a, %b : f32
    %t = math.exp %d : f32
    ein.yield %t : f32
  }
  %l = ein.einsum (%e[s, k]) -> [s] reduce [k: add] : (!ein.tensor<[s, 4096], f32>) -> !ein.tensor<[s], f32>
  %y = ein.einsum (%e[s, k], %l[s]) -> [s, k] : (!ein.tensor<[s, 4096], f32>, !ein.tensor<[s], f32>) -> !ein.tensor<[s, 4096], f32> {
  ^bb0(%a: f32, %b: f32):
    %q = arith.divf %a, %b : f32
    ein.yield %q : f32
  }
  return %y : !ein.tensor<[s, 4096], f32>
}

// What whole tiles leave over: of the last walk and of powers before the loop, of sums behind it.
// CHECK-LABEL: func.func private @reduce_0_p1
// CHECK-SAME: tile.walks_blocks
// CHECK: scf.if
// CHECK: arith.divf
// CHECK: tile.store %{{.*}}, %arg1{{.*}} limit %c1
// CHECK: math.exp
// CHECK: tile.store %{{.*}}, %[[POWERS:.*]][%c4096] {{.*}} limit %c1
// CHECK: scf.for {{.*}} to %c4096 step %c32 iter_args(%{{.*}} = %{{.*}}, %{{.*}} = %{{.*}})
// CHECK: arith.divf
// CHECK: math.exp
// CHECK: arith.maximumf
// CHECK: scf.yield
// CHECK: tile.load %[[POWERS]][%c4096] {{.*}} limit %c1
// CHECK: tile.reduce "add"
// CHECK: tile.reduce "max"
// CHECK: } else {
func.func @odd(%x: !ein.tensor<[s, 4097], f32>) -> !ein.tensor<[s, 4097], f32> attributes {ein.entry} {
  %m = ein.einsum (%x[s, k]) -> [s] reduce [k: max] : (!ein.tensor<[s, 4097], f32>) -> !ein.tensor<[s], f32>
  %e = ein.einsum (%x[s, k], %m[s]) -> [s, k] : (!ein.tensor<[s, 4097], f32>, !ein.tensor<[s], f32>) -> !ein.tensor<[s, 4097], f32> {
  ^bb0(%a: f32, %b: f32):
    %d = arith.subf %a, %b : f32
    %t = math.exp %d : f32
    ein.yield %t : f32
  }
  %l = ein.einsum (%e[s, k]) -> [s] reduce [k: add] : (!ein.tensor<[s, 4097], f32>) -> !ein.tensor<[s], f32>
  %y = ein.einsum (%e[s, k], %l[s]) -> [s, k] : (!ein.tensor<[s, 4097], f32>, !ein.tensor<[s], f32>) -> !ein.tensor<[s, 4097], f32> {
  ^bb0(%a: f32, %b: f32):
    %q = arith.divf %a, %b : f32
    ein.yield %q : f32
  }
  return %y : !ein.tensor<[s, 4097], f32>
}

// CHECK-LABEL: func.func private @reduce_0_p2
// CHECK-NOT: tile.walks_blocks
// CHECK: return
func.func @short(%x: !ein.tensor<[s, 512], f32>) -> !ein.tensor<[s, 512], f32> attributes {ein.entry} {
  %m = ein.einsum (%x[s, k]) -> [s] reduce [k: max] : (!ein.tensor<[s, 512], f32>) -> !ein.tensor<[s], f32>
  %e = ein.einsum (%x[s, k], %m[s]) -> [s, k] : (!ein.tensor<[s, 512], f32>, !ein.tensor<[s], f32>) -> !ein.tensor<[s, 512], f32> {
  ^bb0(%a: f32, %b: f32):
    %d = arith.subf %a, %b : f32
    %t = math.exp %d : f32
    ein.yield %t : f32
  }
  %l = ein.einsum (%e[s, k]) -> [s] reduce [k: add] : (!ein.tensor<[s, 512], f32>) -> !ein.tensor<[s], f32>
  %y = ein.einsum (%e[s, k], %l[s]) -> [s, k] : (!ein.tensor<[s, 512], f32>, !ein.tensor<[s], f32>) -> !ein.tensor<[s, 512], f32> {
  ^bb0(%a: f32, %b: f32):
    %q = arith.divf %a, %b : f32
    ein.yield %q : f32
  }
  return %y : !ein.tensor<[s, 512], f32>
}

// Of three walks that read the row, three rows are as much as blocks of 3 rows in 16 bits have ..
// CHECK-LABEL: func.func private @reduce_0_p3
// CHECK-SAME: tile.walks_blocks
// CHECK: scf.for {{.*}} to %c4096 step %c32 iter_args(%{{.*}} = %{{.*}}, %{{.*}} = %{{.*}})
// CHECK: tile.store %{{.*}}, %arg3
// CHECK: scf.yield
func.func @halves(%x: !ein.tensor<[s, 4096], bf16>, %g: !ein.tensor<[4096], bf16>, %b: !ein.tensor<[4096], bf16>) -> !ein.tensor<[s, 4096], bf16> attributes {ein.entry} {
  %m = ein.einsum (%x[s, k]) -> [s] reduce [k: add] : (!ein.tensor<[s, 4096], bf16>) -> !ein.tensor<[s], f32> {
  ^bb0(%a: bf16):
    %u = arith.extf %a : bf16 to f32
    %p = arith.constant 2.44140625e-4 : f32
    %q = arith.mulf %u, %p : f32
    ein.yield %q : f32
  }
  %v = ein.einsum (%x[s, k], %m[s]) -> [s] reduce [k: add] : (!ein.tensor<[s, 4096], bf16>, !ein.tensor<[s], f32>) -> !ein.tensor<[s], f32> {
  ^bb0(%a: bf16, %n: f32):
    %u = arith.extf %a : bf16 to f32
    %d = arith.subf %u, %n : f32
    %q = arith.mulf %d, %d : f32
    ein.yield %q : f32
  }
  %y = ein.einsum (%x[s, k], %m[s], %v[s], %g[k], %b[k]) -> [s, k] : (!ein.tensor<[s, 4096], bf16>, !ein.tensor<[s], f32>, !ein.tensor<[s], f32>, !ein.tensor<[4096], bf16>, !ein.tensor<[4096], bf16>) -> !ein.tensor<[s, 4096], bf16> {
  ^bb0(%a: bf16, %n: f32, %w: f32, %g0: bf16, %c: bf16):
    %u = arith.extf %a : bf16 to f32
    %gw = arith.extf %g0 : bf16 to f32
    %z = arith.extf %c : bf16 to f32
    %d = arith.subf %u, %n : f32
    %i = math.rsqrt %w : f32
    %q = arith.mulf %d, %i : f32
    %h = arith.mulf %q, %gw : f32
    %r = arith.addf %h, %z : f32
    %o = arith.truncf %r : f32 to bf16
    ein.yield %o : bf16
  }
  return %y : !ein.tensor<[s, 4096], bf16>
}

// .. and more than those of one row in 32 bits.
// CHECK-LABEL: func.func private @reduce_0_p4
// CHECK-NOT: tile.walks_blocks
// CHECK: return
func.func @words(%x: !ein.tensor<[s, 4096], f32>, %g: !ein.tensor<[4096], f32>, %b: !ein.tensor<[4096], f32>) -> !ein.tensor<[s, 4096], f32> attributes {ein.entry} {
  %m = ein.einsum (%x[s, k]) -> [s] reduce [k: add] : (!ein.tensor<[s, 4096], f32>) -> !ein.tensor<[s], f32> {
  ^bb0(%a: f32):
    %p = arith.constant 2.44140625e-4 : f32
    %q = arith.mulf %a, %p : f32
    ein.yield %q : f32
  }
  %v = ein.einsum (%x[s, k], %m[s]) -> [s] reduce [k: add] : (!ein.tensor<[s, 4096], f32>, !ein.tensor<[s], f32>) -> !ein.tensor<[s], f32> {
  ^bb0(%a: f32, %n: f32):
    %d = arith.subf %a, %n : f32
    %q = arith.mulf %d, %d : f32
    ein.yield %q : f32
  }
  %y = ein.einsum (%x[s, k], %m[s], %v[s], %g[k], %b[k]) -> [s, k] : (!ein.tensor<[s, 4096], f32>, !ein.tensor<[s], f32>, !ein.tensor<[s], f32>, !ein.tensor<[4096], f32>, !ein.tensor<[4096], f32>) -> !ein.tensor<[s, 4096], f32> {
  ^bb0(%a: f32, %n: f32, %w: f32, %g0: f32, %c: f32):
    %d = arith.subf %a, %n : f32
    %i = math.rsqrt %w : f32
    %q = arith.mulf %d, %i : f32
    %h = arith.mulf %q, %g0 : f32
    %r = arith.addf %h, %c : f32
    ein.yield %r : f32
  }
  return %y : !ein.tensor<[s, 4096], f32>
}
