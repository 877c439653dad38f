"""Past the end of a table of positions: PyTorch raises there, and so does a package, before anything is computed."""

import sys

import numpy as np
import pytest

from paths import ROOT

sys.path.insert(0, str(ROOT / "test" / "python" / "frontend"))
pytest.importorskip("transformers")
torch = pytest.importorskip("torch")
POSITIONS = 24


def gpt2():
    import transformers as T

    torch.manual_seed(0)
    return T.GPT2LMHeadModel(T.GPT2Config(vocab_size=97, n_embd=32, n_layer=1, n_head=2, n_positions=POSITIONS, bos_token_id=1,
                                          eos_token_id=2)).eval()


@pytest.fixture(scope="module")
def package(build, tmp_path_factory):
    folder = tmp_path_factory.mktemp("gpt2")
    gpt2().save_pretrained(folder)
    import einfall

    einfall.compile(folder, folder / "m.einf", dtype="f32")
    return folder / "m.einf"


def test_up_to_the_last_position(package):
    import einfall

    ids = np.random.default_rng(0).integers(0, 97, (1, POSITIONS))
    session = einfall.load(package).session(b=2, s=POSITIONS, t=POSITIONS, c=POSITIONS + 8)
    got = session.logits(ids, np.zeros(1, int), t=POSITIONS)
    with torch.no_grad():
        want = gpt2().double()(input_ids=torch.from_numpy(ids), use_cache=False).logits.numpy()
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-4 * np.abs(want).max())
    with pytest.raises(IndexError):
        gpt2()(input_ids=torch.zeros(1, POSITIONS + 1, dtype=torch.long))
    for entry, new in (("logits", 2), ("next", 1), ("step", 1)):
        with pytest.raises(ValueError, match=rf"entry '{entry}': 't' \(tokens of the text so far\) is {POSITIONS + 1}, but it can be "
                                             rf"at most {POSITIONS}: transformer.wpe.weight has {POSITIONS} rows"):
            getattr(session, entry)(np.zeros((1, new), int), np.zeros(1, int), t=POSITIONS + 1)


def test_bounds_of_a_session(package):
    import einfall

    loaded = einfall.load(package)
    with pytest.raises(einfall.EinfallError, match=rf"bound 't' is 25, but it can be at most {POSITIONS}: transformer.wpe.weight .*; "
                                                   rf"open the session with t = {POSITIONS}"):
        loaded.session(b=1, s=8, t=25, c=64)
    session = loaded.session(b=1, s=8, t=9, c=9)
    with pytest.raises(ValueError, match=r"'t' \(tokens of the text so far\) is 10, beyond the session's bound t = 9; open the session "
                                         rf"with t = 10 or more \(at most {POSITIONS}: transformer.wpe.weight has {POSITIONS} rows\)"):
        session.next(np.zeros((1, 1), int), np.zeros(1, int), t=10)
    with pytest.raises(ValueError, match=r"'start' is -1 at \[0\], expected a value in \[0, "):
        session.next(np.zeros((1, 1), int), -np.ones(1, int), t=1)


def test_generation(package, einfall_command):
    fits = einfall_command("generate", package, "--ids", "5,6,7", "-n", POSITIONS - 2, "--json", "--ignore-eos")
    assert fits.returncode == 0, fits.stderr
    for more in ((), ("--context", 64)):
        done = einfall_command("generate", package, "--ids", "5,6,7", "-n", POSITIONS - 1, *more)
        assert done.returncode == 1 and done.stdout == "" and len(done.stderr.splitlines()) == 1
        assert (f"a prompt of 3 tokens and {POSITIONS - 1} new ones need {POSITIONS + 1} positions, but the model has at most "
                f"{POSITIONS}: transformer.wpe.weight has {POSITIONS} rows") in done.stderr
    short = einfall_command("generate", package, "--ids", "5", "-n", 4, "--context", 64)
    assert short.returncode == 0, short.stderr


class Positions(torch.nn.Module):
    """A table that is longer than its offset, one that is indexed as it comes, and one read from its end."""

    def __init__(self):
        super().__init__()
        self.table = torch.nn.Embedding(POSITIONS, 4)
        self.words = torch.nn.Embedding(9, 4)

    def forward(self, ids):
        return self.words(ids) + self.table(torch.arange(ids.shape[1]) + 3) + self.table.weight[ids]


