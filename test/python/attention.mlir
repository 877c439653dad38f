// Attention as a cascade: three passes over m as written, one once its folds are derived.
func.func @attention(%Q: !ein.tensor<[e, p], f32> {ein.name = "Q"},
                     %K: !ein.tensor<[e, m], f32> {ein.name = "K"},
                     %V: !ein.tensor<[f, m], f32> {ein.name = "V"})
    -> (!ein.tensor<[f, p], f32> {ein.name = "AV"}) attributes {ein.entry} {
  %QK = ein.einsum (%Q[e, p], %K[e, m]) -> [m, p] reduce [e: add] {ein.name = "QK"}
      : (!ein.tensor<[e, p], f32>, !ein.tensor<[e, m], f32>) -> !ein.tensor<[m, p], f32>
  %GM = ein.einsum (%QK[m, p]) -> [p] reduce [m: max] {ein.name = "GM"}
      : (!ein.tensor<[m, p], f32>) -> !ein.tensor<[p], f32>
  %SN = ein.einsum (%QK[m, p], %GM[p]) -> [m, p] {ein.name = "SN"}
      : (!ein.tensor<[m, p], f32>, !ein.tensor<[p], f32>) -> !ein.tensor<[m, p], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.subf %a, %b : f32
    %r2 = math.exp %r1 : f32
    ein.yield %r2 : f32
  }
  %SD = ein.einsum (%SN[m, p]) -> [p] reduce [m: add] {ein.name = "SD"}
      : (!ein.tensor<[m, p], f32>) -> !ein.tensor<[p], f32>
  %A = ein.einsum (%SN[m, p], %SD[p]) -> [m, p] {ein.name = "A"}
      : (!ein.tensor<[m, p], f32>, !ein.tensor<[p], f32>) -> !ein.tensor<[m, p], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.divf %a, %b : f32
    ein.yield %r1 : f32
  }
  %AV = ein.einsum (%A[m, p], %V[f, m]) -> [f, p] reduce [m: add] {ein.name = "AV"}
      : (!ein.tensor<[m, p], f32>, !ein.tensor<[f, m], f32>) -> !ein.tensor<[f, p], f32>
  return %AV : !ein.tensor<[f, p], f32>
}
