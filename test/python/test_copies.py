"""Updates whose old value lives on, and results that are not one kernel's own: the planner copies."""

import numpy as np
import pytest

from differential import compile_text, interpret, same

V = "!ein.tensor<[n], f32>"
ADD = f"""ein.einsum (%x[i], %s[i]) -> [i] : ({V}, {V}) -> {V} {{
  ^bb0(%p: f32, %q: f32):
    %r = arith.addf %p, %q : f32
    ein.yield %r : f32
  }}"""
STATE = "!ein.tensor<[n], f32> {ein.state = \"s\"}"

PLAIN = {
    "argument": (f"(%x: {V}) -> ({V})", f"return %x : {V}"),
    "twice": (f"(%x: {V}) -> ({V}, {V}, {V})",
              f"%y = ein.einsum (%x[i], %x[i]) -> [i] : ({V}, {V}) -> {V}\n  return %y, %x, %y : {V}, {V}, {V}"),
    "constant": (f"(%x: {V}) -> (!ein.tensor<[3], f32>, {V})",
                 "%c = ein.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32> -> !ein.tensor<[3], f32>\n"
                 f"  return %c, %x : !ein.tensor<[3], f32>, {V}"),
    "update_of_input": (f"(%x: {V}, %y: {V}) -> ({V}, {V}, {V})",
                        f"%a = ein.update %x[i] = %y[i] : {V}, {V}\n  %b = ein.update %a[i] = %x[i] : {V}, {V}\n"
                        f"  return %a, %b, %x : {V}, {V}, {V}"),
    "updates_of_one": (f"(%x: {V}, %y: {V}) -> ({V}, {V})",
                       f"%t = ein.einsum (%x[i], %x[i]) -> [i] : ({V}, {V}) -> {V}\n"
                       f"  %a = ein.update %t[n - 1 - i] = %x[i] : {V}, {V}\n  %b = ein.update %t[i] = %y[i] : {V}, {V}\n"
                       f"  return %a, %b : {V}, {V}"),
    "into_itself": (f"(%x: {V}) -> ({V})",
                    f"%t = ein.einsum (%x[i], %x[i]) -> [i] : ({V}, {V}) -> {V}\n"
                    f"  %a = ein.update %t[n - 1 - i] = %t[i] : {V}, {V}\n  return %a : {V}"),
}


@pytest.mark.parametrize("name", PLAIN)
def test_results_have_their_own_buffers(build, tmp_path, name):
    signature, body = PLAIN[name]
    text = f"func.func @f{signature} attributes {{ein.entry}} {{\n  {body}\n}}\n"
    source, package = compile_text(text, tmp_path)
    for n in (0, 1, 5, 33):
        arrays = [np.random.default_rng(n + k).random(n, np.float32) for k in range(signature.count("%"))]
        same(package.f(*arrays), interpret(source, "f", arrays, tmp_path / "io"))


# The new state is (a) an update, (b) not one; the old one is returned, used by a later kernel, or both.
STATES = {
    "old_is_returned": ("%new = ein.update %s[i] = %x[i] : V, V", "%s", "%new"),
    "old_is_read_later": ("%new = ein.update %s[i] = %x[i] : V, V\n  %y = ADD", "%y", "%new"),
    "new_is_computed": ("%y = ADD", "%s", "%y"),
    "new_is_returned_too": ("%y = ADD", "%y", "%y"),
    "new_update_is_returned_too": ("%new = ein.update %s[i] = %x[i] : V, V", "%new", "%new"),
    "reversed_in_place": ("%new = ein.update %s[n - 1 - i] = %s[i] : V, V", "%x", "%new"),
    "two_updates": ("%a = ein.update %s[n - 1 - i] = %x[i] : V, V\n  %y = ein.update %s[i] = %a[i] : V, V\n"
                    "  %new = ein.update %y[i] = %a[i] : V, V", "%a", "%new"),
    "unchanged": ("%y = ADD", "%y", "%s"),
    "kernel_stays_before_update": ("%y = ADD\n  %z = ein.update %s[i] = %x[i] : V, V\n"
                                   "  %e = ein.empty : V\n  %w = ein.update %e[i] = %y[i] : V, V", "%w", "%z"),
}


@pytest.mark.parametrize("name", STATES)
def test_old_and_new_states(build, tmp_path, name):
    body, result, new = STATES[name]
    body = body.replace("ADD", ADD)
    text = (f"func.func @f(%x: V, %s: {STATE}) -> (V, {STATE}) attributes {{ein.entry}} {{\n  {body}\n"
            f"  return {result}, {new} : V, V\n}}\n")
    text = text.replace("ein.empty : V", "ein.empty : <[n], f32>").replace("V", V)
    source, package = compile_text(text, tmp_path)
    for n in (1, 5, 33):
        session, state = package.session(n=n), np.zeros(n, np.float32)
        for step in range(3):
            x = np.random.default_rng(step).random(n, np.float32)
            if name == "kernel_stays_before_update":  # the interpreter has no ein.empty
                expected = [x + state, x]
            else:
                expected = interpret(source, "f", [x, state], tmp_path / "io")
            state = expected[1]
            same([session.f(x)], expected[:1])


def test_states_change_places(build, tmp_path):
    text = f"""func.func @f(%a: {V} {{ein.state = "a"}}, %b: {V} {{ein.state = "b"}}, %x: {V})
        -> ({V} {{ein.state = "a"}}, {V} {{ein.state = "b"}}, {V}) attributes {{ein.entry}} {{
      %y = ein.einsum (%a[i], %x[i]) -> [i] : ({V}, {V}) -> {V} {{
      ^bb0(%p: f32, %q: f32):
        %r = arith.addf %p, %q : f32
        ein.yield %r : f32
      }}
      return %b, %y, %a : {V}, {V}, {V}
    }}"""
    _, package = compile_text(text, tmp_path)
    session, a, b = package.session(n=7), np.zeros(7, np.float32), np.zeros(7, np.float32)
    for step in range(5):
        x = np.random.default_rng(step).random(7, np.float32)
        np.testing.assert_array_equal(session.f(x), a)
        a, b = b, a + x
