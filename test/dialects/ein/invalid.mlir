// RUN: einfall-opt %s --split-input-file --verify-diagnostics

// One function a numbered constraint of docs/spec/ein.md, named after it.

// expected-error @+1 {{expected a float or a signless integer of 1 to 64 bits as element type, got 'index'}}
func.func private @tensor_c1(!ein.tensor<[n], index>)

// -----

// expected-error @+1 {{got 'ui8'}}
func.func private @tensor_c1_unsigned(!ein.tensor<[n], ui8>)

// -----

// expected-error @+1 {{got 'i65'}}
func.func private @tensor_c1_wide(!ein.tensor<[n], i65>)

// -----

// expected-error @+1 {{expected extents of at least 0, got -2}}
func.func private @tensor_c2(!ein.tensor<[3 - 5], f32>)

// -----

// expected-error @+1 {{ein.numerics expects "strict", "algebraic" or "fast" on a module or a function, but got "exact"}}
module @numerics_c1 attributes {ein.numerics = "exact"} {}

// -----

func.func @numerics_c1_op(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{on a module or a function, but got "strict"}}
  %y = ein.view %x[i] -> [i] {ein.numerics = "strict"} : !ein.tensor<[n], f32> -> !ein.tensor<[n], f32>
  return
}

// -----

func.func @einsum_c1(%x: !ein.tensor<[n, m], f32>) {
  // expected-error @+1 {{operand #0: expected 2 indices for '!ein.tensor<[n, m], f32>', but got 1}}
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n, m], f32>) -> !ein.tensor<[n], f32>
  return
}

// -----

func.func @einsum_c1_product(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{operand #0: expected affine indices, but ranks multiply or divide ranks}}
  %y = ein.einsum (%x[i * j]) -> [i, j] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n, n], f32>
  return
}

// -----

func.func @view_c1_division(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{operand #0: expected affine indices, but ranks multiply or divide ranks}}
  %y = ein.view %x[i floordiv j] -> [i, j] : !ein.tensor<[n], f32> -> !ein.tensor<[n, n], f32>
  return
}

// -----

func.func @einsum_c1_lists(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{expected one index list an operand, 1, but got 0}}
  %y = "ein.einsum"(%x) <{coords = [""], extents = [], maps = [], monoids = array<i32>, ranks = ["i"], symbols = []}> ({
  ^bb0(%a: f32):
    "ein.yield"(%a) : (f32) -> ()
  }) : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32>
  return
}

// -----

func.func @einsum_c2(%x: !ein.tensor<[n, m], f32>) {
  // expected-error @+1 {{expected 1 result labels for '!ein.tensor<[n], f32>', but got 2}}
  %y = ein.einsum (%x[i, j]) -> [i, j] : (!ein.tensor<[n, m], f32>) -> !ein.tensor<[n], f32>
  return
}

// -----

func.func @einsum_c2_distinct(%x: !ein.tensor<[n, n], f32>) {
  // expected-error @+1 {{expected distinct ranks, but 'i' stands twice}}
  %y = ein.einsum (%x[i, i]) -> [i, i] : (!ein.tensor<[n, n], f32>) -> !ein.tensor<[n, n], f32>
  return
}

// -----

func.func @einsum_c3(%x: !ein.tensor<[n], f32>, %z: !ein.tensor<[m], f32>) {
  // expected-error @+1 {{rank 'i' has extent n, but operand #1 has m there}}
  %y = ein.einsum (%x[i], %z[i]) -> [i] : (!ein.tensor<[n], f32>, !ein.tensor<[m], f32>) -> !ein.tensor<[n], f32>
  return
}

// -----

func.func @einsum_c3_reduced(%x: !ein.tensor<[n], f32>, %z: !ein.tensor<[n + 1], f32>) {
  // expected-error @+1 {{rank 'i' has extent n, but operand #1 has n + 1 there}}
  %y = ein.einsum (%x[i], %z[i]) -> [] reduce [i: add] : (!ein.tensor<[n], f32>, !ein.tensor<[n + 1], f32>) -> !ein.tensor<[], f32>
  return
}

// -----

func.func @einsum_c4(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{no operand tells the extent of rank 'r': write `in EXTENT` behind it}}
  %y = ein.einsum (%x[i + r]) -> [i] reduce [r: add] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32>
  return
}

// -----

func.func @einsum_c4_free(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{expected distinct ranks, but 'i' stands twice}}
  %y = ein.einsum (%x[i]) -> [i] reduce [i: add] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32>
  return
}

// -----

func.func @einsum_c4_count(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{expected an extent for every reduced rank}}
  %y = "ein.einsum"(%x) <{coords = [""], extents = [], maps = [affine_map<(d0)[s0] -> (d0)>], monoids = array<i32: 0>, ranks = ["i"], symbols = []}> ({
  ^bb0(%a: f32):
    "ein.yield"(%a) : (f32) -> ()
  }) : (!ein.tensor<[n], f32>) -> !ein.tensor<[], f32>
  return
}

// -----