def test_tables_of_a_module(build):
    import einfall

    net = Positions().eval()
    package = einfall.compile(net, args=(torch.zeros(1, 5, dtype=torch.long),), dynamic_shapes={"ids": {1: torch.export.Dim("s")}})
    ids = np.random.default_rng(0).integers(0, 9, (1, POSITIONS - 3))
    with torch.no_grad():
        np.testing.assert_allclose(package(ids), net(torch.from_numpy(ids)).numpy(), rtol=1e-5)
    with pytest.raises(ValueError, match=rf"bound 's' is {POSITIONS - 2}, but it can be at most {POSITIONS - 3}"):
        package(np.zeros((1, POSITIONS - 2), int))
    for wrong in (9, -1):
        with pytest.raises(ValueError, match=rf"'ids' is {wrong} at \[0, 1\], expected a value in \[0, 9\)"):
            package(np.array([[0, wrong]]))


class OneIndexTwoTables(torch.nn.Module):
    def forward(self, ids, a, b):
        return a[ids] + b[ids]


class Reshaped(torch.nn.Module):
    def forward(self, ids, a, b):
        return a[ids.view(-1)] + (ids != 2).view(-1, 1)


class Widened(torch.nn.Module):
    def forward(self, ids, a, b):
        return torch.nn.functional.embedding(ids.long().t(), b)


class Columns(torch.nn.Module):
    def forward(self, ids, a, b):
        return a[ids[:, 0]] + b[ids[:, 1]]


class Gathered(torch.nn.Module):
    def forward(self, ids, a, b):
        return b.gather(0, ids)


@pytest.mark.parametrize("net, dtype, low, high", [(OneIndexTwoTables(), torch.long, -4, 4), (Reshaped(), torch.int32, -10, 10),
                                                   (Widened(), torch.int32, 0, 4), (Columns(), torch.long, -10, 10),
                                                   (Gathered(), torch.long, 0, 4)],
                         ids=lambda x: type(x).__name__ if isinstance(x, torch.nn.Module) else str(x))
def test_indices_of_an_argument(build, net, dtype, low, high):
    """What torch refuses is refused, in whatever shape, type or part the argument is read; where parts differ, what all of them refuse."""
    import einfall

    args = torch.zeros(3, 2, dtype=dtype), torch.randn(10, 2), torch.randn(4, 2)
    package = einfall.compile(net, args=args, dynamic_shapes=({0: torch.export.Dim("n")}, None, None))
    ids = torch.tensor([[low, 0], [0, 3]] if low else [[0, 1], [2, 3]], dtype=dtype)
    np.testing.assert_allclose(package(ids.numpy(), *(t.numpy() for t in args[1:])), net(ids, *args[1:]).numpy(), rtol=1e-6)
    for wrong in (low - 1, high):
        with pytest.raises(ValueError, match=rf"'ids' is {wrong} at \[0, 0\], expected a value in \[{low}, {high}\)"):
            package(np.full((1, 2), wrong, ids.numpy().dtype), *(t.numpy() for t in args[1:]))
        with pytest.raises((IndexError, RuntimeError)):
            net(torch.full((1, 2), wrong, dtype=dtype), *args[1:])


def test_an_argument_of_which_only_a_part_is_an_index(build):
    """The other part may be any numbers, so none are refused."""
    import einfall

    class Net(torch.nn.Module):
        def forward(self, x, a):
            return a[x[:, 0]] + x[:, 1:]

    x, a = torch.tensor([[3, 500], [-1, -7]]), torch.randn(4, 2)
    package = einfall.compile(Net(), args=(x, a), dynamic_shapes=({0: torch.export.Dim("n")}, None))
    np.testing.assert_allclose(package(x.numpy(), a.numpy()), Net()(x, a).numpy(), rtol=1e-6)


