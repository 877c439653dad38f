"""Expressions of a cascade as typed scalars of the Einsum under construction (`Lowering.frame`)."""

from __future__ import annotations

import ast

from ..frontend import scalar as S
from ..frontend.errors import Unsupported
from ..frontend.formulas import floor_divided, power, remainder_of
from . import functions as F
from .values import Value, boolean, convert, rounded, unify

_ARITHMETIC = {ast.Add: S.add, ast.Sub: S.sub, ast.Mult: S.mul, ast.FloorDiv: floor_divided, ast.Mod: remainder_of}
_BITS = {ast.BitAnd: "arith.andi", ast.BitOr: "arith.ori", ast.BitXor: "arith.xori"}
_COMPARE = {ast.Eq: "eq", ast.NotEq: "ne", ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge"}


class Expressions:
    """Visits expressions; reads and reductions are in the classes that build on this one."""

    def value(self, node: ast.expr) -> Value:
        visit = getattr(self, "visit_" + type(node).__name__, None)
        if visit is None:
            raise self.error(node, f"a cascade has no {_describe(node)}; expressions are made of reads, numbers, "
                             "arithmetic, comparisons, and/or/not, where and functions")
        return visit(node)

    def guarded_value(self, node: ast.expr) -> Value:
        """A value that a condition may discard: what it reads outside a tensor is 0, and the point still exists."""
        self.guarded += 1
        try:
            return self.value(node)
        finally:
            self.guarded -= 1

    def number(self, value) -> Value:
        if isinstance(value, bool):
            return boolean(S.const(value, "i1"))
        etype = "i64" if isinstance(value, int) else self.default_float
        return Value(S.const(value, etype), etype, weak=True)

    def condition(self, v: Value, node: ast.expr) -> Value:
        if not v.is_bool:
            raise self.type_error(node, f"expected a condition, but got a number ({v.logical}); compare it: `x != 0`")
        return v

    def as_float(self, v: Value) -> Value:
        return v if v.is_float else convert(v, self.default_float, weak=True)

    def numeric(self, v: Value) -> Value:
        return convert(v, "i64") if v.is_bool else v

    # -- nodes ----------------------------------------------------------------------------------

    def visit_Constant(self, node: ast.Constant) -> Value:
        if isinstance(node.value, (bool, int, float)):
            return self.number(node.value)
        raise self.error(node, f"expected a number, but got {node.value!r}")

    def visit_Attribute(self, node: ast.Attribute) -> Value:
        found = self.source.number(node)
        if found is None:
            raise self.error(node, f"'{ast.unparse(node)}' is no number of the enclosing scope")
        return self.number(found)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Value:
        v = self.value(node.operand)
        if isinstance(node.op, ast.Not) or isinstance(node.op, ast.Invert) and v.is_bool:
            return boolean(S.logical_xor(self.condition(v, node.operand).scalar, S.const(True, "i1")))
        v = self.numeric(v)
        if isinstance(node.op, ast.USub):
            literal = v.scalar.op == "const"
            return self.number(-v.scalar.attr) if literal and v.weak else v.map(S.neg(v.scalar))
        if isinstance(node.op, ast.Invert):
            if not v.is_int:
                raise self.type_error(node, f"~ takes a condition or an integer, but got {v.logical}")
            return v.map(S.logical_xor(v.scalar, S.const(-1, v.scalar.etype)))
        return v

    def visit_BinOp(self, node: ast.BinOp) -> Value:
        kind = type(node.op)
        if kind not in _ARITHMETIC and kind not in _BITS and kind not in (ast.Pow, ast.Div):
            raise self.error(node, f"a cascade has no {_describe(node)}")
        if kind is ast.Pow:
            return self.power(node, self.value(node.left), self.value(node.right))
        a, b = self.value(node.left), self.value(node.right)
        if kind in _BITS:
            a, b = unify(a, b, self.default_float)
            if a.is_float:
                raise self.type_error(node, f"{_describe(node)} takes conditions or integers, but got {a.logical}")
            return a.map(S.op(_BITS[kind], a.scalar, b.scalar))
        a, b = unify(self.numeric(a), self.numeric(b), self.default_float)
        if kind is ast.Div:
            a, b = self.as_float(a), self.as_float(b)
            return a.map(S.div(a.scalar, b.scalar))
        return a.map(_ARITHMETIC[kind](a.scalar, b.scalar))

    def power(self, node: ast.expr, a: Value, b: Value) -> Value:
        if b.scalar.op == "const":
            e = b.scalar.attr
            whole = float(e).is_integer() and e >= 0 and not b.is_float
            a = self.numeric(a) if whole else self.as_float(a)
            try:
                return a.map(power(a.scalar, e))
            except Unsupported:
                raise self.error(node, f"the power {e} of integers is not supported; write float(x) ** {e}") from None
        a, b = unify(self.as_float(a), self.as_float(b), self.default_float)
        return a.map(S.op("math.powf", a.scalar, b.scalar))

    def visit_Compare(self, node: ast.Compare) -> Value:
        out, left = None, self.value(node.left)
        for k, (op, right) in enumerate(zip(node.ops, node.comparators)):
            if type(op) not in _COMPARE:
                raise self.error(node, f"a cascade compares with == != < <= > >=, not with {_describe(op)}")
            other = self.guarded_value(right) if k else self.value(right)
            a, b = unify(left, other, self.default_float)
            one = S.cmp(_COMPARE[type(op)], a.scalar, b.scalar)
            out, left = one if out is None else S.logical_and(out, one), other
        return boolean(out)

    def visit_BoolOp(self, node: ast.BoolOp) -> Value:
        join = S.logical_and if isinstance(node.op, ast.And) else S.logical_or
        out = self.condition(self.value(node.values[0]), node.values[0]).scalar
        for operand in node.values[1:]:
            out = join(out, self.condition(self.guarded_value(operand), operand).scalar)
        return boolean(out)

    def visit_IfExp(self, node: ast.IfExp) -> Value:
        return self.where(node.test, node.body, node.orelse)

    def where(self, test: ast.expr, then: ast.expr, other: ast.expr) -> Value:
        c = self.condition(self.value(test), test)
        a, b = unify(self.guarded_value(then), self.guarded_value(other), self.default_float)
        return a.map(S.select(c.scalar, a.scalar, b.scalar))

    # -- calls ----------------------------------------------------------------------------------

    def visit_Call(self, node: ast.Call) -> Value:
        if isinstance(node.func, ast.Subscript):
            return self.reduction(node)
        if not isinstance(node.func, ast.Name):
            raise self.error(node.func, f"'{ast.unparse(node.func)}' is no function of cascades; write its plain name, "
                             "e.g. exp(x)")
        name = node.func.id
        if node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
            raise self.error(node, f"{name} takes positional arguments only")
        if name == "size":
            return Value(S.extent(self.size(node)), "i64")
        if name == "where":
            self.arity(node, 3)
            return self.where(*node.args)
        return self.call(node, name)

    def call(self, node: ast.Call, name: str) -> Value:
        if name in F.REDUCTIONS and (name not in F.VARIADIC or len(node.args) < 2):
            raise self.error(node, f"{name} needs the ranks it reduces in brackets: {name}[t](…)")
        if name not in F.NAMES:
            raise self.error(node.func, f"unknown function '{name}'; there are {', '.join(F.NAMES)}")
        if name in F.VARIADIC:
            return self.variadic(F.VARIADIC[name], [self.numeric(self.value(a)) for a in node.args])
        self.arity(node, 2 if name == "pow" else 1)
        v = self.value(node.args[0])
        if name == "pow":
            return self.power(node, v, self.value(node.args[1]))
        if name == "float":
            return rounded(v, self.default_float)
        if name in F.CASTS:
            return rounded(v, F.CASTS[name])
        v = self.numeric(v)
        if name in F.SAME:
            return v.map(F.SAME[name](v.scalar))
        v = self.as_float(v)
        if name == "isnan":
            return boolean(S.cmp("ne", v.scalar, v.scalar))
        return v.map(F.FLOAT[name](v.scalar))

    def variadic(self, fn, values: list[Value]) -> Value:
        out = values[0]
        for v in values[1:]:
            out, v = unify(out, v, self.default_float)
            out = out.map(fn(out.scalar, v.scalar))
        return out

    def arity(self, node: ast.Call, count: int) -> None:
        if len(node.args) != count:
            raise self.error(node, f"{node.func.id} takes {count} argument{'s' * (count > 1)}, but got {len(node.args)}")


def _describe(node: ast.AST) -> str:
    """What a node of Python's grammar is called."""
    op = getattr(node, "op", None)
    names = {ast.ListComp: "list comprehension", ast.GeneratorExp: "generator", ast.Lambda: "lambda", ast.List: "list",
             ast.Tuple: "tuple", ast.Dict: "dict", ast.JoinedStr: "string", ast.NamedExpr: "assignment inside an expression",
             ast.MatMult: "operator @ (write sum[k](a[i, k] * b[k, j]))", ast.LShift: "operator <<", ast.RShift: "operator >>",
             ast.BitAnd: "operator &", ast.BitOr: "operator |", ast.BitXor: "operator ^", ast.In: "in", ast.NotIn: "not in",
             ast.Is: "is", ast.IsNot: "is not"}
    kind = type(op) if isinstance(node, ast.BinOp) and type(op) in names else type(node)
    return names.get(kind, f"Python {kind.__name__}")