func.func @einsum_c4_kind(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{expected an extent for every reduced rank}}
  %y = "ein.einsum"(%x) <{coords = [""], extents = [5], maps = [affine_map<(d0)[s0] -> (d0)>], monoids = array<i32: 0>, ranks = ["i"], symbols = []}> ({
  ^bb0(%a: f32):
    "ein.yield"(%a) : (f32) -> ()
  }) : (!ein.tensor<[n], f32>) -> !ein.tensor<[], f32>
  return
}

// -----

func.func @einsum_c5(%x: !ein.tensor<[n], f32>, %t: !ein.tensor<[10], f32>) {
  // expected-error @+1 {{operand #0: expected coordinates read from integer operands, but this holds 'f32'}}
  %y = ein.einsum (%x[i] as r, %t[r]) -> [i] : (!ein.tensor<[n], f32>, !ein.tensor<[10], f32>) -> !ein.tensor<[n], f32>
  return
}

// -----

func.func @einsum_c5_order(%t: !ein.tensor<[10], i64>, %x: !ein.tensor<[n], i64>) {
  // expected-error @+1 {{operand #0: expected coordinates read from integer operands that stand before it}}
  %y = ein.einsum (%t[r], %x[i] as r) -> [i] : (!ein.tensor<[10], i64>, !ein.tensor<[n], i64>) -> !ein.tensor<[n], i64>
  return
}

// -----

func.func @einsum_c6(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{expected a region argument of type 'f32', but got 'f64'}}
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f64> {
  ^bb0(%a: f64):
    ein.yield %a : f64
  }
  return
}

// -----

func.func @einsum_c6_count(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{expected 1 region arguments, but got 2}}
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32, %b: f32):
    ein.yield %a : f32
  }
  return
}

// -----

func.func @einsum_c6_yield(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{the region yields 'f32', but the result holds 'f64'}}
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f64>
  return
}

// -----

func.func @einsum_c6_argmax(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{the region yields 'f32', but the result holds 'f32'}}
  %y = ein.einsum (%x[i]) -> [] reduce [i: argmax] : (!ein.tensor<[n], f32>) -> !ein.tensor<[], f32>
  return
}

// -----

func.func @einsum_c6_one_value(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{expected the region to yield one value}}
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    ein.yield %a, %a : f32, f32
  }
  return
}

// -----

func.func @einsum_c6_default(%x: !ein.tensor<[n], f32>, %z: !ein.tensor<[n], bf16>) {
  // expected-error @+1 {{operands of different element types need a region with explicit casts}}
  %y = ein.einsum (%x[i], %z[i]) -> [i] : (!ein.tensor<[n], f32>, !ein.tensor<[n], bf16>) -> !ein.tensor<[n], f32>
  return
}

// -----

func.func @einsum_c6_nothing() {
  // expected-error @+1 {{an einsum without operands needs a region}}
  %y = ein.einsum () -> [i] : () -> !ein.tensor<[n], f32>
  return
}

// -----

func.func @einsum_c7(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{or reduces integers, but the region yields 'f32'}}
  %y = ein.einsum (%x[i]) -> [] reduce [i: or] : (!ein.tensor<[n], f32>) -> !ein.tensor<[], f32>
  return
}

// -----

func.func @einsum_c7_and(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{and reduces integers, but the region yields 'f32'}}
  %y = ein.einsum (%x[i]) -> [] reduce [i: and] : (!ein.tensor<[n], f32>) -> !ein.tensor<[], f32>
  return
}

// -----

func.func @einsum_c7_logaddexp(%x: !ein.tensor<[n], i32>) {
  // expected-error @+1 {{logaddexp reduces floats, but the region yields 'i32'}}
  %y = ein.einsum (%x[i]) -> [] reduce [i: logaddexp] : (!ein.tensor<[n], i32>) -> !ein.tensor<[], i32>
  return
}

// -----

func.func @einsum_c7_argmax(%x: !ein.tensor<[n, m], f32>) {
  // expected-error @+1 {{argmax has to be the only reduced rank, 'i' is not}}
  %y = ein.einsum (%x[i, j]) -> [] reduce [i: argmax, j: add] : (!ein.tensor<[n, m], f32>) -> !ein.tensor<[], i64>
  return
}

// -----

func.func @einsum_c7_unknown(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{expected add, mul, max, min, or, and, argmax, argmin or logaddexp, but got 'sum'}}
  %y = ein.einsum (%x[i]) -> [] reduce [i: sum] : (!ein.tensor<[n], f32>) -> !ein.tensor<[], f32>
  return
}

// -----

func.func @einsum_c7_code(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{monoid 77 is not one}}
  %y = "ein.einsum"(%x) <{coords = [""], extents = [#ein.extent<n>], maps = [affine_map<(d0)[s0] -> (d0)>], monoids = array<i32: 77>, ranks = ["i"], symbols = []}> ({
  ^bb0(%a: f32):
    "ein.yield"(%a) : (f32) -> ()
  }) : (!ein.tensor<[n], f32>) -> !ein.tensor<[], f32>
  return
}

// -----

func.func private @f() -> f32

func.func @einsum_c8(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{the region may hold scalar arith, math, ein.index and ein.extent only}}
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    // expected-note @+1 {{found 'func.call'}}
    %b = func.call @f() : () -> f32
    ein.yield %b : f32
  }
  return
}

// -----

