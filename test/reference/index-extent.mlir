// RUN: einfall-opt %s --ein-interpret
// RUN: einfall-opt %s --ein-interpret=mode=f64

// A causal mask from coordinates; extents as numbers.
func.func @causal() attributes {check.params = {s = 2, t = 3}} {
  %m = ein.einsum () -> [i, j] : () -> !ein.tensor<[s, t], i1> {
    %i = ein.index "i"
    %j = ein.index "j"
    %o = ein.extent t - s
    %q = arith.addi %i, %o : index
    %r = arith.cmpi sle, %j, %q : index
    ein.yield %r : i1
  }
  %v = ein.view %m[i, j] -> [i, j] : !ein.tensor<[s, t], i1> -> !ein.tensor<[2, 3], i1>
  %e = ein.constant dense<[[true, true, false], [true, true, true]]> : tensor<2x3xi1> -> !ein.tensor<[2, 3], i1>
  check.expect_eq %v, %e : !ein.tensor<[2, 3], i1>
  return
}

// The coordinate of a reduced rank.
func.func @weighted() {
  %x = ein.constant dense<[5, 6, 7]> : tensor<3xi64> -> !ein.tensor<[3], i64>
  %y = ein.einsum (%x[k]) -> [] reduce [k: add] : (!ein.tensor<[3], i64>) -> !ein.tensor<[], i64> {
  ^bb0(%a: i64):
    %k = ein.index "k"
    %n = ein.extent 2 * 5 ceildiv 3
    %kn = arith.addi %k, %n : index
    %i = arith.index_cast %kn : index to i64
    %p = arith.muli %a, %i : i64
    ein.yield %p : i64
  }
  %e = ein.constant dense<92> : tensor<i64> -> !ein.tensor<[], i64>
  check.expect_eq %y, %e : !ein.tensor<[], i64>
  return
}
