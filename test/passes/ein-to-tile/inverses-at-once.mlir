// Where all walks of a row run in one loop, each product counts: elements are multiplied by the inverse of their row's sum, and
// divided where that is no normal number.
//
// RUN: einfall-opt %s --compile-to=tile --target=x86-64-v4-dot | FileCheck %s
// RUN: einfall-compile %s -S --target=x86-64-v4-dot -o - | FileCheck %s --check-prefix=CODE

// Every lane is a pair's; a NaN is looked for in two registers at once.
// CODE-LABEL: reduce_0_p0:
// CODE-NOT: vpmovzx
// CODE: vscalefps
// CODE: vcmpordps {{.*}} {%k
// CODE: vpermw
// CODE: vmovnt{{ps|dq}} {{.*}}%zmm
// CODE-NOT: vpmovzx

// CHECK-LABEL: func.func private @reduce_0_p0
// CHECK: %[[SUM:.*]] = tile.load {{.*}} -> f32
// CHECK: %[[SIZE:.*]] = math.absf %[[SUM]] : f32
// CHECK: %[[LESS:.*]] = arith.cmpf ole, %[[SIZE]]
// CHECK: %[[MORE:.*]] = arith.cmpf oge, %[[SIZE]]
// CHECK: %[[NEAR:.*]] = arith.andi %[[LESS]], %[[MORE]]
// CHECK: %[[INVERSE:.*]] = arith.divf %{{.*}}, %[[SUM]] : f32
// CHECK: scf.if %[[NEAR]]
// CHECK: %[[FACTOR:.*]] = tile.broadcast %[[INVERSE]]
// CHECK-NEXT: %[[PRODUCT:.*]] = arith.mulf %{{.*}}, %[[FACTOR]] : tensor
// CHECK-NEXT: scf.yield %[[PRODUCT]]
// CHECK: } else {
// CHECK: arith.divf {{.*}} : tensor
// CHECK: tile.round_pairs
// CHECK: tile.extend_pairs
// CHECK: math.exp
// CHECK: tile.extend_pairs
// CHECK: tile.are_numbers
func.func @softmax(%x: !ein.tensor<[s, 4096], bf16>) -> !ein.tensor<[s, 4096], bf16> attributes {ein.entry} {
  %m = ein.einsum (%x[s, k]) -> [s] reduce [k: max] : (!ein.tensor<[s, 4096], bf16>) -> !ein.tensor<[s], f32> {
  ^bb0(%a: bf16):
    %w = arith.extf %a : bf16 to f32
    ein.yield %w : f32
  }
  %e = ein.einsum (%x[s, k], %m[s]) -> [s, k] : (!ein.tensor<[s, 4096], bf16>, !ein.tensor<[s], f32>) -> !ein.tensor<[s, 4096], f32> {
  ^bb0(%a: bf16, %b: f32):
    %w = arith.extf %a : bf16 to f32
    %d = arith.subf %w, %b : f32
    %t = math.exp %d : f32
    ein.yield %t : f32
  }
  %l = ein.einsum (%e[s, k]) -> [s] reduce [k: add] : (!ein.tensor<[s, 4096], f32>) -> !ein.tensor<[s], f32>
  %y = ein.einsum (%e[s, k], %l[s]) -> [s, k] : (!ein.tensor<[s, 4096], f32>, !ein.tensor<[s], f32>) -> !ein.tensor<[s, 4096], bf16> {
  ^bb0(%a: f32, %b: f32):
    %q = arith.divf %a, %b : f32
    %o = arith.truncf %q : f32 to bf16
    ein.yield %o : bf16
  }
  return %y : !ein.tensor<[s, 4096], bf16>
}