func.func @einsum_c8_vector(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{the region may hold scalar arith, math, ein.index and ein.extent only}}
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    // expected-note @+1 {{found 'arith.constant'}}
    %b = arith.constant dense<1.0> : vector<4xf32>
    ein.yield %a : f32
  }
  return
}

// -----

func.func @einsum_c8_outside(%x: !ein.tensor<[n], f32>) {
  %one = arith.constant 1.0 : f32
  // expected-error @+1 {{the region uses a value from outside it}}
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    // expected-note @+1 {{used here}}
    %b = arith.addf %a, %one : f32
    ein.yield %b : f32
  }
  return
}

// -----

func.func @einsum_c9(%x: !ein.tensor<[n], i64>) {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], i64>) -> !ein.tensor<[n], i64> {
  ^bb0(%a: i64):
    // expected-error @+1 {{names rank 'j', which the einsum does not have}}
    %b = ein.index "j"
    %c = arith.index_cast %b : index to i64
    ein.yield %c : i64
  }
  return
}

// -----

func.func @einsum_c10(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{expected a number or unit for each of 1 operands as fills, but got []}}
  %y = ein.einsum (%x[i]) -> [i] {fills = []} : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32>
  return
}

// -----

func.func @einsum_c10_number(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{expected a number or unit for each of 1 operands as fills, but got ["none"]}}
  %y = ein.einsum (%x[i]) -> [i] {fills = ["none"]} : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32>
  return
}

// -----

func.func @einsum_c11(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{expected no fills, as no operand has one}}
  %y = ein.einsum (%x[i]) -> [i] {fills = [unit]} : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32>
  return
}

// -----

func.func @einsum_c12(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{expected a value of type 'f32' behind 'else'}}
  %y = ein.einsum (%x[i - 1] else true) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32>
  return
}

// -----

func.func @einsum_c12_attribute(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{operand #0: expected a value of type 'f32' behind 'else', but got 1 : i32}}
  %y = ein.einsum (%x[i - 1]) -> [i] {fills = [1 : i32]} : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32>
  return
}

// -----

// Other ops have no else: a view has a fill.
func.func @einsum_c12_other(%x: !ein.tensor<[n], f32>, %h: !ein.tensor<[], f32>) {
  // expected-error @+1 {{expected ')'}}
  %y = ein.scan (%x[t - 1] else 1.0, %h[]) over t -> [t] : (!ein.tensor<[n], f32>, !ein.tensor<[], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32, %h0: f32, %s: f32):
    ein.yield %s : f32
  }
  return
}

// -----

func.func @view_c1(%x: !ein.tensor<[n, m], f32>) {
  // expected-error @+1 {{operand #0: expected 2 indices for '!ein.tensor<[n, m], f32>', but got 1}}
  %y = ein.view %x[i] -> [i] : !ein.tensor<[n, m], f32> -> !ein.tensor<[n], f32>
  return
}

// -----

func.func @view_c1_labels(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{expected 2 labels for '!ein.tensor<[n, 2], f32>', but got 1}}
  %y = ein.view %x[i] -> [i] : !ein.tensor<[n], f32> -> !ein.tensor<[n, 2], f32>
  return
}

// -----

func.func @view_c1_element(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{expected a result of 'f32', but got 'f64'}}
  %y = ein.view %x[i] -> [i] : !ein.tensor<[n], f32> -> !ein.tensor<[n], f64>
  return
}

// -----

func.func @view_c2(%x: !ein.tensor<[n], i32>) {
  // expected-error @+1 {{expected a fill of type 'i32'}}
  %y = ein.view %x[i - 1] fill 1.0 -> [i] : !ein.tensor<[n], i32> -> !ein.tensor<[n], i32>
  return
}

// -----

func.func @view_c2_generic(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{expected a fill of type 'f32', but got 'f64'}}
  %y = "ein.view"(%x) <{coords = [""], fill = 1.0 : f64, maps = [affine_map<(d0)[s0] -> (d0)>], ranks = ["i"], symbols = []}> : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32>
  return
}

// -----

func.func @gather_c1(%x: !ein.tensor<[n, m], f32>, %p: !ein.tensor<[k], i64>) {
  // expected-error @+1 {{operand #1: expected 2 indices for '!ein.tensor<[n, m], f32>', but got 1}}
  %y = ein.gather %x[r] using (%p[i] as r) -> [i] : !ein.tensor<[n, m], f32> (!ein.tensor<[k], i64>) -> !ein.tensor<[k], f32>
  return
}

// -----

func.func @gather_c1_element(%x: !ein.tensor<[n], f32>, %p: !ein.tensor<[k], i64>) {
  // expected-error @+1 {{expected a result of 'f32', but got 'f16'}}
  %y = ein.gather %x[r] using (%p[i] as r) -> [i] : !ein.tensor<[n], f32> (!ein.tensor<[k], i64>) -> !ein.tensor<[k], f16>
  return
}

// -----

func.func @gather_c1_float(%x: !ein.tensor<[n], f32>, %p: !ein.tensor<[k], f32>) {
  // expected-error @+1 {{expected coordinates read from integer operands}}
  %y = ein.gather %x[r] using (%p[i] as r) -> [i] : !ein.tensor<[n], f32> (!ein.tensor<[k], f32>) -> !ein.tensor<[k], f32>
  return
}