def test_padding_that_counts_from_the_end(build):
    import einfall

    class Net(torch.nn.Module):
        def forward(self, ids, a):
            return torch.nn.functional.embedding(ids, a) + a[torch.nn.functional.pad(ids, (1, 0), value=-1)][:-1]

    ids, a = torch.tensor([2, 0, 1]), torch.randn(4, 2)
    package = einfall.compile(Net(), args=(ids, a))
    np.testing.assert_allclose(package(ids.numpy(), a.numpy()), Net()(ids, a).numpy(), rtol=1e-6)


class FromTheEnd(torch.nn.Module):
    def forward(self, x, a):
        return a[torch.arange(x.shape[0]) - x.shape[0]] + x[:, None]


class TooFarFromTheEnd(torch.nn.Module):
    def forward(self, x, a):
        return a[torch.arange(x.shape[0]) - 6] + x[:, None]


class Literal(torch.nn.Module):
    def forward(self, x, a):
        return a[torch.tensor([0, 4, 1])] + x.sum()


class TooLong(torch.nn.Module):
    def forward(self, x, a):
        return torch.nn.functional.embedding(torch.arange(8), a) + x.sum()


def test_the_least_index_that_follows_from_sizes(build):
    import einfall

    shapes = ({0: torch.export.Dim("n")}, None)
    x, a = torch.randn(4), torch.randn(4, 2)
    package = einfall.compile(FromTheEnd(), args=(x, a), dynamic_shapes=shapes)
    np.testing.assert_allclose(package(x.numpy(), a.numpy()), FromTheEnd()(x, a).numpy(), rtol=1e-6)
    with pytest.raises(IndexError):
        FromTheEnd()(torch.zeros(5), a)
    with pytest.raises(ValueError, match="bound 'n' is 5, but it can be at most 4: a has 4 rows"):
        package(np.zeros(5, np.float32), a.numpy())


@pytest.mark.parametrize("net", [TooFarFromTheEnd(), TooLong(), Literal()], ids=lambda x: type(x).__name__)
def test_what_every_call_would_read_outside_is_not_imported(net):
    from einfall.frontend import FrontendError, import_module

    with pytest.raises(FrontendError, match="every call reads outside: a has 4 rows"):
        import_module(net, (torch.randn(5), torch.randn(4, 2)), ({0: torch.export.Dim("n")}, None))
    with pytest.raises((IndexError, RuntimeError)):
        net(torch.randn(5), torch.randn(4, 2))


@pytest.mark.parametrize("rows", [(POSITIONS, POSITIONS + 6), (POSITIONS + 6, POSITIONS)])
def test_the_table_that_ends_first_is_named(build, rows):
    import einfall

    class Net(torch.nn.Module):
        def forward(self, x, a, b):
            at = torch.arange(x.shape[0])
            return a[at] + b[at] + x[:, None]

    args = torch.randn(5), *(torch.randn(n, 2) for n in rows)
    package = einfall.compile(Net(), args=args, dynamic_shapes=({0: torch.export.Dim("n")}, None, None))
    with pytest.raises(ValueError, match=rf"it can be at most {POSITIONS}: {'ab'[rows.index(POSITIONS)]} has {POSITIONS} rows"):
        package(np.zeros(POSITIONS + 1, np.float32), *(t.numpy() for t in args[1:]))


def test_the_reason_of_the_least_bound():
    from einfall.frontend.extent import symbol
    from einfall.frontend.reach import because

    s, t = symbol("s"), symbol("t")
    assert because({256 - t: "late", 99 - 2 * t: "first", 50 - t: "next", t - 3: "least", 9 - t * t: "curved", 12 - s - t: "both",
                    7 - s: "other"}) == {"t": "first", "s": "other"}


def test_what_cannot_be_told_is_no_reason_to_refuse(build):
    """Buckets of distances: of two branches one is larger than the table, where the other one is taken."""
    import einfall

    class Buckets(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.table = torch.nn.Embedding(8, 2)

        def forward(self, x):
            distance = torch.arange(x.shape[0])
            return x[:, None] + self.table(torch.where(distance < 4, distance, 4 + (distance % 4)))

    net = Buckets().eval()
    package = einfall.compile(net, args=(torch.zeros(5),), dynamic_shapes={"x": {0: torch.export.Dim("n")}})
    x = torch.randn(100)
    with torch.no_grad():
        np.testing.assert_allclose(package(x.numpy()), net(x).numpy(), rtol=1e-5)
