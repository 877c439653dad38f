// Attention whose scores are larger than what makes them walks the keys. Projections stay out of its kernel where rows are known, as
// where they are free: each block would have all rows, as keys and values are too much to compute for each part of them.
//
// RUN: einfall-opt %s --einfall-pipeline="target=x86-64-v4 to=kernels" | FileCheck %s
// RUN: sed 's/130/r/g' %s | einfall-opt --einfall-pipeline="target=x86-64-v4 to=kernels" | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK-COUNT-3: = ein.kernel "
// CHECK-NOT: ein.kernel
func.func @main(%x: !ein.tensor<[2, 130, 96], f32>, %wq: !ein.tensor<[4, 64, 96], f32>, %wk: !ein.tensor<[4, 64, 96], f32>,
                %wv: !ein.tensor<[4, 64, 96], f32>, %wo: !ein.tensor<[96, 4, 64], f32>) -> !ein.tensor<[2, 130, 96], f32> attributes {ein.entry} {
  %q = ein.einsum (%x[b, m, k], %wq[h, d, k]) -> [b, m, h, d] reduce [k: add]
      : (!ein.tensor<[2, 130, 96], f32>, !ein.tensor<[4, 64, 96], f32>) -> !ein.tensor<[2, 130, 4, 64], f32>
  %key = ein.einsum (%x[b, n, k], %wk[h, d, k]) -> [b, n, h, d] reduce [k: add]
      : (!ein.tensor<[2, 130, 96], f32>, !ein.tensor<[4, 64, 96], f32>) -> !ein.tensor<[2, 130, 4, 64], f32>
  %v = ein.einsum (%x[b, n, k], %wv[h, d, k]) -> [b, n, h, d] reduce [k: add]
      : (!ein.tensor<[2, 130, 96], f32>, !ein.tensor<[4, 64, 96], f32>) -> !ein.tensor<[2, 130, 4, 64], f32>
  %s = ein.einsum (%q[b, m, h, d], %key[b, n, h, d]) -> [b, h, m, n] reduce [d: add]
      : (!ein.tensor<[2, 130, 4, 64], f32>, !ein.tensor<[2, 130, 4, 64], f32>) -> !ein.tensor<[2, 4, 130, 130], f32>
  %top = ein.einsum (%s[b, h, m, n]) -> [b, h, m] reduce [n: max] : (!ein.tensor<[2, 4, 130, 130], f32>) -> !ein.tensor<[2, 4, 130], f32>
  %p = ein.einsum (%s[b, h, m, n], %top[b, h, m]) -> [b, h, m, n]
      : (!ein.tensor<[2, 4, 130, 130], f32>, !ein.tensor<[2, 4, 130], f32>) -> !ein.tensor<[2, 4, 130, 130], f32> {
  ^bb0(%a: f32, %t: f32):
    %c = arith.subf %a, %t : f32
    %e = math.exp %c : f32
    ein.yield %e : f32
  }
  %sum = ein.einsum (%p[b, h, m, n]) -> [b, h, m] reduce [n: add] : (!ein.tensor<[2, 4, 130, 130], f32>) -> !ein.tensor<[2, 4, 130], f32>
  %y = ein.einsum (%p[b, h, m, n], %sum[b, h, m], %v[b, n, h, d]) -> [b, h, m, d] reduce [n: add]
      : (!ein.tensor<[2, 4, 130, 130], f32>, !ein.tensor<[2, 4, 130], f32>, !ein.tensor<[2, 130, 4, 64], f32>) -> !ein.tensor<[2, 4, 130, 64], f32> {
  ^bb0(%a: f32, %t: f32, %w: f32):
    %c = arith.divf %a, %t : f32
    %e = arith.mulf %c, %w : f32
    ein.yield %e : f32
  }
  %o = ein.einsum (%y[b, h, m, d], %wo[f, h, d]) -> [b, m, f] reduce [h: add, d: add]
      : (!ein.tensor<[2, 4, 130, 64], f32>, !ein.tensor<[96, 4, 64], f32>) -> !ein.tensor<[2, 130, 96], f32>
  return %o : !ein.tensor<[2, 130, 96], f32>
}