// -----

func.func @gather_c1_types(%x: !ein.tensor<[n], f32>, %p: !ein.tensor<[k], i64>) {
  // expected-error @+1 {{expected 1 index types}}
  %y = ein.gather %x[r] using (%p[i] as r) -> [i] : !ein.tensor<[n], f32> () -> !ein.tensor<[k], f32>
  return
}

// -----

func.func @update_c1(%d: !ein.tensor<[n, m], f32>, %s: !ein.tensor<[k], f32>) {
  // expected-error @+1 {{expected 2 indices for '!ein.tensor<[n, m], f32>', but got 1}}
  %y = ein.update %d[i] = %s[i] : !ein.tensor<[n, m], f32>, !ein.tensor<[k], f32>
  return
}

// -----

func.func @update_c1_element(%d: !ein.tensor<[n], f32>, %s: !ein.tensor<[k], f16>) {
  // expected-error @+1 {{expected a source of 'f32', but got 'f16'}}
  %y = ein.update %d[i] = %s[i] : !ein.tensor<[n], f32>, !ein.tensor<[k], f16>
  return
}

// -----

func.func @update_c1_labels(%d: !ein.tensor<[n], f32>, %s: !ein.tensor<[k, 2], f32>) {
  // expected-error @+1 {{expected 2 labels for the source, but got 1}}
  %y = ein.update %d[i] = %s[i] : !ein.tensor<[n], f32>, !ein.tensor<[k, 2], f32>
  return
}

// -----

func.func @update_c1_result(%d: !ein.tensor<[n], f32>, %s: !ein.tensor<[k], f32>) {
  // expected-error @+1 {{expected the result to have the destination's type '!ein.tensor<[n], f32>', but got '!ein.tensor<[k], f32>'}}
  %y = "ein.update"(%d, %s) <{maps = [affine_map<(d0)[s0] -> (d0)>], ranks = ["i"], symbols = []}> : (!ein.tensor<[n], f32>, !ein.tensor<[k], f32>) -> !ein.tensor<[k], f32>
  return
}

// -----

func.func @scatter_c1(%d: !ein.tensor<[n, m], f32>, %s: !ein.tensor<[k], f32>, %p: !ein.tensor<[k], i64>) {
  // expected-error @+1 {{operand #1: expected 2 indices for '!ein.tensor<[n, m], f32>', but got 1}}
  %y = ein.scatter %d[r] = %s[i] using (%p[i] as r) : !ein.tensor<[n, m], f32>, !ein.tensor<[k], f32> (!ein.tensor<[k], i64>)
  return
}

// -----

func.func @scatter_c1_element(%d: !ein.tensor<[n], f32>, %s: !ein.tensor<[k], f64>, %p: !ein.tensor<[k], i64>) {
  // expected-error @+1 {{expected a source of 'f32', but got 'f64'}}
  %y = ein.scatter %d[r] = %s[i] using (%p[i] as r) : !ein.tensor<[n], f32>, !ein.tensor<[k], f64> (!ein.tensor<[k], i64>)
  return
}

// -----

func.func @scatter_c1_monoid(%d: !ein.tensor<[n], f32>, %s: !ein.tensor<[k], f32>, %p: !ein.tensor<[k], i64>) {
  // expected-error @+1 {{argmax does not combine elements of 'f32'}}
  %y = ein.scatter %d[r] = %s[i] using (%p[i] as r) argmax : !ein.tensor<[n], f32>, !ein.tensor<[k], f32> (!ein.tensor<[k], i64>)
  return
}

// -----

func.func @scatter_c1_or(%d: !ein.tensor<[n], f32>, %s: !ein.tensor<[k], f32>, %p: !ein.tensor<[k], i64>) {
  // expected-error @+1 {{or does not combine elements of 'f32'}}
  %y = ein.scatter %d[r] = %s[i] using (%p[i] as r) or : !ein.tensor<[n], f32>, !ein.tensor<[k], f32> (!ein.tensor<[k], i64>)
  return
}

// -----

func.func @concat_c1(%a: !ein.tensor<[n, 2], f32>, %b: !ein.tensor<[m, 2], f32>) {
  // expected-error @+1 {{extents along dimension 0 add up to m + n, but the result has n}}
  %y = ein.concat %a, %b dim 0 : (!ein.tensor<[n, 2], f32>, !ein.tensor<[m, 2], f32>) -> !ein.tensor<[n, 2], f32>
  return
}

// -----

func.func @concat_c1_other(%a: !ein.tensor<[n, 2], f32>, %b: !ein.tensor<[n, 3], f32>) {
  // expected-error @+1 {{expected extent 2 in dimension 1, but got 3}}
  %y = ein.concat %a, %b dim 0 : (!ein.tensor<[n, 2], f32>, !ein.tensor<[n, 3], f32>) -> !ein.tensor<[2 * n, 2], f32>
  return
}

// -----

func.func @concat_c1_element(%a: !ein.tensor<[n], f32>, %b: !ein.tensor<[n], f16>) {
  // expected-error @+1 {{expected operands like '!ein.tensor<[n * 2], f32>', but got '!ein.tensor<[n], f16>'}}
  %y = ein.concat %a, %b dim 0 : (!ein.tensor<[n], f32>, !ein.tensor<[n], f16>) -> !ein.tensor<[2 * n], f32>
  return
}

