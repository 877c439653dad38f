"""What an entry returns and what becomes of its states: arguments, constants, values twice, old values of updated states."""

import numpy as np
import pytest

VECTOR = "!ein.tensor<[n], f32>"


@pytest.fixture(scope="module")
def load(build):
    import einfall

    return einfall.compile


def test_results_without_a_buffer_of_their_own(load):
    package = load(f"""
func.func @f(%x: {VECTOR} {{ein.name = "x"}}) -> ({VECTOR}, !ein.tensor<[3], i32>, {VECTOR}, {VECTOR}, {VECTOR})
    attributes {{ein.entry}} {{
  %c = ein.constant dense<[1, -2, 3]> : tensor<3xi32> -> !ein.tensor<[3], i32>
  %y = ein.einsum (%x[i], %x[i]) -> [i] : ({VECTOR}, {VECTOR}) -> {VECTOR}
  return %x, %c, %y, %y, %x : {VECTOR}, !ein.tensor<[3], i32>, {VECTOR}, {VECTOR}, {VECTOR}
}}
""")
    for n in (0, 1, 15, 16, 17, 63, 100_003):  # the last one is copied in several blocks, with an odd end
        x = np.random.default_rng(n).standard_normal(n).astype(np.float32)
        first, constant, square, again, last = package(x)
        for got, want in ((first, x), (last, x), (square, x * x), (again, x * x), (constant, [1, -2, 3])):
            np.testing.assert_array_equal(got, want)


def test_results_in_the_order_of_the_function(load):
    """The kernel that makes the second result runs first."""
    package = load(f"""
func.func @f(%x: {VECTOR}) -> ({VECTOR}, !ein.tensor<[], f32>) attributes {{ein.entry}} {{
  %s = ein.einsum (%x[i]) -> [] reduce [i: add] : ({VECTOR}) -> !ein.tensor<[], f32>
  %y = ein.einsum (%x[i], %s[]) -> [i] : ({VECTOR}, !ein.tensor<[], f32>) -> {VECTOR}
  return %y, %s : {VECTOR}, !ein.tensor<[], f32>
}}
""")
    y, total = package(np.array([1, 2, 4], np.float32))
    assert total == 7 and list(y) == [7, 14, 28]


STATES = f"""
// Pushes x in front: reads the old state at other points than it writes, and returns the old one.
func.func @push(%k: {VECTOR} {{ein.state = "k"}}, %x: !ein.tensor<[], f32> {{ein.name = "x"}})
    -> ({VECTOR} {{ein.name = "old"}}, {VECTOR} {{ein.state = "k"}}, {VECTOR} {{ein.name = "new"}})
    attributes {{ein.entry, ein.assume = [#ein.extent<n - 1>]}} {{
  %moved = ein.view %k[i - 1] -> [i] : {VECTOR} -> {VECTOR}
  %shifted = ein.update %k[i] = %moved[i] : {VECTOR}, {VECTOR}
  %new = ein.update %shifted[0] = %x[] : {VECTOR}, !ein.tensor<[], f32>
  return %k, %new, %new : {VECTOR}, {VECTOR}, {VECTOR}
}}
// Looks what an update would give, and leaves the state alone.
func.func @peek(%k: {VECTOR} {{ein.state = "k"}}, %x: !ein.tensor<[], f32> {{ein.name = "x"}})
    -> ({VECTOR} {{ein.name = "seen"}}, {VECTOR} {{ein.state = "k"}}) attributes {{ein.entry, ein.assume = [#ein.extent<n - 1>]}} {{
  %new = ein.update %k[0] = %x[] : {VECTOR}, !ein.tensor<[], f32>
  return %new, %k : {VECTOR}, {VECTOR}
}}
// k takes the value of l, l twice that of k.
func.func @exchange(%k: {VECTOR} {{ein.state = "k"}}, %l: {VECTOR} {{ein.state = "l"}})
    -> ({VECTOR} {{ein.state = "k"}}, {VECTOR} {{ein.state = "l"}}, {VECTOR} {{ein.name = "k"}}) attributes {{ein.entry}} {{
  %two = ein.einsum (%k[i]) -> [i] : ({VECTOR}) -> {VECTOR} {{
  ^bb0(%e: f32):
    %d = arith.addf %e, %e : f32
    ein.yield %d : f32
  }}
  return %l, %two, %k : {VECTOR}, {VECTOR}, {VECTOR}
}}
"""


def test_old_values_of_states(load, tmp_path):
    n = 5
    session = load(STATES, output=tmp_path / "states.einf").session(n=n)
    state, other = np.zeros(n, np.float32), np.zeros(n, np.float32)
    for x in np.arange(1, 9, dtype=np.float32):
        old, new = session.push(x)
        np.testing.assert_array_equal(old, state)
        state = np.concatenate([[x], state[:-1]]).astype(np.float32)
        np.testing.assert_array_equal(new, state)
        seen = session.peek(-x)
        np.testing.assert_array_equal(seen, np.concatenate([[-x], state[1:]]))
        if x % 3 == 0:
            np.testing.assert_array_equal(session.exchange(), state)
            state, other = other, 2 * state
    session.reset()
    np.testing.assert_array_equal(session.exchange(), np.zeros(n))


def test_update_of_an_input_leaves_it(load):
    package = load(f"""
func.func @f(%x: !ein.tensor<[4], f32>, %z: !ein.tensor<[], f32>) -> !ein.tensor<[4], f32> attributes {{ein.entry}} {{
  %y = ein.update %x[2] = %z[] : !ein.tensor<[4], f32>, !ein.tensor<[], f32>
  return %y : !ein.tensor<[4], f32>
}}
""")
    x = np.arange(4, dtype=np.float32)
    assert list(package(x, np.float32(9))) == [0, 1, 9, 3]
    assert list(x) == [0, 1, 2, 3]


def test_listing_prints_differences(load, einfall_command, tmp_path):
    path = tmp_path / "f.einf"
    load(f"""
func.func @f(%x: {VECTOR}) -> !ein.tensor<[2 * n - 1], f32> attributes {{ein.entry, ein.assume = [#ein.extent<n - 1>]}} {{
  %y = ein.view %x[i mod n] -> [i] : {VECTOR} -> !ein.tensor<[2 * n - 1], f32>
  return %y : !ein.tensor<[2 * n - 1], f32>
}}
""", output=path)
    listing = einfall_command("run", path).stdout
    assert "[n * 2 - 1]" in listing
