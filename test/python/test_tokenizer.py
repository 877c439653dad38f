"""The C++ tokenizer (runtime/text) against Hugging Face's `tokenizers`.

text_tool, built with text_tests, encodes and decodes what this file generates;
`EINFALL_BUILD_DIR` says where the build is (default: build/dev).
"""

import functools
import json
import os
import random
import subprocess
from pathlib import Path

import pytest

tokenizers = pytest.importorskip("tokenizers")
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models  # noqa: E402
from tokenizers import normalizers, pre_tokenizers, processors, trainers  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("EINFALL_BUILD_DIR", ROOT / "build" / "dev"))
MODEL = ROOT / "test" / "models" / "tiny-llama" / "tokenizer.json"
COUNT = 10_000       # texts for the tokenizers named in MAIN
FEWER = 2_000        # and for the others
MAIN = ("tiny-llama", "gpt2", "llama3", "qwen2")

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
          r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace("{1,3}", "")
CL100K = (r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}"
          r"| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+")
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
         r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"
         r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}"
         r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
DEEPSEEK = ["\\p{N}{1,3}", "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
            r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?"""
            r"[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"]


@functools.cache
def tool():
    found = [p for p in BUILD.rglob("text_tool") if p.is_file() and os.access(p, os.X_OK)]
    if not found:
        pytest.skip(f"NOT TESTED: no text_tool under {BUILD}; build text_tests or "
                    "set EINFALL_BUILD_DIR")
    return found[0]


@pytest.fixture(scope="module", autouse=True)
def built():
    tool()


def run(verb, path, data=b""):
    done = subprocess.run([tool(), verb, path], input=data, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.decode().split("\n")[:-1]]


def encode(path, texts, special=False):
    data = b"".join(t.encode() + b"\0" for t in texts)
    return run("encode-special" if special else "encode", path, data)


def decode(path, lists, skip):
    data = "".join(json.dumps(ids) + "\n" for ids in lists).encode()
    return run("decode-skip" if skip else "decode", path, data)


# --- Random text -----------------------------------------------------------

SCRIPTS = [(0x41, 0x5A), (0x61, 0x7A), (0xC0, 0x24F), (0x370, 0x3FF), (0x400, 0x4FF),
           (0x5D0, 0x5EA), (0x620, 0x64A), (0x900, 0x97F), (0xE01, 0xE5B), (0x1100, 0x11FF),
           (0x1E00, 0x1FFF), (0x3041, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3),
           (0xF900, 0xFAFF), (0x10400, 0x1044F), (0x1D400, 0x1D7FF), (0x20000, 0x2A6DF)]
MARKS = [(0x300, 0x36F), (0x483, 0x489), (0x591, 0x5BD), (0x64B, 0x65F), (0x93C, 0x94D),
         (0x1AB0, 0x1ABD), (0x20D0, 0x20F0), (0xFE00, 0xFE0F), (0x1D165, 0x1D169)]
DIGITS = [(0x30, 0x39), (0xB2, 0xB3), (0xBC, 0xBE), (0x660, 0x669), (0x966, 0x96F),
          (0x2160, 0x216F), (0x2460, 0x2473), (0xFF10, 0xFF19), (0x1D7CE, 0x1D7FF)]
SYMBOLS = [(0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E), (0xA1, 0xBF),
           (0x2010, 0x2027), (0x20A0, 0x20BF), (0x2190, 0x21FF), (0x2E80, 0x2EFF)]
EMOJI = [(0x1F300, 0x1F5FF), (0x1F600, 0x1F64F), (0x1F1E6, 0x1F1FF), (0x1F3FB, 0x1F3FF)]
CONTROLS = [(1, 31), (0x7F, 0x9F), (0x200B, 0x200F), (0x202A, 0x202E), (0xFFF0, 0xFFFF),
            (0xE000, 0xE0FF), (0xE0001, 0xE007F), (0x10FFF0, 0x10FFFF)]
SPACES = [" ", " ", " ", "  ", "\n", "\r\n", "\t", "\x0b", "\x0c", "\r", "\x1c", "\x85", "\xa0",
          "\u1680", "\u2003", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "\n\n", "    "]
CONTRACTIONS = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'RE", "'Ll", "'\u017f",
                "\u2019s", "''", "'"]
WORDS = "the and Of to model attention KERNEL naïve straße ﬁne ǅ İstanbul x_1 e.g. 10,000".split()
SPECIALS = ["<s>", "</s>", "<|endoftext|>", "<|im_start|>", "<|mask|>", " <word> ", "word",
            "<é>", "<e\u0301>", "<wide >", "<|eot|", "<s><s>", "ab", "\u212b"]


def pick(rng, ranges):
    low, high = rng.choice(ranges)
    return chr(rng.randint(low, high))


def any_character(rng):
    while True:
        c = rng.randrange(1, 0x110000)
        if not 0xD800 <= c < 0xE000:
            return chr(c)


def piece(rng):
    kind = rng.randrange(12)
    if kind == 0:
        low_high = [rng.choice(SCRIPTS)]
        return "".join(pick(rng, low_high) for _ in range(rng.randint(1, 8)))
    if kind == 1:
        return pick(rng, SCRIPTS) + "".join(pick(rng, MARKS) for _ in range(rng.randint(1, 4)))
    if kind == 2:
        return "".join(pick(rng, DIGITS) for _ in range(rng.randint(1, 7)))
    if kind == 3:
        return "".join(pick(rng, SYMBOLS) for _ in range(rng.randint(1, 4)))
    if kind == 4:
        return "\u200d".join(pick(rng, EMOJI) for _ in range(rng.randint(1, 3)))
    if kind == 5:
        return pick(rng, CONTROLS)
    if kind == 6:
        return any_character(rng)
    if kind == 7:
        return rng.choice(WORDS) + rng.choice(CONTRACTIONS)
    if kind == 8:
        return rng.choice(SPECIALS)
    if kind == 9:
        return rng.choice(WORDS)
    return "".join(rng.choice(SPACES) for _ in range(rng.randint(1, 4)))


@functools.cache
def texts(seed=7):
    rng = random.Random(seed)
    edges = ["", " ", "  a", "a  ", "\n", "'", "\u0301", "e\u0301", "<s>", " <s> ", "a" * 3000,
             " " * 3000, "\u0301" * 500, "9" * 500, "'s" * 200]
    made = ["".join(piece(rng) for _ in range(rng.randint(1, 24)))
            for _ in range(COUNT - len(edges))]
    return tuple(edges + made)


# --- Tokenizers ------------------------------------------------------------

def byte_level(**options):
    options.setdefault("add_prefix_space", False)
    return pre_tokenizers.ByteLevel(**options)


def split(pattern, behavior="isolated", invert=False):
    return pre_tokenizers.Split(Regex(pattern), behavior, invert)


def trained(pre_tokenizer, normalizer=None, size=900):
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizer
    tok.decoder = decoders.ByteLevel()
    if normalizer:
        tok.normalizer = normalizer
    trainer = trainers.BpeTrainer(
        vocab_size=size, show_progress=False, special_tokens=["<|endoftext|>", "<s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tok.train_from_iterator(texts(seed=1)[:1000], trainer)
    return tok


def add_tokens(tok, flag_sets=True):
    tok.add_special_tokens(["<|im_start|>", "</s>"])
    if flag_sets:
        tok.add_tokens([
            AddedToken("<|mask|>", lstrip=True, normalized=False, special=True),
            AddedToken("<word>", single_word=True, lstrip=True, rstrip=True),
            AddedToken("word", single_word=True, normalized=False),
            AddedToken("<é>", normalized=True), AddedToken("\u212b", normalized=False),
            AddedToken("<wide >", rstrip=True, normalized=False), AddedToken("ab")])
    return tok


def with_model(tok, **options):
    """The same tokenizer with options of its model changed."""
    data = json.loads(tok.to_str())
    data["model"].update(options)
    return Tokenizer.from_str(json.dumps(data))


def template(tok):
    ends = [(t, tok.token_to_id(t)) for t in ("<s>", "<|endoftext|>")]
    return processors.TemplateProcessing("<s> $A <|endoftext|>", None, ends)


def gpt2_prefix_space():
    tok = add_tokens(trained(byte_level(add_prefix_space=True)))
    tok.post_processor = processors.RobertaProcessing(("<s>", 1), ("</s>", 0))
    return tok


def llama3():
    tok = add_tokens(trained(pre_tokenizers.Sequence(
        [split(LLAMA3), byte_level(use_regex=False)])))
    tok.post_processor = processors.Sequence(
        [processors.ByteLevel(trim_offsets=False), template(tok)])
    return with_model(tok, ignore_merges=True)


def qwen2():
    return add_tokens(trained(
        pre_tokenizers.Sequence([split(QWEN2), byte_level(use_regex=False)]),
        normalizers.NFC()))


def merges_as_strings():
    tok = qwen2()
    pairs = json.loads(tok.to_str())["model"]["merges"]
    return with_model(tok, merges=[" ".join(pair) for pair in pairs])


def steps(*list_of_steps, **options):
    def build():
        last = [byte_level(use_regex=False)]
        return add_tokens(trained(pre_tokenizers.Sequence(list(list_of_steps) + last), **options))
    return build


def byte_level_first():
    return add_tokens(trained(pre_tokenizers.Sequence(
        [byte_level(add_prefix_space=True), split("\u0120|[a-e]", "merged_with_next")])))


def characters():
    tok = Tokenizer(models.BPE(unk_token="<unk>"))
    trainer = trainers.BpeTrainer(vocab_size=600, show_progress=False,
                                  special_tokens=["<unk>"], limit_alphabet=200,
                                  continuing_subword_prefix="##", end_of_word_suffix="</w>")
    tok.pre_tokenizer = pre_tokenizers.Split(" ", "removed")
    tok.train_from_iterator(texts(seed=1)[:1000], trainer)
    return tok


FIXTURES = {
    "gpt2": lambda: add_tokens(trained(byte_level()), flag_sets=False),
    "gpt2-prefix-space": gpt2_prefix_space,
    "llama3": llama3,
    "qwen2": qwen2,
    "merges-as-strings": merges_as_strings,
    "cl100k": steps(split(CL100K)),
    "o200k": steps(split(O200K)),
    "deepseek": steps(*[split(p) for p in DEEPSEEK]),
    "digits": steps(pre_tokenizers.Digits(individual_digits=True), byte_level()),
    "digit-runs": steps(pre_tokenizers.Digits(individual_digits=False),
                        byte_level(), normalizer=normalizers.Sequence([normalizers.NFC()])),
    "removed-inverted": steps(split(CL100K, "removed", invert=True)),
    "removed": steps(split(r"\s+", "removed")),
    "with-previous": steps(split(r"\p{P}|\d{2}?", "merged_with_previous")),
    "with-next": steps(split(r"[^\W\d]+?|$", "merged_with_next")),
    "contiguous": steps(split(r"\w", "contiguous"),
                        pre_tokenizers.Split("'", "merged_with_next")),
    "empty-matches": steps(split(r"x*|^\s*", "isolated")),
    "byte-level-first": byte_level_first,
    "characters": characters,
    "characters-fused": lambda: with_model(characters(), fuse_unk=True),
}


class Case:
    """The library's tokenizer, the file it was read from, and texts for both."""

    def __init__(self, path, count):
        self.path = path
        self.lib = Tokenizer.from_file(str(path))
        self.texts = list(texts()[:count])


@pytest.fixture(scope="module", params=["tiny-llama", *(pytest.param(name, marks=pytest.mark.slow) for name in FIXTURES)])
def case(request, built, tmp_path_factory):
    path = MODEL
    if request.param in FIXTURES:
        path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
        FIXTURES[request.param]().save(str(path))
    return Case(path, COUNT if request.param in MAIN else FEWER)


@pytest.mark.parametrize("special", [False, True])
def test_encode(case, special):
    expected = [e.ids for e in case.lib.encode_batch(case.texts, add_special_tokens=special)]
    actual = encode(case.path, case.texts, special)
    assert len(actual) == len(expected)
    wrong = [(t, e, a) for t, e, a in zip(case.texts, expected, actual) if e != a]
    if wrong:
        shortest = min(wrong, key=lambda w: len(w[0]))
        pytest.fail(f"{len(wrong)} of {len(expected)} differ, shortest: {shortest}")


@pytest.mark.parametrize("skip", [False, True])
def test_decode(case, skip):
    rng = random.Random(3)
    half = case.texts[:len(case.texts) // 2]
    size = case.lib.get_vocab_size()
    lists = [e.ids for e in case.lib.encode_batch(half)]
    lists += [[rng.randrange(size + 3) for _ in range(rng.randint(0, 30))] for _ in half]
    expected = case.lib.decode_batch(lists, skip_special_tokens=skip)
    actual = decode(case.path, lists, skip)
    assert len(actual) == len(expected)
    wrong = [(i, e, a) for i, e, a in zip(lists, expected, actual) if e != a]
    if wrong:
        pytest.fail(f"{len(wrong)} of {len(expected)} differ, first: {wrong[0]}")


def test_vocabulary_size(case):
    assert run("size", case.path) == [case.lib.get_vocab_size()]


def test_invalid_utf8_is_replaced(case):
    rng = random.Random(5)
    raw = []
    for text in case.texts[:1000]:
        data = bytearray(text.encode() or b"\xff")
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] = rng.randint(1, 255)
        raw.append(bytes(data))
    clean = [d.decode("utf-8", "replace") for d in raw]
    expected = [e.ids for e in case.lib.encode_batch(clean, add_special_tokens=False)]
    assert run("encode", case.path, b"".join(d + b"\0" for d in raw)) == expected


# --- Every code point ------------------------------------------------------

@functools.cache
def every_code_point():
    """All but NUL, surrogates and the planes that hold nothing, at their edges."""
    empty = range(0x32100, 0xE0000)
    private = [*range(0xE1100, 0xFFFF0), *range(0x100010, 0x10FFF0)]
    skipped = {*range(0xD800, 0xE000), *empty, *private}
    return [chr(c) for c in range(1, 0x110000) if c not in skipped]


def byte_ids():
    """The id bytes_only() gives each byte: its alphabet is sorted."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in printable]
    characters = {b: chr(b) for b in printable} | {b: chr(256 + i) for i, b in enumerate(others)}
    alphabet = sorted(characters.values())
    return [alphabet.index(characters[b]) for b in range(256)]


def bytes_only(pre_tokenizer=None, normalizer=None, token=None):
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tok = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(alphabet)}, merges=[]))
    last = byte_level(use_regex=False)
    tok.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizer, last]) if pre_tokenizer else last
    if normalizer:
        tok.normalizer = normalizer
    if token:
        tok.add_tokens([token])
    return tok


CLASSES = [r"\s", r"\S", r"\w", r"[\w]", r"[^\W_]", r"\W", r"\d", r"\p{L}", r"\p{N}", r"\p{M}", r"\p{P}", r"\p{S}", r"\p{Z}",
           r"\p{C}", r"\p{Lu}", r"\p{Ll}", r"\p{Lt}", r"\p{Lm}", r"\p{Lo}", r"\p{Sc}",
           r"[^\s\p{L}\p{N}]", r"(?i:[a-z'])", r"(?i:[^ksx])", r"[^\r\n\p{L}\p{N}]"]


IN_A_QUICK_RUN = CLASSES[:3] + [r"\p{L}", r"\p{M}", r"(?i:[^ksx])", r"[^\r\n\p{L}\p{N}]"]


@pytest.mark.parametrize("pattern", [p if p in IN_A_QUICK_RUN else pytest.param(p, marks=pytest.mark.slow) for p in CLASSES])
def test_class_of_every_code_point(pattern, tmp_path):
    step = split(pattern, "removed")
    tok = bytes_only(step)
    tok.save(str(tmp_path / "t.json"))
    text = "".join(every_code_point())
    kept = "".join(part for part, _ in step.pre_tokenize_str(text))
    ids = byte_ids()
    assert encode(tmp_path / "t.json", [text]) == [[ids[b] for b in kept.encode()]]


@pytest.mark.parametrize("what", ["NFC", "digits", *(pytest.param(w, marks=pytest.mark.slow) for w in ("single_word", "lstrip", "rstrip"))])
def test_every_code_point(what, tmp_path):
    options = dict(normalized=False, **({what: True} if "i" in what and what != "digits" else {}))
    if what == "NFC":
        tok = bytes_only(normalizer=normalizers.NFC())
        chunks = ["q" + c + "\u0327\u0301" + c + "\u0345" for c in every_code_point()]
    elif what == "digits":
        # A removed letter makes the cuts visible as prefix spaces.
        tok = bytes_only(pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), byte_level(add_prefix_space=True)]))
        chunks = ["a" + c + "a" for c in every_code_point()]
    else:
        tok = bytes_only(token=AddedToken("<T>", **options))
        chunks = [c + "<T>" + c for c in every_code_point()]
    tok.save(str(tmp_path / "t.json"))
    lines = ["".join(chunks[i:i + 64]) for i in range(0, len(chunks), 64)]
    expected = [e.ids for e in tok.encode_batch(lines)]
    assert encode(tmp_path / "t.json", lines) == expected


# --- Refusals --------------------------------------------------------------

def refusal(tok, folder):
    tok.save(str(folder / "t.json"))
    done = subprocess.run([tool(), "size", folder / "t.json"], capture_output=True, text=True)
    assert done.returncode == 1 and "pass token ids" in done.stderr
    return done.stderr


@pytest.mark.parametrize("model, name", [
    (models.WordPiece({"[UNK]": 0}, unk_token="[UNK]"), "WordPiece"),
    (models.Unigram([("a", -1.0)], 0), "Unigram"),
    (models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"), "WordLevel"),
    (models.BPE(byte_fallback=True), "byte_fallback"),
])
def test_other_models_are_refused_by_name(model, name, tmp_path):
    assert name in refusal(Tokenizer(model), tmp_path)


@pytest.mark.parametrize("section, value, name", [
    ("normalizer", normalizers.NFKC(), "NFKC"),
    ("pre_tokenizer", pre_tokenizers.Metaspace(), "Metaspace"),
    ("pre_tokenizer", split(r"(?<=a)b"), "(?<=a)b"),
    ("decoder", decoders.WordPiece(), "WordPiece"),
])
def test_other_steps_are_refused_by_name(section, value, name, tmp_path):
    tok = bytes_only()
    setattr(tok, section, value)
    assert name in refusal(tok, tmp_path)