// -----

func.func @concat_c1_dim(%a: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{expected operands and a dim below 1}}
  %y = ein.concat %a dim 1 : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32>
  return
}

// -----

func.func @scan_c1(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{the initial state carries the scanned rank 't'}}
  %y = ein.scan (%x[t], %x[t]) over t -> [t] : (!ein.tensor<[n], f32>, !ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32, %h: f32, %s: f32):
    ein.yield %a : f32
  }
  return
}

// -----

func.func @scan_c1_element(%x: !ein.tensor<[n], f32>, %h: !ein.tensor<[], f64>) {
  // expected-error @+1 {{expected an initial state of 'f32'}}
  %y = ein.scan (%x[t], %h[]) over t -> [t] : (!ein.tensor<[n], f32>, !ein.tensor<[], f64>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32, %h0: f64, %s: f32):
    ein.yield %a : f32
  }
  return
}

// -----

func.func @scan_c1_arguments(%x: !ein.tensor<[n], f32>, %h: !ein.tensor<[], f32>) {
  // expected-error @+1 {{expected region arguments for the inputs and the running state}}
  %y = ein.scan (%x[t], %h[]) over t -> [t] : (!ein.tensor<[n], f32>, !ein.tensor<[], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f64, %h0: f32, %s: f32):
    ein.yield %s : f32
  }
  return
}

// -----

func.func @scan_c1_rank(%x: !ein.tensor<[n], f32>, %h: !ein.tensor<[], f32>) {
  // expected-error @+1 {{expected the scanned rank among 1 labels, but got 4}}
  %y = "ein.scan"(%x, %h) <{coords = ["", ""], maps = [affine_map<(d0)[s0, s1] -> (d0)>, affine_map<(d0)[s0, s1] -> ()>], ranks = ["t"], scanned = 4 : i64, symbols = []}> ({
  ^bb0(%a: f32, %h0: f32, %s: f32):
    "ein.yield"(%s) : (f32) -> ()
  }) : (!ein.tensor<[n], f32>, !ein.tensor<[], f32>) -> !ein.tensor<[n], f32>
  return
}

// -----

func.func @scan_c1_label(%x: !ein.tensor<[n], f32>, %h: !ein.tensor<[], f32>) {
  // expected-error @+1 {{expected 'u' among the result labels}}
  %y = ein.scan (%x[t], %h[]) over u -> [t] : (!ein.tensor<[n], f32>, !ein.tensor<[], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32, %h0: f32, %s: f32):
    ein.yield %s : f32
  }
  return
}

// -----

func.func @scan_c1_index(%x: !ein.tensor<[n], i64>, %h: !ein.tensor<[], i64>) {
  %y = ein.scan (%x[t], %h[]) over t -> [t] : (!ein.tensor<[n], i64>, !ein.tensor<[], i64>) -> !ein.tensor<[n], i64> {
  ^bb0(%a: i64, %h0: i64, %s: i64):
    // expected-error @+1 {{names rank 'q', which the scan does not have}}
    %q = ein.index "q"
    %i = arith.index_cast %q : index to i64
    ein.yield %i : i64
  }
  return
}

// -----

func.func @topk_c1(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{expected a dim below 1, but got 1}}
  %v, %i = ein.topk %x dim 1 k 2 : !ein.tensor<[n], f32> -> !ein.tensor<[2], f32>, !ein.tensor<[2], i64>
  return
}

// -----

func.func @topk_c1_many(%x: !ein.tensor<[3], f32>) {
  // expected-error @+1 {{expected k within the extent, but got 4}}
  %v, %i = ein.topk %x dim 0 k 4 : !ein.tensor<[3], f32> -> !ein.tensor<[4], f32>, !ein.tensor<[4], i64>
  return
}

// -----

func.func @topk_c1_negative(%x: !ein.tensor<[3], f32>) {
  // expected-error @+1 {{expected k within the extent, but got -1}}
  %v, %i = ein.topk %x dim 0 k -1 : !ein.tensor<[3], f32> -> !ein.tensor<[0], f32>, !ein.tensor<[0], i64>
  return
}

// -----

func.func @topk_c1_results(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{expected i64 coordinates shaped like the values}}
  %v, %i = ein.topk %x dim 0 k 2 : !ein.tensor<[n], f32> -> !ein.tensor<[2], f32>, !ein.tensor<[2], i32>
  return
}

// -----

func.func @sort_c1(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{expected a dim below 1, but got -1}}
  %v, %i = ein.sort %x dim -1 : !ein.tensor<[n], f32> -> !ein.tensor<[n], f32>, !ein.tensor<[n], i64>
  return
}

// -----

func.func @sort_c1_values(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{expected values of '!ein.tensor<[n], f32>', but got '!ein.tensor<[m], f32>'}}
  %v, %i = ein.sort %x dim 0 : !ein.tensor<[n], f32> -> !ein.tensor<[m], f32>, !ein.tensor<[n], i64>
  return
}

// -----

func.func @constant() {
  // expected-error @+1 {{the literal is 'tensor<2xf32>', but the result is '!ein.tensor<[3], f32>'}}
  %x = ein.constant dense<1.0> : tensor<2xf32> -> !ein.tensor<[3], f32>
  return
}

