// Chunks end where the part of a rank does, also where they are smaller than asked for so that a block fits: of 25
// coordinates of parts of 100 there stay no 12, which do not divide 100, nor 6 or 3.
//
// RUN: einfall-opt %s --ein-derive-folds --ein-form-kernels --ein-split-folds=length=100 --ein-stage-kernels -o %t
// RUN: sed 's/\("reduce_0_parts"([^)]*)\) :/\1 {tile.schedule = #tile.schedule<ranks = {m = array<i64: 25>}>} :/' %t > %t.given
// RUN: einfall-opt %t.given --ein-to-tile | FileCheck %s --check-prefix=GIVEN
// RUN: einfall-opt %t.given --ein-to-tile=local-bytes=200 | FileCheck %s

// GIVEN: func.func private @reduce_0_parts{{.*}}tile.schedule = #tile.schedule<ranks = {m = array<i64: 25>
// CHECK: func.func private @reduce_0_parts{{.*}}tile.schedule = #tile.schedule<ranks = {m = array<i64: 1>
func.func @rows(%q: !ein.tensor<[2, 8], f32>, %k: !ein.tensor<[M, 8], f32>) -> !ein.tensor<[2], f32> {
  %w = ein.einsum (%q[p, e], %k[m, e]) -> [p, m] reduce [e: add] : (!ein.tensor<[2, 8], f32>, !ein.tensor<[M, 8], f32>) -> !ein.tensor<[2, M], f32>
  %top = ein.einsum (%w[p, m]) -> [p] reduce [m: max] : (!ein.tensor<[2, M], f32>) -> !ein.tensor<[2], f32>
  %z = ein.einsum (%w[p, m], %top[p]) -> [p] reduce [m: add] : (!ein.tensor<[2, M], f32>, !ein.tensor<[2], f32>) -> !ein.tensor<[2], f32> {
  ^bb0(%a: f32, %b: f32):
    %d = arith.subf %a, %b : f32
    %r = math.exp %d : f32
    ein.yield %r : f32
  }
  return %z : !ein.tensor<[2], f32>
}
