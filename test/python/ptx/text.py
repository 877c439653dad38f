"""PTX as LLVM's NVPTX backend prints it: kernels, registers, tables, labels and instructions."""

import re
import struct
from dataclasses import dataclass, field

WIDTHS = {"pred": 1, "b8": 1, "u8": 1, "s8": 1, "b16": 2, "u16": 2, "s16": 2, "f16": 2, "bf16": 2, "b32": 4, "u32": 4, "s32": 4,
          "f32": 4, "b64": 8, "u64": 8, "s64": 8, "f64": 8}


class PtxError(Exception):
    """What the text may not hold, or a kernel may not do; the message names the line."""


@dataclass
class Instruction:
    line: int
    text: str
    parts: list[str]  # of the opcode: ["add", "rn", "f32"]
    operands: list[str]
    predicate: str | None = None
    negated: bool = False

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"

    @property
    def name(self) -> str:
        return self.parts[0]

    @property
    def type(self) -> str:
        return self.parts[-1]

    def error(self, message: str) -> PtxError:
        return PtxError(f"{self}: {message}")


@dataclass
class Kernel:
    name: str
    parameters: list[tuple[str, str]] = field(default_factory=list)  # name, type
    threads: int = 0
    registers: dict[str, str] = field(default_factory=dict)  # prefix to type
    code: list[Instruction] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)


@dataclass
class Table:
    name: str
    align: int
    data: bytes


@dataclass
class Module:
    kernels: dict[str, Kernel] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)  # arrays of the launch's size


def split(text: str) -> list[str]:
    """The operands: commas within braces separate nothing."""
    return [part.strip() for part in re.split(r",(?![^{]*\})", text)] if text.strip() else []


def instruction(text: str, line: int) -> Instruction:
    match = re.fullmatch(r"(?:@(!?)(%\w+)\s+)?([a-z][\w.:]*)(?:\s+(.*))?;", text)
    if not match:
        raise PtxError(f"line {line}: this is no instruction: {text}")
    negated, predicate, opcode, operands = match.groups()
    return Instruction(line, text, opcode.split("."), split(operands or ""), predicate, negated == "!")


def number(text: str, line: int) -> int:
    """A constant as its bits; negative ones as they are."""
    if re.fullmatch(r"0[fd][0-9A-Fa-f]+", text):
        return int(text[2:], 16)
    if re.fullmatch(r"-?(0x[0-9A-Fa-f]+|\d+)U?", text):
        return int(text.rstrip("U"), 0)
    raise PtxError(f"line {line}: '{text}' is no constant")


def table(text: str, line: int) -> Table:
    match = re.fullmatch(r"(?:\.visible )?\.(?:global|const) (?:\.align (\d+) )?\.(\w+) ([\w$]+)(?:\[(\d*)\])?(?: = (.*))?;", text)
    if not match or match[2] not in WIDTHS:
        raise PtxError(f"line {line}: this is no table: {text}")
    align, kind, name, count, values = match.groups()
    width = WIDTHS[kind]
    numbers = [number(v, line) for v in split((values or "").strip("{}"))]
    data = b"".join(struct.pack("<Q", v % 2**64)[:width] for v in numbers)
    return Table(name, int(align or width), data.ljust(int(count or 1) * width, b"\0"))


def statements(text: str):
    """(number, text) of lines; an instruction may go over several of them."""
    begun, first = "", 0
    for line, raw in enumerate(text.splitlines(), 1):
        words = re.sub(r"\s+", " ", raw.split("//")[0]).strip()
        if not words:
            continue
        if begun:
            words, line = f"{begun} {words}", first
        begun = words if re.match(r"[a-z@]", words) and words[-1] not in ";:" else ""
        first = line
        if not begun:
            yield line, words
    if begun:
        raise PtxError(f"line {first}: this has no end: {begun}")


def read(text: str) -> Module:
    module, kernel, opened = Module(), None, False
    for line, words in statements(text):
        if words.startswith((".version", ".target", ".address_size")):
            continue
        if match := re.fullmatch(r"\.extern \.shared \.align \d+ \.b8 ([\w$]+)\[\];", words):
            module.shared.add(match[1])
        elif words.startswith((".global ", ".const ", ".visible .global ", ".visible .const ")):
            new = table(words, line)
            module.tables[new.name] = new
        elif match := re.fullmatch(r"\.visible \.entry ([\w$]+)\((\))?", words):
            kernel, opened = Kernel(match[1]), False
            module.kernels[kernel.name] = kernel
        elif kernel and not opened:
            opened = header(kernel, words, line)
        elif kernel and words == "}":
            kernel = None
        elif kernel:
            body(kernel, words, line)
        else:
            raise PtxError(f"line {line}: nothing known outside of kernels: {words}")
    return module


def header(kernel: Kernel, words: str, line: int) -> bool:
    """True at the brace that opens the body."""
    if match := re.fullmatch(r"\.param \.(\w+)(?: \.ptr)?(?: \.\w+)?(?: \.align \d+)? ([\w$]+),?", words):
        kernel.parameters.append((match[2], match[1]))
    elif match := re.fullmatch(r"\.maxntid (\d+)(?:, 1)*", words):
        kernel.threads = int(match[1])
    elif words not in (")", "{") and not re.fullmatch(r"\.minnctapersm \d+", words):
        raise PtxError(f"line {line}: unknown in the head of a kernel: {words}")
    return words == "{"


def body(kernel: Kernel, words: str, line: int) -> None:
    if match := re.fullmatch(r"\.reg \.(\w+) (%\w+?)<\d+>;", words):
        kernel.registers[match[2]] = match[1]
    elif match := re.fullmatch(r"([\w$]+):", words):
        kernel.labels[match[1]] = len(kernel.code)
    elif not words.startswith(".pragma"):
        kernel.code.append(instruction(words, line))