// -----

func.func @kernel(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{expected the region to yield the results}}
  %y = ein.kernel "k"(%x) : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f64> {
  ^bb0(%a: !ein.tensor<[n], f32>):
    ein.yield %a : !ein.tensor<[n], f32>
  }
  return
}

// -----

// expected-error @+1 {{expected a positive divisor, got 0}}
func.func private @extent_divisor(!ein.tensor<[n floordiv 0], f32>)

// -----

func.func @einsum_c2_negative(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{expected 0 result labels for '!ein.tensor<[], f32>', but got -2}}
  %y = "ein.einsum"(%x) <{coords = [""], extents = [], maps = [affine_map<(d0)[s0] -> (d0)>], monoids = array<i32: 0, 0, 0>, ranks = ["i"], symbols = []}> ({
  ^bb0(%a: f32):
    "ein.yield"(%a) : (f32) -> ()
  }) : (!ein.tensor<[n], f32>) -> !ein.tensor<[], f32>
  return
}

// -----

func.func @no_name(%x: !ein.tensor<[n], f32>) {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    // expected-error @+1 {{requires attribute 'rank'}}
    %b = "ein.index"() : () -> index
    ein.yield %a : f32
  }
  return
}

// -----

// expected-error @+1 {{expected ein.entry, without a value, on a function}}
func.func @function_c1(%x: !ein.tensor<[n], f32>) attributes {ein.entry = 3} {
  return
}

// -----

// expected-error @+1 {{is an entry (ein.entry), but has no body}}
func.func private @function_c1_body(!ein.tensor<[n], f32>) attributes {ein.entry}

// -----

// expected-error @+1 {{is an entry (ein.entry): expected an ein tensor as argument #0, but got 'i32'}}
func.func @function_c2(%x: i32) attributes {ein.entry} {
  return
}

// -----

// expected-error @+1 {{expected ein.params = ["SYMBOL", ...], but got "t"}}
func.func @function_c3(%x: !ein.tensor<[n], f32>) attributes {ein.params = "t"} {
  return
}

// -----

// expected-error @+1 {{expected ein.assume = [#ein.extent<EXTENT>, ...], but got [3]}}
func.func @function_c4(%x: !ein.tensor<[n], f32>) attributes {ein.assume = [3]} {
  return
}

// -----

// expected-error @+1 {{expected ein.weight = "NAME", but got 3}}
func.func @function_c5(%x: !ein.tensor<[4], f32> {ein.weight = 3}) {
  return
}

// -----

// expected-error @+1 {{expected ein.name = "NAME", but got ""}}
func.func @function_c5_result(%x: !ein.tensor<[4], f32>) -> (!ein.tensor<[4], f32> {ein.name = ""}) {
  return %x : !ein.tensor<[4], f32>
}

// -----

// expected-error @+1 {{ein.range is for integers, but got '!ein.tensor<[4], f32>'}}
func.func @function_c6(%x: !ein.tensor<[4], f32> {ein.range = [0, 4]}) {
  return
}

// -----

// expected-error @+1 {{expected ein.range = [LOW, HIGH) with LOW < HIGH, but got [4, 4]}}
func.func @function_c6_order(%x: !ein.tensor<[4], i64> {ein.range = [4, 4]}) {
  return
}

// -----

// expected-error @+1 {{expected ein.order on a weight, with each of its dimensions once, but got array<i64: 1, 1>}}
func.func @function_c7(%w: !ein.tensor<[4, 4], f32> {ein.weight = "w", ein.order = array<i64: 1, 1>}) {
  return
}

// -----

// expected-error @+1 {{expected ein.order on a weight, with each of its dimensions once, but got array<i64: 0, 1>}}
func.func @function_c7_input(%x: !ein.tensor<[4, 4], f32> {ein.order = array<i64: 0, 1>}) {
  return
}

// -----

// expected-error @+1 {{expected ein.panels = array<i64: DIMENSION, COLUMNS, GROUP> on a weight that is a matrix of whole panels and groups, but got array<i64: 0, 32, 2>}}
func.func @function_c8(%w: !ein.tensor<[40, 4], bf16> {ein.weight = "w", ein.panels = array<i64: 0, 32, 2>}) {
  return
}

// -----

// expected-error @+1 {{expected ein.panels = array<i64: DIMENSION, COLUMNS, GROUP> on a weight that is a matrix of whole panels and groups, but got array<i64: 0, 32, 2>}}
func.func @function_c8_group(%w: !ein.tensor<[64, 3], bf16> {ein.weight = "w", ein.panels = array<i64: 0, 32, 2>}) {
  return
}

// -----

// expected-error @+1 {{expected ein.panels = array<i64: DIMENSION, COLUMNS, GROUP> on a weight that is a matrix of whole panels and groups, but got array<i64: 0, 32, 2>}}
func.func @function_c8_input(%w: !ein.tensor<[64, 4], bf16> {ein.panels = array<i64: 0, 32, 2>}) {
  return
}

// -----

