// A row of bf16 by its sum: the quotient may be near, so elements are multiplied by the inverse of
// the sum, which is scaled where that is no normal number. In f32, and of elements by elements, it
// stays.
//
// RUN: einfall-opt %s --compile-to=tile --target=x86-64-v3 | FileCheck %s
// RUN: einfall-compile %s --compile-to=tile --target=x86-64-v3 --numerics=strict -o - | FileCheck %s --check-prefix=STRICT
// STRICT-NOT: {{math.absf|afn}}

// CHECK-LABEL: func.func private @reduce_0_p0
// CHECK: %[[SUM:.*]] = tile.load {{.*}} -> f32
// CHECK: %[[SIZE:.*]] = math.absf %[[SUM]] : f32
// CHECK: arith.cmpf ogt, %[[SIZE]]
// CHECK: arith.cmpf olt, %[[SIZE]]
// CHECK: %[[SCALE:.*]] = arith.select
// CHECK: %[[SCALED:.*]] = arith.mulf %[[SUM]], %[[SCALE]] : f32
// CHECK: %[[INVERSE:.*]] = arith.divf %{{.*}}, %[[SCALED]] : f32
// CHECK: %[[FACTOR:.*]] = tile.broadcast %[[INVERSE]]
// CHECK: arith.mulf %{{.*}}, %[[FACTOR]] : tensor
// CHECK: %[[BACK:.*]] = tile.broadcast %[[SCALE]]
// CHECK: arith.mulf %{{.*}}, %[[BACK]] : tensor
// CHECK-NOT: arith.divf {{.*}} : tensor
// CHECK: return
func.func @shares(%a: !ein.tensor<[m, 1000], bf16>) -> !ein.tensor<[m, 1000], bf16> attributes {ein.entry} {
  %s = ein.einsum (%a[m, n]) -> [m] reduce [n: add] : (!ein.tensor<[m, 1000], bf16>) -> !ein.tensor<[m], f32> {
  ^bb0(%x: bf16):
    %p = arith.extf %x : bf16 to f32
    ein.yield %p : f32
  }
  %y = ein.einsum (%a[m, n], %s[m]) -> [m, n] : (!ein.tensor<[m, 1000], bf16>, !ein.tensor<[m], f32>) -> !ein.tensor<[m, 1000], bf16> {
  ^bb0(%x: bf16, %t: f32):
    %p = arith.extf %x : bf16 to f32
    %q = arith.divf %p, %t : f32
    %o = arith.truncf %q : f32 to bf16
    ein.yield %o : bf16
  }
  return %y : !ein.tensor<[m, 1000], bf16>
}

// CHECK-LABEL: func.func private @reduce_0_p1
// CHECK: arith.divf {{.*}} : tensor
func.func @wide(%a: !ein.tensor<[m, 1000], f32>) -> !ein.tensor<[m, 1000], f32> attributes {ein.entry} {
  %s = ein.einsum (%a[m, n]) -> [m] reduce [n: add] : (!ein.tensor<[m, 1000], f32>) -> !ein.tensor<[m], f32>
  %y = ein.einsum (%a[m, n], %s[m]) -> [m, n] : (!ein.tensor<[m, 1000], f32>, !ein.tensor<[m], f32>) -> !ein.tensor<[m, 1000], f32> {
  ^bb0(%x: f32, %t: f32):
    %q = arith.divf %x, %t : f32
    ein.yield %q : f32
  }
  return %y : !ein.tensor<[m, 1000], f32>
}

// CHECK-LABEL: func.func private @map_0_p2
// CHECK: arith.divf {{.*}} fastmath<afn> : tensor
func.func @elements(%a: !ein.tensor<[m], bf16>, %b: !ein.tensor<[m], bf16>) -> !ein.tensor<[m], bf16> attributes {ein.entry} {
  %y = ein.einsum (%a[m], %b[m]) -> [m] : (!ein.tensor<[m], bf16>, !ein.tensor<[m], bf16>) -> !ein.tensor<[m], bf16> {
  ^bb0(%x: bf16, %t: bf16):
    %p = arith.extf %x : bf16 to f32
    %u = arith.extf %t : bf16 to f32
    %q = arith.divf %p, %u : f32
    %o = arith.truncf %q : f32 to bf16
    ein.yield %o : bf16
  }
  return %y : !ein.tensor<[m], bf16>
}
