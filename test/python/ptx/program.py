"""Kernels as lists of functions, one an instruction, each of which works on all lanes of a warp."""

import numpy as np

from .text import WIDTHS, Instruction, Kernel, Module, number

LANES = 32
UNSIGNED = {"pred": np.dtype(bool), 1: np.dtype("uint8"), 2: np.dtype("uint16"), 4: np.dtype("uint32"), 8: np.dtype("uint64")}
DTYPES = {"f16": np.dtype("float16"), "f32": np.dtype("float32"), "f64": np.dtype("float64"), "pred": np.dtype(bool),
          **{f"u{8 * w}": np.dtype(f"uint{8 * w}") for w in (1, 2, 4, 8)}, **{f"b{8 * w}": np.dtype(f"uint{8 * w}") for w in (1, 2, 4, 8)},
          **{f"s{8 * w}": np.dtype(f"int{8 * w}") for w in (1, 2, 4, 8)}, "bf16": np.dtype("uint16")}

#: Name of an instruction to what makes its function.
MAKERS = {}


def op(*names: str):
    def add(maker):
        MAKERS.update(dict.fromkeys(names, maker))
        return maker

    return add


def put(warp, register: int, value: np.ndarray) -> None:
    """Lanes that are not active keep what they have."""
    mask = warp.mask
    if mask is not None:
        old = warp.registers[register]
        value = np.where(mask, value, old if old.dtype is value.dtype else old.view(value.dtype))
    warp.registers[register] = value


class Program:
    """A kernel, decoded."""

    def __init__(self, module: Module, kernel: Kernel, addresses: dict[str, int]):
        self.kernel, self.addresses = kernel, addresses
        self.shared_names = module.shared
        self.numbers: dict[str, int] = {}
        self.initial: list[np.ndarray] = []
        self.parameters = {name: i for i, (name, _) in enumerate(kernel.parameters)}
        self.steps = [self.decode(i, instruction) for i, instruction in enumerate(kernel.code)]
        self.segments: dict[tuple[int, bool], tuple] = {}

    # -- operands -------------------------------------------------------------------------------

    def kind(self, name: str) -> str:
        return self.kernel.registers.get(name.rstrip("0123456789"), "")

    def register(self, instruction: Instruction, name: str) -> int:
        if name not in self.numbers:
            kind = self.kind(name)
            if not kind:
                raise instruction.error(f"'{name}' is no register")
            self.numbers[name] = len(self.initial)
            self.initial.append(np.zeros(LANES, DTYPES[kind]))
        return self.numbers[name]

    def width(self, name: str) -> int:
        return WIDTHS[self.kind(name)]

    def target(self, instruction: Instruction, position: int = 0) -> int:
        return self.register(instruction, instruction.operands[position])

    def constant(self, instruction: Instruction, text: str, kind: str) -> np.ndarray:
        dtype = DTYPES[kind]
        if text in self.addresses:
            value = self.addresses[text]
        else:
            value = number(text, instruction.line)
        bits = np.full(LANES, value % 2 ** (8 * dtype.itemsize), UNSIGNED[dtype.itemsize])
        return bits.astype(bool) if kind == "pred" else bits.view(dtype)

    def operand(self, instruction: Instruction, position: int, kind: str):
        """A function that gives the operand's lanes as `kind`."""
        text, dtype = instruction.operands[position], DTYPES[kind]
        if not text.startswith("%"):
            constant = self.constant(instruction, text, kind)
            return lambda warp: constant
        number = self.register(instruction, text)
        if dtype.itemsize != self.initial[number].dtype.itemsize:
            return self.narrowed(number, dtype)

        def get(warp):
            value = warp.registers[number]
            return value if value.dtype is dtype else value.view(dtype)

        return get

    def narrowed(self, number: int, dtype):
        """The low part of a register."""
        held = UNSIGNED[self.initial[number].dtype.itemsize]
        return lambda warp: warp.registers[number].view(held).astype(UNSIGNED[dtype.itemsize]).view(dtype)

    # -- instructions ---------------------------------------------------------------------------

    def decode(self, index: int, instruction: Instruction):
        maker = MAKERS.get(instruction.name)
        if maker is None:
            raise instruction.error("unknown instruction")
        try:
            step = maker(self, index, instruction)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise instruction.error(f"unknown form of this instruction ({type(error).__name__}: {error})") from error
        if instruction.predicate is None or instruction.name == "bra":
            return step
        if instruction.name in CONTROL:
            raise instruction.error("a predicate on an instruction at which threads wait or end")
        return self.predicated(instruction, step)

    def predicated(self, instruction: Instruction, step):
        register, negated = self.register(instruction, instruction.predicate), instruction.negated

        def run(warp):
            mask, chosen = warp.mask, warp.registers[register]
            chosen = ~chosen if negated else chosen
            warp.mask = chosen if mask is None else chosen & mask
            step(warp)
            warp.mask = mask

        return run

    def segment(self, start: int, whole: bool):
        """(functions, end): what runs from `start` on without a look at other threads."""
        key = start, whole
        if key not in self.segments:
            end, code = start, self.kernel.code
            stops = ENDS if whole else CONTROL
            while end < len(code) and code[end].name not in stops and not (code[end].name == "bar" and code[end].parts[1] != "warp"):
                end += 1
            self.segments[key] = tuple(self.steps[start:end]), end
        return self.segments[key]


#: Where threads part or end, and, if not all lanes of a warp are together, where they wait.
ENDS = {"bra", "ret", "exit"}
CONTROL = ENDS | {"bar", "shfl", "ldmatrix", "mma"}