// expected-error @+1 {{expected ein.panels = array<i64: DIMENSION, COLUMNS, GROUP> on a weight that is a matrix of whole panels and groups, but got array<i64: 0, 32, 2>}}
func.func @function_c8_rank(%w: !ein.tensor<[64], bf16> {ein.weight = "w", ein.panels = array<i64: 0, 32, 2>}) {
  return
}

// -----

// expected-error @+1 {{expected ein.panels = array<i64: DIMENSION, COLUMNS, GROUP> on a weight that is a matrix of whole panels and groups, but got array<i64: 2, 32, 2>}}
func.func @function_c8_dimension(%w: !ein.tensor<[64, 4], bf16> {ein.weight = "w", ein.panels = array<i64: 2, 32, 2>}) {
  return
}

// -----

// expected-error @+1 {{expected ein.panels = array<i64: DIMENSION, COLUMNS, GROUP> on a weight that is a matrix of whole panels and groups, but got array<i64: 0, 32>}}
func.func @function_c8_numbers(%w: !ein.tensor<[64, 4], bf16> {ein.weight = "w", ein.panels = array<i64: 0, 32>}) {
  return
}

// -----

func.func @kernel_c2(%x: !ein.tensor<[4], f32>, %w: !ein.tensor<[64, 4], bf16>) -> !ein.tensor<[4], f32> {
  // expected-error @+1 {{expected ein.panels of a kernel to say of each operand `unit` or}}
  %y = ein.kernel "k"(%x, %w) {ein.panels = [unit]} : (!ein.tensor<[4], f32>, !ein.tensor<[64, 4], bf16>) -> !ein.tensor<[4], f32> {
  ^bb0(%a: !ein.tensor<[4], f32>, %b: !ein.tensor<[64, 4], bf16>):
    ein.yield %a : !ein.tensor<[4], f32>
  }
  return %y : !ein.tensor<[4], f32>
}

// -----

func.func @kernel_c2_type(%x: !ein.tensor<[4], f32>, %w: !ein.tensor<[64, 4], bf16>) -> !ein.tensor<[4], f32> {
  // expected-error @+1 {{expected ein.panels of a kernel to say of each operand `unit` or}}
  %y = ein.kernel "k"(%x, %w) {ein.panels = [unit, 0]} : (!ein.tensor<[4], f32>, !ein.tensor<[64, 4], bf16>) -> !ein.tensor<[4], f32> {
  ^bb0(%a: !ein.tensor<[4], f32>, %b: !ein.tensor<[64, 4], bf16>):
    ein.yield %a : !ein.tensor<[4], f32>
  }
  return %y : !ein.tensor<[4], f32>
}

// -----

func.func @kernel_c2_numbers(%x: !ein.tensor<[4], f32>, %w: !ein.tensor<[64, 4], bf16>) -> !ein.tensor<[4], f32> {
  // expected-error @+1 {{expected ein.panels of a kernel to say of each operand `unit` or}}
  %y = ein.kernel "k"(%x, %w) {ein.panels = [unit, array<i64: 0>]} : (!ein.tensor<[4], f32>, !ein.tensor<[64, 4], bf16>) -> !ein.tensor<[4], f32> {
  ^bb0(%a: !ein.tensor<[4], f32>, %b: !ein.tensor<[64, 4], bf16>):
    ein.yield %a : !ein.tensor<[4], f32>
  }
  return %y : !ein.tensor<[4], f32>
}

// -----

func.func @kernel_c2_panels(%x: !ein.tensor<[4], f32>, %w: !ein.tensor<[64, 4], bf16>) -> !ein.tensor<[4], f32> {
  // expected-error @+1 {{expected ein.panels of a kernel to say of each operand `unit` or}}
  %y = ein.kernel "k"(%x, %w) {ein.panels = [unit, array<i64: 0, 24, 2>]} : (!ein.tensor<[4], f32>, !ein.tensor<[64, 4], bf16>) -> !ein.tensor<[4], f32> {
  ^bb0(%a: !ein.tensor<[4], f32>, %b: !ein.tensor<[64, 4], bf16>):
    ein.yield %a : !ein.tensor<[4], f32>
  }
  return %y : !ein.tensor<[4], f32>
}

// -----

func.func @kernel_c2_list(%x: !ein.tensor<[4], f32>, %w: !ein.tensor<[64, 4], bf16>) -> !ein.tensor<[4], f32> {
  // expected-error @+1 {{expected ein.panels of a kernel to say of each operand `unit` or}}
  %y = ein.kernel "k"(%x, %w) {ein.panels = array<i64: 0, 32, 2>} : (!ein.tensor<[4], f32>, !ein.tensor<[64, 4], bf16>) -> !ein.tensor<[4], f32> {
  ^bb0(%a: !ein.tensor<[4], f32>, %b: !ein.tensor<[64, 4], bf16>):
    ein.yield %a : !ein.tensor<[4], f32>
  }
  return %y : !ein.tensor<[4], f32>
}

// -----

// expected-error @+1 {{expected ein.panels of a kernel to say of each operand `unit` or}}
func.func private @kernel_c2_function() attributes {ein.panels = []}

// -----

