// RUN: einfall-opt %s --compile-to=tile --target=sm_90a | FileCheck %s
// RUN: einfall-opt %s --compile-to=tile --target=x86-64-v3 | FileCheck %s --check-prefix=CPU

// Functions may be near where all outputs have 16 bits, but what decides may not; whether a number
// is finite is no decision. A CPU has exp, erf and quotients for that.
// CHECK: func.func private @map_0_p0(
// CHECK-DAG: arith.divf %{{.*}} : tensor
// CHECK-DAG: math.exp %{{.*}} fastmath<afn> : tensor
// CHECK-DAG: math.tanh %{{.*}} fastmath<afn> : tensor
// CPU: func.func private @map_0_p0(
// CPU-DAG: arith.divf %{{.*}} : tensor
// CPU-DAG: math.exp %{{.*}} fastmath<afn> : tensor
// CPU-DAG: math.tanh %{{.*}} : tensor
// CPU: return
func.func @decides(%a: !ein.tensor<[m, n], bf16>, %b: !ein.tensor<[m, n], bf16>) -> !ein.tensor<[m, n], bf16> attributes {ein.entry} {
  %y = ein.einsum (%a[m, n], %b[m, n]) -> [m, n] : (!ein.tensor<[m, n], bf16>, !ein.tensor<[m, n], bf16>) -> !ein.tensor<[m, n], bf16> {
  ^bb0(%x: bf16, %z: bf16):
    %p = arith.extf %x : bf16 to f32
    %q = arith.extf %z : bf16 to f32
    %d = arith.divf %p, %q : f32
    %e = math.exp %d : f32
    %f = math.floor %d : f32
    %s = arith.addf %e, %f : f32
    %inf = arith.constant 0x7F800000 : f32
    %h = math.tanh %q : f32
    %c = arith.cmpf olt, %h, %inf : f32
    %u = arith.select %c, %h, %q : f32
    %v = arith.addf %s, %u : f32
    %o = arith.truncf %v : f32 to bf16
    ein.yield %o : bf16
  }
  return %y : !ein.tensor<[m, n], bf16>
}

// A factor in f32 is one term where it has no negative elements and all is linear from
// there; else two, where the outputs have 16 bits and nothing is decided; else three. Each
// step of the depth takes as many products, in a loop for whole parts, and two for the rest.
// CHECK-LABEL: func.func private @reduce_0_p1(
// CHECK: tile.mma %{{.*}}, %{{.*}}, %{{.*}} : tensor<128x16xbf16
// CHECK-NOT: tile.mma
// CHECK: tile.load_factor
func.func @positive(%a: !ein.tensor<[m, k], f32>, %w: !ein.tensor<[n, k], bf16>) -> !ein.tensor<[m, n], bf16> attributes {ein.entry} {
  %s = ein.einsum (%a[m, k], %w[n, k]) -> [m, n] reduce [k: add] : (!ein.tensor<[m, k], f32>, !ein.tensor<[n, k], bf16>) -> !ein.tensor<[m, n], f32> {
  ^bb0(%x: f32, %z: bf16):
    %f = math.absf %x : f32
    %q = arith.extf %z : bf16 to f32
    %r = arith.mulf %f, %q : f32
    ein.yield %r : f32
  }
  %y = ein.einsum (%s[m, n]) -> [m, n] : (!ein.tensor<[m, n], f32>) -> !ein.tensor<[m, n], bf16> {
  ^bb0(%x: f32):
    %t = arith.addf %x, %x : f32
    %o = arith.truncf %t : f32 to bf16
    ein.yield %o : bf16
  }
  return %y : !ein.tensor<[m, n], bf16>
}

// CHECK-LABEL: func.func private @reduce_0_p2(
// CHECK: %[[FIRST:.*]] = tile.mma
// CHECK-NEXT: tile.mma %{{.*}}, %{{.*}}, %[[FIRST]] :
// CHECK-NOT: tile.mma
// CHECK: tile.load_factor
func.func @signed(%a: !ein.tensor<[m, k], f32>, %w: !ein.tensor<[n, k], bf16>) -> !ein.tensor<[m, n], bf16> attributes {ein.entry} {
  %s = ein.einsum (%a[m, k], %w[n, k]) -> [m, n] reduce [k: add] : (!ein.tensor<[m, k], f32>, !ein.tensor<[n, k], bf16>) -> !ein.tensor<[m, n], f32> {
  ^bb0(%x: f32, %z: bf16):
    %f = arith.negf %x : f32
    %q = arith.extf %z : bf16 to f32
    %r = arith.mulf %f, %q : f32
    ein.yield %r : f32
  }
  %y = ein.einsum (%s[m, n]) -> [m, n] : (!ein.tensor<[m, n], f32>) -> !ein.tensor<[m, n], bf16> {
  ^bb0(%x: f32):
    %t = arith.addf %x, %x : f32
    %o = arith.truncf %t : f32 to bf16
    ein.yield %o : bf16
  }
  return %y : !ein.tensor<[m, n], bf16>
}

// CHECK-LABEL: func.func private @reduce_0_p3(
// CHECK: %[[FIRST:.*]] = tile.mma
// CHECK-NEXT: %[[SECOND:.*]] = tile.mma %{{.*}}, %{{.*}}, %[[FIRST]] :
// CHECK-NEXT: tile.mma %{{.*}}, %{{.*}}, %[[SECOND]] :
func.func @rounded(%a: !ein.tensor<[m, k], f32>, %w: !ein.tensor<[n, k], bf16>) -> !ein.tensor<[m, n], bf16> attributes {ein.entry} {
  %s = ein.einsum (%a[m, k], %w[n, k]) -> [m, n] reduce [k: add] : (!ein.tensor<[m, k], f32>, !ein.tensor<[n, k], bf16>) -> !ein.tensor<[m, n], f32> {
  ^bb0(%x: f32, %z: bf16):
    %f = math.absf %x : f32
    %q = arith.extf %z : bf16 to f32
    %r = arith.mulf %f, %q : f32
    ein.yield %r : f32
  }
  %y = ein.einsum (%s[m, n]) -> [m, n] : (!ein.tensor<[m, n], f32>) -> !ein.tensor<[m, n], bf16> {
  ^bb0(%x: f32):
    %t = math.floor %x : f32
    %o = arith.truncf %t : f32 to bf16
    ein.yield %o : bf16
  }
  return %y : !ein.tensor<[m, n], bf16>
}

// CPU-LABEL: func.func private @map_{{.*}}_p{{.*}}(%arg0: memref<?xbf16>, %arg1: memref<?xbf16>, %arg2: index)
// CPU: math.erf %{{.*}} fastmath<afn> : tensor
func.func @error(%a: !ein.tensor<[512], bf16>) -> !ein.tensor<[512], bf16> attributes {ein.entry} {
  %y = ein.einsum (%a[m]) -> [m] : (!ein.tensor<[512], bf16>) -> !ein.tensor<[512], bf16> {
  ^bb0(%x: bf16):
    %p = arith.extf %x : bf16 to f32
    %e = math.erf %p : f32
    %o = arith.truncf %e : f32 to bf16
    ein.yield %o : bf16
  }
  return %y : !ein.tensor<[512], bf16>
}
