"""The short form of the mutation tests: two small modules are tried, and the figures are calculated correctly."""

import ast
from pathlib import Path

import pytest

from lab.prove.mutants import ROOMS, Argument, Figures, Mutant, arguments, run
from lab.prove.mutants.__main__ import main
from lab.prove.mutants.working_copy import ROOT, MutationRunFailed, path_of, run_mutmut, with_bare_properties

DEAD = Mutant("decide.plan.decide", "a < b", "a <= b", killed=True)
ALIVE = Mutant("decide.plan.decide", "a = 1", "a = 2", killed=False)
WHY = Argument("decide.plan.decide", "a = 1", "a = 2", "no code reads a")


@pytest.mark.timeout(300)  # takes 15 seconds on two idle cores
def test_a_mutant_is_killed_only_if_a_test_covers_its_function():
    figures = run(["decide.steps", "domain.keys"], tests=["tests/domain/test_keys.py"])
    assert not figures.good
    assert {one.killed for one in figures.mutants if one.function == "domain.keys.KeySlot.other"} == {True}
    unseen = [one for one in figures.mutants if one.function == "decide.steps.Wait.__str__"]
    assert {one.before for one in unseen} == {'return f"wait {int(self.time.total_seconds())} s"'}
    assert not any(one.killed for one in unseen)


def test_a_run_without_anything_to_mutate_fails(tmp_path: Path):
    with pytest.raises(MutationRunFailed):
        run_mutmut(tmp_path, 1)


PROPERTY = '''class Key:
    """A key."""

    @property
    def other(self) -> int:
        """The other one."""
        return 2

    def same(self) -> int:
        return 1
'''


def test_a_rewritten_property_can_be_mutated_and_stays_a_property():
    bare = with_bare_properties(PROPERTY)
    assert "@property" not in bare
    names: dict[str, type] = {}
    exec(bare, names)
    assert (names["Key"]().other, names["Key"]().same()) == (2, 1)


@pytest.mark.parametrize("room", ROOMS)
def test_every_property_of_a_module_is_rewritten(room: str):
    tree = ast.parse(with_bare_properties((ROOT / path_of(room)).read_text()))
    decorated = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.decorator_list)
    assert {ast.unparse(one.decorator_list[0]) for one in decorated} <= {"classmethod", "staticmethod"}


@pytest.mark.parametrize(
    ("mutants", "known", "good"),
    [
        ([DEAD] * 20, [], True),
        ([DEAD] * 19 + [ALIVE], [WHY], True),
        ([DEAD] * 19 + [ALIVE], [], False),
        ([DEAD] * 18 + [ALIVE] * 2, [WHY], False),
        ([], [], False),
    ],
    ids=["all killed", "one argued", "one not argued", "too many argued", "none tried"],
)
def test_a_run_is_good_if_nearly_all_mutants_are_killed_and_the_others_argued(mutants, known, good: bool):
    assert Figures(tuple(mutants), tuple(known)).good is good


def test_an_argument_covers_only_the_change_it_names():
    other = Mutant("decide.plan.decide", "a = 1", "a = None", killed=False)
    assert Figures((ALIVE, other), (WHY,)).unargued == (other,)


def test_an_argument_for_a_killed_mutant_is_reported_as_unnecessary():
    figures = Figures((DEAD, Mutant(ALIVE.function, ALIVE.before, ALIVE.after, killed=True)), (WHY,))
    assert figures.idle == (WHY,)
    assert "mutants: no longer needs an argument: decide.plan.decide: a = 1" in list(figures.lines())


def test_every_argument_is_a_sentence_about_a_module_that_is_tried():
    for argument in arguments():
        assert argument.room in ROOMS
        assert argument.before != argument.after
        assert len(argument.why.split()) > 4


@pytest.mark.parametrize(("known", "code"), [((WHY,), 0), ((), 1)])
def test_the_command_prints_the_figures_and_the_survivors(monkeypatch, capsys, known: tuple[Argument, ...], code: int):
    figures = Figures((*(DEAD,) * 19, ALIVE), known, 1.0)
    monkeypatch.setattr("lab.prove.mutants.__main__.run", lambda *_: figures)
    assert main(["--only", "decide.plan"]) == code
    told = capsys.readouterr().out
    assert told.startswith("mutants: decide.plan: 19 of 20 killed\n")
    assert told.endswith(f"mutants: 20 mutants, 19 killed (95.0%), {1 - code} survivors argued, {code} not, 1 s\n")
    assert ("SURVIVED decide.plan.decide\n    - a = 1\n    + a = 2" in told) is (code == 1)


def test_the_command_reports_a_run_that_failed(monkeypatch, capsys):
    def fails(*_: object) -> Figures:
        raise MutationRunFailed("the tests fail as they are")

    monkeypatch.setattr("lab.prove.mutants.__main__.run", fails)
    assert main([]) == 1
    assert capsys.readouterr().out == "mutants: nothing could be tried:\nthe tests fail as they are\n"