func.func @stream_c1(%x: !ein.tensor<[4], f32>) -> !ein.tensor<[], f32> {
  %y = ein.kernel "k"(%x) : (!ein.tensor<[4], f32>) -> !ein.tensor<[], f32> {
  ^bb0(%a: !ein.tensor<[4], f32>):
    // expected-error @+1 {{expected its first inputs to have the results' types}}
    %s = ein.stream "i" in #ein.extent<4> (%a) : (!ein.tensor<[4], f32>) -> !ein.tensor<[], f32> {
    ^bb0(%b: !ein.tensor<[4], f32>):
      %t = ein.einsum (%b[i]) -> [] reduce [i: add] : (!ein.tensor<[4], f32>) -> !ein.tensor<[], f32>
      ein.yield %t : !ein.tensor<[], f32>
    }
    ein.yield %s : !ein.tensor<[], f32>
  }
  return %y : !ein.tensor<[], f32>
}

// -----

func.func @stream_c2(%x: !ein.tensor<[], f32>, %z: !ein.tensor<[4], f32>) -> !ein.tensor<[], f32> {
  %y = ein.kernel "k"(%x, %z) : (!ein.tensor<[], f32>, !ein.tensor<[4], f32>) -> !ein.tensor<[], f32> {
  ^bb0(%a: !ein.tensor<[], f32>, %b: !ein.tensor<[4], f32>):
    // expected-error @+1 {{expected the region to yield the results' types}}
    %s = ein.stream "i" in #ein.extent<4> (%a, %b) : (!ein.tensor<[], f32>, !ein.tensor<[4], f32>) -> !ein.tensor<[], f32> {
    ^bb0(%c: !ein.tensor<[], f32>, %d: !ein.tensor<[4], f32>):
      ein.yield %d : !ein.tensor<[4], f32>
    }
    ein.yield %s : !ein.tensor<[], f32>
  }
  return %y : !ein.tensor<[], f32>
}

// -----

func.func @stream_c3(%x: !ein.tensor<[], f32>) -> !ein.tensor<[], f32> {
  // expected-error @+1 {{expected to stand in an ein.kernel}}
  %s = ein.stream "i" in #ein.extent<4> (%x) : (!ein.tensor<[], f32>) -> !ein.tensor<[], f32> {
  ^bb0(%a: !ein.tensor<[], f32>):
    ein.yield %a : !ein.tensor<[], f32>
  }
  return %s : !ein.tensor<[], f32>
}

// -----

func.func @stream_c3_guard(%x: !ein.tensor<[4], i1>) {
  // expected-error @+1 {{expected to stand in an ein.stream}}
  ein.guard %x : !ein.tensor<[4], i1>
  return
}

// -----

func.func @stream_c4(%x: !ein.tensor<[4], f32>, %m: !ein.tensor<[4], i1>) -> !ein.tensor<[4], f32> {
  %y = ein.kernel "k"(%x, %m) : (!ein.tensor<[4], f32>, !ein.tensor<[4], i1>) -> !ein.tensor<[4], f32> {
  ^bb0(%a: !ein.tensor<[4], f32>, %c: !ein.tensor<[4], i1>):
    %s = ein.stream "i" in #ein.extent<4> (%a, %c) : (!ein.tensor<[4], f32>, !ein.tensor<[4], i1>) -> !ein.tensor<[4], f32> {
    ^bb0(%b: !ein.tensor<[4], f32>, %d: !ein.tensor<[4], i1>):
      // expected-error @+1 {{expected the number of a carried tensor of floats, but got 1}}
      ein.guard %d once [0, 1] above -1.0e8 : !ein.tensor<[4], i1>
      ein.yield %b : !ein.tensor<[4], f32>
    }
    ein.yield %s : !ein.tensor<[4], f32>
  }
  return %y : !ein.tensor<[4], f32>
}

// -----

func.func @kernel_c1(%x: !ein.tensor<[4], f32>) -> !ein.tensor<[4], f32> {
  // expected-error @below {{expected parts of at least one result, 1 together, but got 2}}
  %k = ein.kernel "k"(%x) {parts = array<i64: 1, 1>} : (!ein.tensor<[4], f32>) -> !ein.tensor<[4], f32> {
  ^bb0(%a: !ein.tensor<[4], f32>):
    %b = ein.einsum (%a[i]) -> [i] : (!ein.tensor<[4], f32>) -> !ein.tensor<[4], f32>
    ein.yield %b : !ein.tensor<[4], f32>
  }
  return %k : !ein.tensor<[4], f32>
}

// -----

func.func @topk_c2(%x: !ein.tensor<[b, n], f32>, %v: !ein.tensor<[b, 2], f32>) {
  // expected-error @+1 {{expected values and coordinates of the results' types behind 'from'}}
  %y, %i = ein.topk %x dim 1 k 2 from (%v, %v : !ein.tensor<[b, 2], f32>, !ein.tensor<[b, 2], f32>)
      : !ein.tensor<[b, n], f32> -> !ein.tensor<[b, 2], f32>, !ein.tensor<[b, 2], i64>
  return
}

// -----

func.func @topk_c2_labels(%x: !ein.tensor<[b, n], f32>) {
  // expected-error @+1 {{expected 3 labels, but got 1}}
  %y, %i = ein.topk %x dim 1 k 2 {ranks = ["b"]} : !ein.tensor<[b, n], f32> -> !ein.tensor<[b, 2], f32>, !ein.tensor<[b, 2], i64>
  return
}
