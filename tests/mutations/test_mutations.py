"""The list of defences is as the product is, its results are those of the list, and a mutation is judged rightly."""

import ast

import pytest

from tests.mutations.__main__ import HEAD, RESULTS, line
from tests.mutations.defences import DEFENCES
from tests.mutations.mutation import ROOT, Copy, Mutation

TOKEN = "cogniflow/realtime/token.py"
FUTURE = "realtime/test_token::a token of another life or from the future or too old is refused"


@pytest.mark.parametrize("mutation", DEFENCES, ids=lambda each: each.defence)
def test_every_defence_is_still_there_and_so_is_its_test(mutation: Mutation):
    assert (ROOT / mutation.file).read_text("utf-8").count(mutation.out) == 1
    path, _, name = mutation.test.partition("::")
    assert name in {each.name for each in ast.walk(ast.parse((ROOT / path).read_text("utf-8")))
                    if isinstance(each, ast.FunctionDef)}


def test_the_results_are_those_of_this_list_and_every_mutation_was_caught():
    assert RESULTS.read_text("utf-8") == HEAD + "".join(line(each, True) for each in DEFENCES), "run python -m tests.mutations"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("mutations"))


@pytest.mark.parametrize(("out", "instead", "is_caught"), [
    (" or self.xmax > now.xmax", "", True), ("or self.xmax > now.xmax", "or now.xmax < self.xmax", False)])
def test_what_matters_is_caught_and_what_says_the_same_is_not(copy: Copy, out: str, instead: str, is_caught: bool):
    assert copy.catches(Mutation("", TOKEN, out, instead, FUTURE)) == is_caught


def test_a_copy_that_cannot_run_is_no_success(copy: Copy):
    with pytest.raises(RuntimeError, match="SyntaxError"):
        copy.catches(Mutation("", TOKEN, "class Token:", "class Token", FUTURE))
