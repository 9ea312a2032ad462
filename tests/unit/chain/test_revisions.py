"""What a chain ends in."""

from collections.abc import Mapping

import pytest

from interlock.chain.revisions import BranchesStayApart, Chain, Revision, SeveralHeads


def a_chain(labels: Mapping[str, tuple[str, ...]]) -> Chain:
    """A fork of two heads, a and b."""
    base = Revision("r1", "", "r1.py", ())
    return Chain((base, Revision("a", "", "a.py", ("r1",)), Revision("b", "", "b.py", ("r1",))), ("a", "b"), labels)


def test_branches_with_a_label_each_end_in_a_head_each():
    chain = a_chain({"a": ("neutron", "expand"), "b": ("neutron", "contract")})

    assert chain.end == "a, b"
    with pytest.raises(BranchesStayApart):
        _ = chain.head


@pytest.mark.parametrize(
    "labels",
    [{}, {"a": (), "b": ()}, {"a": ("expand",), "b": ()}, {"a": ("expand",), "b": ("expand",)}],
    ids=["unknown", "none", "on one side", "the same, of before the fork"],
)
def test_heads_that_no_labels_tell_apart_are_a_fork_by_mistake(labels: Mapping[str, tuple[str, ...]]):
    with pytest.raises(SeveralHeads):
        _ = a_chain(labels).end
